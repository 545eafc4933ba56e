"""Grams and seconds of a part that is not sliced yet, from its geometry, with an error band."""
