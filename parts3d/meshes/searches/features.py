"""Free-standing pins too thin to hold."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.grouping import connected, group_equal
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.rays import Numbers, Rays
from parts3d.meshes.searches.thickness import Thickness, measure_thickness
from parts3d.meshes.searches.walls import reach_for
from parts3d.meshes.shape import Shape

_EXACT = 0.99
# Thinner is a sliver of the mesh, where surfaces all but touch; nobody draws such a pin.
_SLIVER_MM = 0.1
_UPRIGHT = 0.7  # the normal's level share at a pin's side: it leans by less than 45 degrees
# A pin is taller than thick by so much, or it is a bump, a letter or a foot.
_SLENDER = 2.0
# A round pin's side is pi times thickness by height, two sides of a square one twice that; less
# is the sliver where an edge runs out.
_SIDES = 1.5


def find_small_features(
    shape: Shape,
    printing: Printing,
    thickness: Thickness | None = None,
    rays: Rays | None = None,
) -> tuple[Finding, ...]:
    """Find upright pins that are thinner than ``limits.pin_mm`` in both ways sideways.

    A wall (thin in one way only) is ``find_thin_walls``'s. Pins are told apart by where their
    middles stand in plan, ``limits.pin_mm`` apart or more; one above another counts once.
    ``count`` is the number of pins, ``measured`` the thinnest's mean thickness.

    Args:
        shape: the measured mesh.
        printing: material, nozzle and layer height.
        thickness: measured before up to ``reach_for(printing)``, to share it between searches.
        rays: the mesh's scene, where the caller has one and no thickness.
    """
    limit = printing.limits.pin_mm
    measured = thickness or measure_thickness(shape, reach_for(printing), rays)
    thin = (measured.thickness_mm < _EXACT * limit) & (measured.thickness_mm > _SLIVER_MM)
    thin &= measured.width_mm < _EXACT * limit
    thin &= np.abs(measured.normals[:, 2]) < _UPRIGHT
    at = np.flatnonzero(thin)
    if len(at) == 0:
        return ()
    count, group = _stand_together(measured.middle[at, :2], limit)
    heights = shape.mesh.triangles[measured.facet[at]][:, :, 2].astype(np.float64)
    lowest, highest = np.full(count, np.inf), np.full(count, -np.inf)
    np.minimum.at(lowest, group, heights.min(axis=1))
    np.maximum.at(highest, group, heights.max(axis=1))
    area = np.bincount(group, measured.area_mm2[at], minlength=count)
    across = np.bincount(group, (measured.area_mm2 * measured.thickness_mm)[at], count) / area
    height = highest - lowest
    pin = (height > _SLENDER * across) & (area > _SIDES * across * height)
    if not pin.any():
        return ()
    return (
        Finding(
            Code.SMALL_FEATURES,
            Severity.WARNING,
            int(np.count_nonzero(pin)),
            measured=float(across[pin].min()),
            limit=limit,
            facets=np.unique(measured.facet[at][pin[group]]),
        ),
    )


def _stand_together(places: Numbers, apart_mm: float) -> tuple[int, NDArray[np.int32]]:
    """Group places in plan that are closer than half of ``apart_mm``; four shifted grids see all.

    Args:
        places: float64 (n, 2), mm, n >= 1.
        apart_mm: a cell's side.
    """
    steps = (places - places.min(axis=0)) / apart_mm
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    for shift in range(4):
        offset = np.array([shift & 1, shift >> 1], dtype=np.float64) / 2
        cells = np.floor(steps + offset).astype(np.uint32)
        groups = group_equal([np.ascontiguousarray(cells[:, axis]) for axis in range(2)])
        same = np.diff(groups.labels()[groups.order]) == 0
        first.append(groups.order[:-1][same])
        second.append(groups.order[1:][same])
    return connected(len(places), np.concatenate(first), np.concatenate(second))
