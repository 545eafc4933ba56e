"""What a line is to CuraEngine, and what its settings are. Pure."""

import math

Value = float | int | bool | str
Settings = dict[str, Value]


def spacing_mm(width_mm: float, layer_height_mm: float) -> float:
    """Return the distance between lines that touch as they lie: width less the round ends.

    An extruded line is a rectangle with half-round ends; lines at this distance leave no
    gap and no excess (Slic3r's ``Flow::spacing``). CuraEngine takes lines as rectangles, so
    its line width is this spacing: then both engines push the same plastic.
    """
    return width_mm - layer_height_mm * (1 - math.pi / 4)
