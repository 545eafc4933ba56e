"""Order a 3D-printed spare part and collect it the same day."""

__version__ = "0.1.0"
