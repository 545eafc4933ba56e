"""Printer hosts of our own making, each a program of its own, in the shape that is published."""
