"""Loops compiled by numba for large meshes; ``compiled`` alone is for others to call."""
