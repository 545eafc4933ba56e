"""Was the part really printed as asked? A slicer that fails says nothing. Pure.

Each rule stands for a silent failure that was seen: half a part, no layers, a part beside
the bed, a setting ignored. The measure is the G-code's own moves.
"""

import math
from typing import Final

import numpy as np

from parts3d.catalogue.recipe import Recipe
from parts3d.slicing.gcode import NOT_OF_THE_PART, PART_SECTION, Inspection, Toolpath
from parts3d.slicing.placement import PlacedPart
from parts3d.slicing.profiles import Profile

# The outermost line's centre lies half a width inside; slicers also drop thin tips.
_SIZE_TOLERANCE_MM: Final = 1.2
_CENTRE_TOLERANCE_MM: Final = 1.0
_LAYER_TOLERANCE: Final = 2
# Only a core of some size tells its density reliably, and only roughly.
_CORE_SHARE: Final = 0.4
_CORE_MM3: Final = 3000.0
_DENSITY_LOW: Final = 0.75
_DENSITY_HIGH: Final = 1.3
_SOLID_SHARE: Final = 0.8
_SOLID: Final = 100
_FULL_SHARE: Final = 1.3
# Copies differ by where the infill's pattern meets their walls, and by no more.
_COPY_SHARE: Final = 0.25
_COPY_MM: Final = 30.0
_COPY_EDGE_MM: Final = 1.0
_SAME_LAYER_MM: Final = 0.01


def layer_count(height_mm: float, layer_height_mm: float, first_layer_height_mm: float) -> int:
    """Return how many layers a height takes, the first one by its own height."""
    above = max(0.0, height_mm - first_layer_height_mm)
    return 1 + math.ceil(round(above / layer_height_mm, 4) - 0.5)


def faults(
    found: Inspection, part: PlacedPart, profile: Profile, recipe: Recipe
) -> tuple[str, ...]:
    """Return what is wrong with a sliced part, in words; empty when all is well.

    Args:
        found: what the G-code does.
        part: the model as the slicer got it.
        profile: the printer model's.
        recipe: as asked.
    """
    if found.layers == 0 or found.bounds_mm is None:
        return ("The slicer made no layers: nothing would be printed.",)
    return (
        *_height_faults(found, part, profile, recipe),
        *_place_faults(found, part, profile),
        *_heat_faults(found, profile, recipe),
        *_fill_faults(found, part, profile, recipe),
    )


def copy_faults(path: Toolpath, part: PlacedPart) -> tuple[str, ...]:
    """Return which copies of a plate are missing or not as the others, in words.

    Each copy's filament is counted by where it is laid, on the whole height and on the bed.

    Args:
        path: the file's moves.
        part: the copies as the slicer got them, in the middle of the bed.
    """
    if part.copies == 1:
        return ()
    of_part = path.printing & (path.section == PART_SECTION)
    of_part &= ~np.isin(path.role, NOT_OF_THE_PART)
    if not of_part.any():
        return ()
    ends = np.stack([path.start[of_part, :2], path.end[of_part, :2]])
    middle = (ends.min(axis=(0, 1)) + ends.max(axis=(0, 1))) / 2
    at = ends.mean(axis=0) - middle
    laid, height = path.extruded[of_part], path.end[of_part, 2]
    first = height <= height.min() + _SAME_LAYER_MM
    made: list[float] = []
    on_the_bed: list[float] = []
    for spot in part.spots:
        sides = np.array(part.one_mm[1::-1] if spot.turned else part.one_mm[:2])
        off = np.abs(at - np.array([spot.x_mm, spot.y_mm]))
        inside = (off <= sides / 2 + _COPY_EDGE_MM).all(axis=1)
        made.append(float(laid[inside].sum()))
        on_the_bed.append(float(laid[inside & first].sum()))
    usual = float(np.median(made))
    words = [
        f"Copy {number} of {part.copies} gets {mm:.0f} mm of filament, the others {usual:.0f} mm."
        for number, mm in enumerate(made, start=1)
        if abs(mm - usual) > _COPY_SHARE * usual + _COPY_MM
    ]
    missing = [str(number) for number, mm in enumerate(on_the_bed, start=1) if mm <= 0]
    if missing:
        words.append(f"Copies without a first layer: {', '.join(missing)} of {part.copies}.")
    between = float(laid.sum()) - sum(made)
    if between > _COPY_MM:
        words.append(f"{between:.0f} mm of filament are laid between the copies.")
    return tuple(words)


def _height_faults(
    found: Inspection, part: PlacedPart, profile: Profile, recipe: Recipe
) -> list[str]:
    words: list[str] = []
    first, top = found.first_layer_z_mm or 0.0, found.top_z_mm or 0.0
    if abs(first - profile.first_layer_height_mm) > recipe.layer_height_mm / 2:
        words.append(
            f"The first layer is at {first:.2f} mm, not on the bed "
            f"({profile.first_layer_height_mm:.2f} mm)."
        )
    expected = layer_count(part.height_mm, recipe.layer_height_mm, profile.first_layer_height_mm)
    if abs(found.layers - expected) > _LAYER_TOLERANCE:
        words.append(
            f"{found.layers} layers up to {top:.2f} mm were made of a part "
            f"{part.height_mm:.2f} mm high; {expected} were expected."
        )
    return words


def _place_faults(found: Inspection, part: PlacedPart, profile: Profile) -> list[str]:
    if found.bounds_mm is None:
        return []
    words: list[str] = []
    (x0, y0), (x1, y1) = found.bounds_mm
    if x0 < 0 or y0 < 0 or x1 > profile.bed_x_mm or y1 > profile.bed_y_mm:
        words.append(
            f"The part is printed from X{x0:.1f} Y{y0:.1f} to X{x1:.1f} Y{y1:.1f}: "
            f"beside the bed of {profile.bed_x_mm:g} x {profile.bed_y_mm:g} mm."
        )
    off_x = (x0 + x1) / 2 - profile.bed_x_mm / 2
    off_y = (y0 + y1) / 2 - profile.bed_y_mm / 2
    if max(abs(off_x), abs(off_y)) > _CENTRE_TOLERANCE_MM:
        words.append(f"The part is {off_x:.1f}, {off_y:.1f} mm off the middle of the bed.")
    for axis, made, size in (("x", x1 - x0, part.size_x_mm), ("y", y1 - y0, part.size_y_mm)):
        if not -_SIZE_TOLERANCE_MM - profile.widths.line <= made - size <= profile.widths.line:
            words.append(f"The part is printed {made:.2f} mm long in {axis}, not {size:.2f} mm.")
    return words


def _heat_faults(found: Inspection, profile: Profile, recipe: Recipe) -> list[str]:
    heat = profile.temperatures_for(recipe.material)
    nozzle, bed = (
        max(heat.nozzle_c, heat.nozzle_first_layer_c),
        max(heat.bed_c, heat.bed_first_layer_c),
    )
    words: list[str] = []
    if found.max_nozzle_c != nozzle:
        words.append(f"The nozzle is heated to {found.max_nozzle_c:g} °C instead of {nozzle} °C.")
    if found.max_bed_c != bed:
        words.append(f"The bed is heated to {found.max_bed_c:g} °C instead of {bed} °C.")
    return words


def _fill_faults(
    found: Inspection, part: PlacedPart, profile: Profile, recipe: Recipe
) -> list[str]:
    """Compare the plastic inside with the room inside, by the part's volume."""
    if part.volume_mm3 <= 0:
        return []
    section = math.pi / 4 * profile.filament_diameter_mm**2
    made = {role: mm * section for role, mm in found.extruded_mm_by_role.items()}
    solid = sum(made[role] for role in ("wall_outer", "wall_inner", "solid", "other"))
    total = solid + made["infill"]
    words: list[str] = []
    if total > _FULL_SHARE * part.volume_mm3 + _CORE_MM3 * part.copies:
        words.append(
            f"{total / 1000:.1f} cm³ of plastic go into a part of "
            f"{part.volume_mm3 / 1000:.1f} cm³: more than there is room for."
        )
    core = part.volume_mm3 - solid
    if core < max(_CORE_MM3 * part.copies, _CORE_SHARE * part.volume_mm3):
        return words
    # Much room is left inside the walls: then the infill must fill it as asked.
    if recipe.infill_percent == _SOLID:
        if total < _SOLID_SHARE * part.volume_mm3:
            words.append("The part was to be solid (infill 100 %), and is hollow.")
        return words
    asked_mm3 = core * recipe.infill_percent / 100
    # Infill lines are joined along the walls: at most one more line all round.
    most_mm3 = _DENSITY_HIGH * asked_mm3 + made["wall_outer"]
    if not _DENSITY_LOW * asked_mm3 <= made["infill"] <= most_mm3:
        density = 100 * made["infill"] / core
        words.append(
            f"The inside is filled to {density:.0f} %, not to {recipe.infill_percent} % as asked."
        )
    return words
