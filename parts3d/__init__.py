"""Order a 3D-printed spare part and collect it the same day."""
