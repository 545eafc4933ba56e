"""Walls too thin to hold, and walls too thin to be printed at all."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.rays import Numbers, Rays
from parts3d.meshes.searches.thickness import Thickness, measure_thickness
from parts3d.meshes.shape import Shape

# A wall made exactly as thick as the limit is not under it, whatever its coordinates round to.
_EXACT = 0.99
# Walls stand for what a part is made of from so much of its surface; below, it is a detail.
_WALL_SHARE = 0.01
# So much of the upright surface without a wall behind it is a part with pieces missing.
_MISSING_SHARE = 0.05
# A wall goes on within itself for more than that on every side; an edge or a raised letter ends.
_RIM_MM = 1.0
# Where thin walls this wide are so much of the surface, they are the part, however low they are.
_WIDE_MM = 5.0
_MOST_SHARE = 0.3
_UPRIGHT = 0.5  # the normal's level share: within 60 degrees of upright


def reach_for(printing: Printing) -> float:
    """Return the thickness up to which walls and pins are of interest, mm."""
    return max(printing.wall_mm, printing.skin_mm, printing.limits.pin_mm)


def find_thin_walls(
    shape: Shape,
    printing: Printing,
    thickness: Thickness | None = None,
    rays: Rays | None = None,
) -> tuple[Finding, ...]:
    """Find walls thinner than the material and nozzle ask for.

    How thick a wall must be depends on how it stands: an upright one is made of lines
    (``wall_mm``), a level one of layers (``skin_mm``), an inclined one needs one of the two in
    the level cut or straight up. ``VANISHING_WALLS`` blocks: upright walls under one line, which
    slicers leave out, on 5 % of the upright surface or more. ``THIN_WALLS`` warns: all others, on
    1 % of the surface or more. Edges, chamfers and raised letters are no walls: a wall goes on
    for a millimetre around its middle, or thin walls are most of the part.

    ``measured`` is the thickness that 5 % of the places found stay under; ``share_percent`` is of
    the whole surface.

    Args:
        shape: the measured mesh.
        printing: material, nozzle and layer height.
        thickness: measured before up to ``reach_for(printing)``, to share it between searches.
        rays: the mesh's scene, where the caller has one and no thickness.
    """
    measured = thickness or measure_thickness(shape, reach_for(printing), rays)
    total = float(measured.area_mm2.sum())
    if total <= 0:
        return ()
    up = np.abs(measured.normals[:, 2])
    level = np.sqrt(np.maximum(0, 1 - up * up))
    wall = measured.rim_mm > _RIM_MM
    wide = measured.width_mm > _WIDE_MM
    slim = wide & (measured.thickness_mm < _EXACT * printing.wall_mm * level)
    if float(measured.area_mm2[slim].sum()) > _MOST_SHARE * total:
        wall |= wide
    found: list[Finding] = []
    missing = wall & (level > _UPRIGHT)
    missing &= measured.thickness_mm < _EXACT * printing.line_mm * level
    upright = float(measured.area_mm2[level > _UPRIGHT].sum())
    if float(measured.area_mm2[missing].sum()) > _MISSING_SHARE * upright:
        found.append(
            _finding(
                Code.VANISHING_WALLS, Severity.BLOCKS, measured, missing, printing.line_mm, total
            )
        )
        wall &= ~missing
    few_lines = wall & (measured.thickness_mm < _EXACT * printing.wall_mm * level)
    few_layers = wall & (measured.thickness_mm < _EXACT * printing.skin_mm * up) & ~few_lines
    thin = few_lines | few_layers
    if float(measured.area_mm2[thin].sum()) > _WALL_SHARE * total:
        lines_matter = float(measured.area_mm2[few_lines].sum()) > _WALL_SHARE * total / 2
        limit = printing.wall_mm if lines_matter else printing.skin_mm
        found.append(_finding(Code.THIN_WALLS, Severity.WARNING, measured, thin, limit, total))
    return tuple(found)


def _finding(
    code: Code,
    severity: Severity,
    measured: Thickness,
    at: NDArray[np.bool_],
    limit: float,
    total: float,
) -> Finding:
    area = measured.area_mm2[at]
    return Finding(
        code,
        severity,
        params={"share_percent": 100 * float(area.sum()) / total},
        measured=_fifth_percentile(measured.thickness_mm[at], area),
        limit=limit,
        facets=np.unique(measured.facet[at]),
    )


def _fifth_percentile(values: Numbers, areas: Numbers) -> float:
    """Return the value that 5 % of the area stay under."""
    order = np.argsort(values)
    ends = np.cumsum(areas[order])
    return float(values[order[np.searchsorted(ends, 0.05 * ends[-1])]])
