"""The slicing engines behind one interface: ``base.Engine``."""
