"""A hostile file is checked in a child process under limits; ``sandbox`` is the way in."""
