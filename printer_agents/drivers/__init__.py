"""One small driver for each brand of printer host."""

from printer_agents.config import (
    BambuSection,
    MoonrakerSection,
    OctoPrintSection,
    PrinterSection,
    PrusaLinkSection,
    VirtualPrinterSection,
)
from printer_agents.drivers.base import Driver


def open_driver(section: PrinterSection) -> Driver:
    """Return the driver for one printer of the configuration; nothing is asked of it yet.

    Each brand is imported when a printer wants it: an agent stays as small as its shop.
    """
    match section:
        case VirtualPrinterSection():
            from printer_agents.drivers.virtual import VirtualPrinter

            return VirtualPrinter(section)
        case BambuSection():
            from printer_agents.drivers.bambu import BambuPrinter

            return BambuPrinter(section)
        case PrusaLinkSection():
            from printer_agents.drivers.prusalink import PrusaLink

            return PrusaLink(section)
        case MoonrakerSection():
            from printer_agents.drivers.moonraker import Moonraker

            return Moonraker(section)
        case OctoPrintSection():
            from printer_agents.drivers.octoprint import OctoPrint

            return OctoPrint(section)
