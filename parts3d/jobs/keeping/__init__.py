"""Keeping promises: what is at risk is found in time, and what can be saved is moved."""
