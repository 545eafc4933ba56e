"""How much of a part would be supported: what faces down too flat, and the air under it."""

import numpy as np

from parts3d.meshes.searches.support import obstacles_of, spread
from parts3d.meshes.shape import Shape

# PrusaSlicer's threshold: slopes under 50 degrees from level are supported, bridges too.
_SLOPE_DEG = 50.0
_POINTS = 400


def supported(shape: Shape, layer_height_mm: float) -> tuple[float, float]:
    """Return the volume (mm³) of the columns under what is supported, and its area (mm²).

    Args:
        shape: the part as it is printed.
        layer_height_mm: what lies a layer over something needs nothing.
    """
    triangles = shape.mesh.triangles
    down = -shape.normals[:, 2].astype(np.float64)
    floor = float(shape.measures.topology.vertices[:, 2].min())
    flat = down > np.cos(np.radians(_SLOPE_DEG))
    flat &= triangles[:, :, 2].max(axis=1) > floor + layer_height_mm
    facets = np.flatnonzero(flat & (shape.areas_mm2 > 0))
    if len(facets) == 0:
        return 0.0, 0.0
    level_mm2 = shape.areas_mm2[facets] * down[facets]
    total = float(level_mm2.sum())
    obstacles = obstacles_of(shape)
    points, at = spread(triangles, facets, level_mm2 / total * _POINTS)
    each = level_mm2[at] / np.bincount(at, minlength=len(facets))[at]
    each *= total / each.sum()
    way = np.array([0.0, 0.0, -1.0])
    hits = obstacles.first(points + obstacles.lift_mm * way, way)
    column = np.where(hits.against, hits.distance_mm + obstacles.lift_mm, points[:, 2] - floor)
    open_below = ~hits.along & (column > 2 * layer_height_mm)
    return float((each * column)[open_below].sum()), float(each[open_below].sum())
