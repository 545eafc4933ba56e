"""How thick a part is at sampled places: inward rays to the face that lies opposite.

Two faces make a wall where they look away from each other: a chamfer, a corner or a knife's edge
has thin places too, but no wall. See docs/decisions/0016-wall-thickness.md.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.searches.rays import Numbers, Rays, slabs
from parts3d.meshes.shape import Shape, boxes_behind_one_another

# Every facet gets a sample, and large ones more, up to so many rays; above, a sample stands for
# an equal share of the area.
_SAMPLES = 100_000
_SPREAD_SAMPLES = 1_500
# A ray visits every facet's box in its way. Real parts have 5 to 130 of them behind one another;
# where loose facets lie in heaps of thousands, fewer places are asked, so that none waits long.
_MOST_VISITS = 50_000_000
# Faces that are off antiparallel by more are an edge, not a wall.
_OPPOSITE_COS = float(np.cos(np.radians(35.0)))
# Faces this near to parallel make a wall that has ends; a sharper wedge runs out instead.
_PARALLEL_COS = float(np.cos(np.radians(10.0)))
# A straight way within a curved wall leaves it aslant: that is a bend, an end is met squarely.
_END_COS = 0.6
# A gap that a slicer closes (PrusaSlicer: slice_closing_radius 0.049 mm on either side).
_CLOSED_GAP_MM = 0.05
# Steps of the R2 sequence: the plane's evenest known (Roberts 2018): 1/g, 1/g^2, g^3 = g + 1.
_R2_STEPS = (0.7548776662466927, 0.5698402909980532)


@dataclass(frozen=True, slots=True, eq=False)
class Thickness:
    """Samples of the surface; arrays of length s, one a sample, in the facets' order.

    Args:
        facet: int64, the file's number of the facet.
        area_mm2: float64, the share of the surface that the sample stands for.
        normals: float64 (s, 3), outwards, unit.
        thickness_mm: float64, of the wall under the sample (the sphere that touches both faces);
            infinite where the part is thicker than the reach or no face lies opposite.
        middle: float64 (s, 3), mm, the wall's middle; the sample itself where there is no wall.
        width_mm: float64, how wide the wall is sideways through its middle, level.
        rim_mm: float64, from its middle to the nearest end of the wall, of four ways within it.
    """

    facet: NDArray[np.int64]
    area_mm2: Numbers
    normals: Numbers
    thickness_mm: Numbers
    middle: Numbers
    width_mm: Numbers
    rim_mm: Numbers


def measure_thickness(shape: Shape, reach_mm: float, rays: Rays | None = None) -> Thickness:
    """Measure the walls of a part that are thinner than the reach.

    Up to 100,000 facets each is measured at its middle, large facets at more places; of larger
    meshes 100,000 places spread evenly over the area are (fewer where facets lie in heaps). The
    pattern is fixed. Memory is bounded: above a million facets the part is taken in slabs (see
    ``slabs``).

    Args:
        shape: the measured mesh.
        reach_mm: thicker is of no interest.
        rays: the mesh's scene, where the caller has one; built here without.
    """
    topology = shape.measures.topology
    facet, area = _samples(shape)
    normals = shape.normals[facet].astype(np.float64)
    points = _points(shape, facet)
    result = Thickness(
        facet=facet,
        area_mm2=area,
        normals=normals,
        thickness_mm=np.full(len(facet), np.inf),
        middle=points,
        width_mm=np.full(len(facet), np.inf),
        rim_mm=np.full(len(facet), np.inf),
    )
    if len(facet) == 0:
        return result
    scenes = (
        slabs(topology, points, 4 * reach_mm)
        if rays is None
        else iter([(rays, np.arange(len(facet)))])
    )
    for scene, mine in scenes:
        wall, leaving, way = _walls(shape, scene, points[mine], normals[mine], reach_mm)
        at = mine[wall]
        # The sphere that touches the first face here and the other, inclined by a, measures
        # 2 cos a / (1 + cos a) of the way along the ray.
        result.thickness_mm[at] = way * (2 * leaving / (1 + leaving))
        result.middle[at] -= normals[at] * (way / 2)[:, None]
        _within(shape, scene, result, at, leaving > _PARALLEL_COS)
    return result


def _samples(shape: Shape) -> tuple[NDArray[np.int64], Numbers]:
    """Facets to sample, as often as each shall be, and the area each sample stands for."""
    topology = shape.measures.topology
    areas = shape.areas_mm2[topology.facets]
    total = float(areas.sum())
    if total <= 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0)
    most = min(_SAMPLES, 1 + int(_MOST_VISITS / boxes_behind_one_another(shape)))
    if len(areas) <= most:
        times = 1 + np.floor(areas * (_SPREAD_SAMPLES / total)).astype(np.int64)
        times[areas <= 0] = 0
        row = np.repeat(np.arange(len(areas)), times)
        return np.asarray(topology.facets[row], dtype=np.int64), areas[row] / times[row]
    ends = np.cumsum(areas)
    steps = (np.arange(most) + 0.5) * (ends[-1] / most)
    row = np.minimum(np.searchsorted(ends, steps), len(areas) - 1)
    facet = np.asarray(topology.facets[row], dtype=np.int64)
    return facet, np.full(most, total / most)


def _points(shape: Shape, facet: NDArray[np.int64]) -> Numbers:
    """Spread the samples of each facet evenly over it; a single one is its centroid."""
    new = np.concatenate(([True], facet[1:] != facet[:-1]))
    starts = np.flatnonzero(new)
    turn = np.arange(len(facet)) - starts[np.cumsum(new) - 1]
    u, v = ((1 / 3 + turn * step) % 1.0 for step in _R2_STEPS)
    beyond = u + v > 1
    u, v = np.where(beyond, 1 - u, u), np.where(beyond, 1 - v, v)
    corners = shape.mesh.triangles[facet].astype(np.float64)
    return np.asarray(
        corners[:, 0] * (1 - u - v)[:, None]
        + corners[:, 1] * u[:, None]
        + corners[:, 2] * v[:, None]
    )


def _walls(
    shape: Shape, scene: Rays, points: Numbers, normals: Numbers, reach_mm: float
) -> tuple[NDArray[np.int64], Numbers, Numbers]:
    """Which samples lie on a wall, the cosine between its faces, and the way through it, mm."""
    inward = -normals
    lift = scene.lift_mm
    hits = scene.cast(points + inward * lift, inward)
    wall = np.flatnonzero(hits.distance_mm < reach_mm)
    inward = inward[wall]
    way = hits.distance_mm[wall] + lift
    leaving = np.einsum("ij,ij->i", inward, shape.normals[hits.facet[wall]])
    opposite = leaving > _OPPOSITE_COS
    wall, inward, way, leaving = wall[opposite], inward[opposite], way[opposite], leaving[opposite]
    # What lies behind the wall and before it: where shells overlap or all but touch, it goes on.
    alone = np.ones(len(wall), dtype=np.bool_)
    for start, direction in ((way + lift, inward), (np.full(len(wall), -lift), -inward)):
        beyond = scene.cast(points[wall] + inward * start[:, None], direction)
        facing = np.einsum("ij,ij->i", direction, shape.normals[beyond.facet])
        alone &= (beyond.facet < 0) | ((facing < 0) & (beyond.distance_mm > _CLOSED_GAP_MM))
    return wall[alone], leaving[alone], way[alone]


def _within(
    shape: Shape,
    scene: Rays,
    result: Thickness,
    at: NDArray[np.int64],
    parallel: NDArray[np.bool_],
) -> None:
    """Measure how far walls go on sideways and up and down from their middles."""
    normals, middle = result.normals[at], result.middle[at]
    level = np.stack((-normals[:, 1], normals[:, 0], np.zeros(len(at))), axis=1)
    length = np.sqrt(np.einsum("ij,ij->i", level, level))
    flat = length < 1e-3  # noqa: PLR2004 - lies flat: any way is level
    level[flat] = (1.0, 0.0, 0.0)
    length[flat] = 1.0
    level /= length[:, None]
    steep = np.cross(normals, level)
    steep /= np.sqrt(np.einsum("ij,ij->i", steep, steep))[:, None]
    ways = []
    for direction in (level, -level, steep, -steep):
        hits = scene.cast(middle, direction)
        squarely = np.einsum("ij,ij->i", direction, shape.normals[hits.facet]) > _END_COS
        ways.append(np.where(squarely | ~parallel, hits.distance_mm, np.inf))
    result.width_mm[at] = ways[0] + ways[1]
    result.rim_mm[at] = np.minimum.reduce(ways)
