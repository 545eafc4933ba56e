"""The demo: a whole network on one machine, by the same code as a real one."""
