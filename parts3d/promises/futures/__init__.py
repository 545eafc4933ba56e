"""What may happen at a point, many times over: the distribution that promises are read from."""
