"""Slicing: profiles, engines, the G-code's inspection, and the slice cache."""
