"""How a part is to be printed, and what that asks of its shape.

The limits are what printing guides for fused filament agree on, per material; they are where a
person should look twice, not where a printer stops.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi
from typing import Literal

Material = Literal["PLA", "PETG", "ASA", "ABS", "PA-CF", "TPU"]
# A line is laid a little wider than the nozzle, as slicers do by default.
_LINE_PER_NOZZLE = 1.125
# A closed skin takes three layers: one bridges or lies on the bed, two close what it left open.
_SKIN_LAYERS = 3


@dataclass(frozen=True, slots=True)
class MaterialLimits:
    """What a material asks of a shape.

    Args:
        wall_lines: lines side by side that a wall needs to hold.
        hole_mm: smallest diameter of a hole that stays open.
        pin_mm: smallest thickness of a free-standing pin or rib.
        overhang_deg: steepest slope without support, from the vertical.
        bridge_mm: longest span without support.
        tolerance_mm: how far a repair may move the surface.
    """

    wall_lines: int
    hole_mm: float
    pin_mm: float
    overhang_deg: float
    bridge_mm: float
    tolerance_mm: float


MATERIAL_LIMITS: Mapping[Material, MaterialLimits] = {
    "PLA": MaterialLimits(2, 1.0, 1.5, 45.0, 20.0, 0.05),
    "PETG": MaterialLimits(2, 1.2, 1.8, 45.0, 15.0, 0.05),
    "ASA": MaterialLimits(2, 1.2, 1.8, 45.0, 12.0, 0.08),
    "ABS": MaterialLimits(2, 1.2, 1.8, 45.0, 12.0, 0.08),
    "PA-CF": MaterialLimits(2, 1.5, 2.0, 45.0, 10.0, 0.08),
    "TPU": MaterialLimits(3, 1.5, 2.5, 45.0, 8.0, 0.10),
}


@dataclass(frozen=True, slots=True)
class Printing:
    """The material, nozzle and layers that a part is checked for."""

    material: Material = "PLA"
    nozzle_mm: float = 0.4
    layer_height_mm: float = 0.2

    @property
    def limits(self) -> MaterialLimits:
        """What the material asks."""
        return MATERIAL_LIMITS[self.material]

    @property
    def line_mm(self) -> float:
        """Width of one line: what is thinner upright is not printed at all."""
        return self.nozzle_mm * _LINE_PER_NOZZLE

    @property
    def wall_mm(self) -> float:
        """Thickness under which an upright wall is weak: that of its lines laid side by side.

        Lines have round sides and overlap by ``layer height x (1 - pi / 4)`` (Slic3r's flow
        mathematics; PrusaSlicer's "recommended object thin wall thickness").
        """
        overlap = self.layer_height_mm * (1 - pi / 4)
        return self.line_mm * self.limits.wall_lines - overlap * (self.limits.wall_lines - 1)

    @property
    def skin_mm(self) -> float:
        """Thickness under which a level wall, printed as layers, is weak."""
        return self.layer_height_mm * _SKIN_LAYERS
