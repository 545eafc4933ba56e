"""Orders: what a customer bought, from checkout to collection."""
