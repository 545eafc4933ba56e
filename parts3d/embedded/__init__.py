"""The embedded network: the programs that run beside the server as its own children."""
