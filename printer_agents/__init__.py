"""The printer agent: the small program in the shop that drives its printers."""

__version__ = "0.1.0"
