"""Put lids on the holes that ``repairing.holes`` allows: flat ones and small ones."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.repairing.holes import is_flat, is_small
from parts3d.meshes.repairing.rings import TRIANGLE, Ring, rings_of
from parts3d.meshes.repairing.surface import LID, Surface, edges_of

Points = NDArray[np.float64]
# More seam than this is no hole but a soup.
_LONGEST_SEAM = 100_000
# Up to so many points the lid of least area is found (cubic work), beyond it a projected one.
_LEAST_AREA_POINTS = 64
_PARALLEL = 0.9999
_PLANE_SHARE = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class _Rim:
    """A ring of points as its lid runs, with its flat coordinates' frame."""

    ring: Ring
    points: Points
    normal: Points
    doubled_area: float
    flat: bool


def put_on_lids(surface: Surface) -> tuple[Surface, int, int]:
    """Fill every hole that is flat or small; count the holes filled and those left open."""
    edges = edges_of(surface.faces)
    if edges.closed or edges.seam_total > _LONGEST_SEAM:
        return surface, 0, edges.seam_total
    points = surface.vertices.astype(np.float64)
    diagonal = surface.diagonal_mm
    rims, left = [], 0
    for ring in rings_of(edges):
        rim = _rim(ring, points[ring])
        if rim.flat or is_small(rim.points, diagonal):
            rims.append(rim)
        else:
            left += 1
    facets: list[tuple[int, int, int]] = []
    taken = np.sort((edges.low << 32) | edges.high)
    flat = [rim for rim in rims if rim.flat and rim.doubled_area > 0]
    for group in _lids_with_holes(flat, diagonal):
        facets += _flat_lid(group)
    for rim in rims:
        if not (rim.flat and rim.doubled_area > 0):
            facets += _small_lid(rim, taken)
    if not facets:
        return surface, 0, left
    lid = np.array(facets, dtype=np.int64)
    return (
        replace(
            surface,
            faces=np.concatenate((surface.faces, lid)),
            source=np.concatenate((surface.source, np.full(len(lid), LID))),
        ),
        len(rims),
        left,
    )


def _rim(ring: Ring, points: Points) -> _Rim:
    centred = points - points.mean(axis=0)
    normal = np.cross(centred, np.roll(centred, -1, axis=0)).sum(axis=0)
    size = float(np.linalg.norm(normal))
    unit = normal / size if size > 0 else normal
    flat = len(ring) == TRIANGLE or is_flat(points)
    return _Rim(ring, points, unit, size, flat)


def _lids_with_holes(rims: list[_Rim], diagonal_mm: float) -> list[list[_Rim]]:
    """Group rings of one plane: each outer one with those of opposite turn directly inside it."""
    ordered = sorted(rims, key=lambda rim: (-rim.doubled_area, rim.ring))
    groups: list[list[_Rim]] = []
    for rim in ordered:
        home = None
        for group in groups:
            outer = group[0]
            away = abs(float((rim.points.mean(axis=0) - outer.points.mean(axis=0)) @ outer.normal))
            if (
                float(outer.normal @ rim.normal) < -_PARALLEL
                and away <= _PLANE_SHARE * diagonal_mm
                and _inside(rim.points[0], outer)
            ):
                home = group  # the last found is the smallest around it
        if home is None:
            groups.append([rim])
        else:
            home.append(rim)
    return groups


def _frame(normal: Points) -> Points:
    """Two axes, float64 (2, 3), so that first x second = normal."""
    other = np.eye(3)[int(np.argmin(np.abs(normal)))]
    first = np.cross(other, normal)
    first /= np.linalg.norm(first)
    return np.stack((first, np.cross(normal, first)))


def _inside(point: Points, outer: _Rim) -> bool:
    """Whether a point of the plane lies in a ring: a ray to the right crosses it an odd time."""
    axes = _frame(outer.normal)
    x, y = axes @ point
    ring = outer.points @ axes.T
    after = np.roll(ring, -1, axis=0)
    across = (ring[:, 1] > y) != (after[:, 1] > y)
    rise = np.where(across, after[:, 1] - ring[:, 1], 1.0)
    crossing = ring[:, 0] + (y - ring[:, 1]) / rise * (after[:, 0] - ring[:, 0])
    return bool(np.count_nonzero(across & (crossing > x)) % 2)


def _flat_lid(group: list[_Rim]) -> list[tuple[int, int, int]]:
    if len(group) == 1 and len(group[0].ring) == TRIANGLE:
        a, b, c = group[0].ring
        return [(a, b, c)]
    return _projected(group, group[0].normal)


def _projected(group: list[_Rim], normal: Points) -> list[tuple[int, int, int]]:
    """Triangulate rings in a plane; manifold3d's result always has exactly the rings' edges."""
    from manifold3d import triangulate

    axes = _frame(normal)
    middle = group[0].points.mean(axis=0)
    numbers = [number for rim in group for number in rim.ring]
    rows = triangulate([np.ascontiguousarray((rim.points - middle) @ axes.T) for rim in group])
    return [(numbers[a], numbers[b], numbers[c]) for a, b, c in np.asarray(rows).tolist()]


def _small_lid(rim: _Rim, taken: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    if len(rim.ring) == TRIANGLE:
        a, b, c = rim.ring
        return [(a, b, c)]
    if len(rim.ring) > _LEAST_AREA_POINTS:
        if rim.doubled_area > 0:
            return _projected([rim], rim.normal)
        return [(rim.ring[0], b, c) for b, c in zip(rim.ring[1:-1], rim.ring[2:], strict=True)]
    return _least_area(rim, taken)


def _least_area(rim: _Rim, taken: NDArray[np.int64]) -> list[tuple[int, int, int]]:
    """Triangulate for least area, by dynamic programming over the ring's spans.

    Barequet and Sharir, "Filling gaps in the boundary of a polyhedron", 1995. An inner edge that
    the surface has already is taken only where there is no other way.
    """
    ring, points = np.array(rim.ring), rim.points
    count = len(ring)
    low, high = np.minimum.outer(ring, ring), np.maximum.outer(ring, ring)
    key = (low << 32) | high
    at = np.minimum(np.searchsorted(taken, key), len(taken) - 1)
    fine = float((np.linalg.norm(np.ptp(points, axis=0)) + 1.0) ** 2)
    dear = np.where(taken[at] == key, 1e3 * fine * count, 0.0)
    cost = np.zeros((count, count))
    best = np.zeros((count, count), dtype=np.int64)
    for span in range(2, count):
        for i in range(count - span):
            j = i + span
            k = np.arange(i + 1, j)
            area = np.linalg.norm(np.cross(points[k] - points[i], points[j] - points[i]), axis=1)
            total = cost[i, k] + cost[k, j] + area
            choice = int(np.argmin(total))
            best[i, j] = k[choice]
            inner = 0.0 if span == count - 1 else float(dear[i, j])
            cost[i, j] = total[choice] + inner
    facets, todo = [], [(0, count - 1)]
    while todo:
        i, j = todo.pop()
        if j - i < 2:  # noqa: PLR2004 - neighbours on the ring
            continue
        middle = int(best[i, j])
        facets.append((int(ring[i]), int(ring[middle]), int(ring[j])))
        todo += [(i, middle), (middle, j)]
    return facets
