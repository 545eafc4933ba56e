"""One small driver for each brand of printer host."""

from printer_agents.config import PrinterSection
from printer_agents.drivers.base import Driver
from printer_agents.drivers.virtual import VirtualPrinter


def open_driver(section: PrinterSection) -> Driver:
    """Return the driver for one printer of the configuration."""
    return VirtualPrinter(section)
