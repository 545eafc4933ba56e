"""The steps of a repair, each a pure function from one surface to the next."""
