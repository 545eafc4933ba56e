"""Units: the physical parts handed over, each with a serial number and a trace record."""
