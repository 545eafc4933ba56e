"""How wide lines were laid and how far apart, by what they print: read from the moves. Pure.

What was really done, type by type; a slice whose lines are not as asked is refused.

A slicer that ignores a width says nothing; but plastic per length and the distance to the next
line cannot hide. Both are medians weighted by length, so that ends, bridges and the few thin
places of a part do not count.
"""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.gcode import PART_SECTION, ROLE_NUMBER, Toolpath
from parts3d.slicing.profiles import Profile

# Shorter lines are corners and ends; their rounded coordinates say little.
_LONG_MM: Final = 2.0
_PARALLEL: Final = 0.02
# Nearer: the same line gone on with; farther: the next island.
_NEAREST_MM: Final = 0.1
_FARTHEST_MM: Final = 12.0
_FIRST_LAYER_MM: Final = 0.01
# Less than this much of a role says little about the whole.
_ENOUGH_MM: Final = 1000.0
# On the bed all lines of a solid area are alike.
_ENOUGH_ON_THE_BED_MM: Final = 300.0
# Measured on 8 parts of the catalogue and 23 of others with both engines: infill within 1 %,
# solid areas within 2 %. Walls of thin parts are rightly narrower or wider than asked.
_LOW: Final = 0.85
_HIGH: Final = 1.15
_WALL_LOW: Final = 0.5
_WALL_HIGH: Final = 1.6

ROLE_WORDS: Final = {
    "wall_outer": "the outer walls",
    "wall_inner": "the inner walls",
    "solid": "the solid areas",
    "infill": "the infill",
}

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lines:
    """The lines of one role, above the first layer or on it.

    ``section_mm2`` is the plastic per length, ``spacing_mm`` the distance between neighbouring
    parallel lines printed one after the other; each None where there are no such lines.
    """

    length_mm: float
    section_mm2: float | None
    spacing_mm: float | None
    # How much length stands behind ``spacing_mm``.
    neighbours_mm: float


def spacing_mm(width_mm: float, layer_height_mm: float) -> float:
    """Return the distance between lines that touch as they lie: width less the round ends.

    An extruded line is a rectangle with half-round ends; lines at this distance leave no
    gap and no excess (Slic3r's ``Flow::spacing``).
    """
    return width_mm - layer_height_mm * (1 - math.pi / 4)


def measure_lines(
    path: Toolpath, role: str, filament_diameter_mm: float, *, first_layer: bool = False
) -> Lines:
    """Measure the lines of one role above the first layer, or on it alone.

    Args:
        path: the file's moves.
        role: one of ``gcode.ROLES``.
        filament_diameter_mm: for the volume of what is pushed.
        first_layer: only what lies on the bed.
    """
    chosen = path.printing & (path.section == PART_SECTION) & (path.role == ROLE_NUMBER[role])
    if chosen.any():
        of_part = path.printing & (path.section == PART_SECTION)
        above = path.end[:, 2] > path.end[of_part, 2].min() + _FIRST_LAYER_MM
        chosen &= ~above if first_layer else above
    along = (path.end - path.start)[chosen, :2]
    length = np.hypot(along[:, 0], along[:, 1])
    long = length >= _LONG_MM
    if not long.any():
        return Lines(float(length.sum()), None, None, 0.0)
    area = math.pi / 4 * filament_diameter_mm**2
    section = path.extruded[chosen][long] * area / length[long]
    distance, weight = _to_the_next(
        path.start[chosen][long], along[long] / length[long, None], length[long]
    )
    return Lines(
        length_mm=float(length.sum()),
        section_mm2=_median(section, length[long]),
        spacing_mm=_median(distance, weight) if len(distance) else None,
        neighbours_mm=float(weight.sum()),
    )


def line_faults(path: Toolpath, profile: Profile, recipe: Recipe) -> tuple[str, ...]:
    """Return which lines are not as wide or not as far apart as asked, in words.

    Args:
        path: the file's moves.
        profile: the printer model's, with the widths asked.
        recipe: with the layer height.
    """
    height = recipe.layer_height_mm
    asked_mm = spacing_mm(profile.widths.line, height)
    words = []
    for role, low, high in (
        ("wall_outer", _WALL_LOW, _WALL_HIGH),
        ("wall_inner", _WALL_LOW, _WALL_HIGH),
        ("infill", _LOW, _HIGH),
    ):
        made = measure_lines(path, role, profile.filament_diameter_mm)
        if made.section_mm2 is None or made.length_mm < _ENOUGH_MM:
            continue
        if not low <= made.section_mm2 / (asked_mm * height) <= high:
            words.append(
                f"The lines of {ROLE_WORDS[role]} hold {made.section_mm2:.3f} mm² of plastic, "
                f"not {asked_mm * height:.3f} mm² as asked."
            )
    first_mm = spacing_mm(profile.widths.first_layer, profile.first_layer_height_mm)
    first_mm2 = first_mm * profile.first_layer_height_mm
    made = measure_lines(path, "solid", profile.filament_diameter_mm, first_layer=True)
    if (
        made.section_mm2 is not None
        and made.length_mm >= _ENOUGH_ON_THE_BED_MM
        and not _LOW <= made.section_mm2 / first_mm2 <= _HIGH
    ):
        words.append(
            f"The lines of {ROLE_WORDS['solid']} on the bed hold {made.section_mm2:.3f} mm² of "
            f"plastic, not {first_mm2:.3f} mm² as asked."
        )
    solid = measure_lines(path, "solid", profile.filament_diameter_mm)
    if (
        solid.spacing_mm is not None
        and solid.neighbours_mm >= _ENOUGH_MM
        and not _LOW <= solid.spacing_mm / asked_mm <= _HIGH
    ):
        words.append(
            f"The lines of {ROLE_WORDS['solid']} are {solid.spacing_mm:.2f} mm apart, "
            f"not {asked_mm:.2f} mm as asked."
        )
    return tuple(words)


def _to_the_next(start: Floats, direction: Floats, length: Floats) -> tuple[Floats, Floats]:
    """Distances between each line and the next one printed, where they lie side by side."""
    here, there = direction[:-1], direction[1:]
    between = start[1:] - start[:-1]
    across = np.abs(here[:, 0] * between[:, 1] - here[:, 1] * between[:, 0])
    parallel = np.abs(here[:, 0] * there[:, 1] - here[:, 1] * there[:, 0]) < _PARALLEL
    beside = parallel & (across > _NEAREST_MM) & (across < _FARTHEST_MM)
    beside &= np.abs(between[:, 2]) < _FIRST_LAYER_MM
    return across[beside], np.minimum(length[:-1], length[1:])[beside]


def _median(values: Floats, weights: Floats) -> float:
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
