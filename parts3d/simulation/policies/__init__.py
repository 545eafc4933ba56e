"""Ways to promise and to keep, to be compared in the same world."""
