"""The hosts that can be put on trial, by the brand that a configuration names."""

from tests.hosts.rig import Rig
from tests.hosts.rigs.bambu import BambuRig
from tests.hosts.rigs.moonraker import MoonrakerRig
from tests.hosts.rigs.octoprint import OctoPrintRig
from tests.hosts.rigs.prusalink import PrusaLinkRig
from tests.hosts.rigs.virtual import VirtualRig

# A brand's rig is added here; the contract suite then tries it.
RIGS: dict[str, type[Rig]] = {
    rig.brand: rig for rig in (VirtualRig, MoonrakerRig, OctoPrintRig, PrusaLinkRig, BambuRig)
}
