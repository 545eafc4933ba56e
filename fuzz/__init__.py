"""Long campaigns against the reader and the check: ``make fuzz``."""
