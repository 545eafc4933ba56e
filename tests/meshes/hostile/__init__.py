"""Hostile files and what is done against them; also used by the long campaign in fuzz/."""
