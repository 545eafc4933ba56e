"""Which pairs of facets are surely apart, touch, or cut too shallowly: many at once, in float64.

What is left over is decided exactly (``crossings_pairs``). A pair is dropped only where a shift by
less than a limit would part it, and the limit is some ten billion times the rounding here; where
rounding may be larger (needles), the pair is kept.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Values = NDArray[np.float64]
Flags = NDArray[np.bool_]
# Of the largest coordinate and of the sum of a cross product's terms over its length.
_ROUNDING = 2.0**-44
# The limit is compared again after the exact decision.
MARGIN = 0.99
# Beyond this much of the limit a plane is too uncertain to place a stretch along it.
_SURE = 0.01
# Sine of the angle below which planes have no common line to be sure of.
_PARALLEL = 1e-5
_NEXT = [1, 2, 0]
_BEFORE = [2, 0, 1]


@dataclass(frozen=True, slots=True, eq=False)
class Planes:
    """Facets with the planes they lie in, one column a facet.

    Args:
        corners: float64 (3 axes, 3 corners, f), mm.
        normals: float64 (3, f), of unit length; 0 for facets without area.
        offsets: float64 (f,), heights of the planes along their normals.
        rounding: float64 (f,), how much a height above the plane can be wrong, mm.
    """

    corners: Values
    normals: Values
    offsets: Values
    rounding: Values


def planes_of(vertices: NDArray[np.float32], faces: NDArray[np.integer]) -> Planes:
    """Lay planes through facets."""
    corners = np.ascontiguousarray(vertices[faces.T].transpose(2, 0, 1), dtype=np.float64)
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    first, second = u[_NEXT] * v[_BEFORE], u[_BEFORE] * v[_NEXT]
    normals = first - second
    lengths = np.sqrt(normals[0] ** 2 + normals[1] ** 2 + normals[2] ** 2)
    shares = np.divide(1, lengths, out=np.zeros_like(lengths), where=lengths > 0)
    normals *= shares
    sizes = (np.abs(first) + np.abs(second)).sum(axis=0) * shares
    largest = float(np.abs(corners).max()) if corners.size else 0.0
    offsets = np.einsum("if,if->f", normals, corners[:, 0])
    return Planes(corners, normals, offsets, _ROUNDING * largest * sizes)


def perhaps_meeting(planes: Planes, one: Rows, other: Rows, limit_mm: float) -> tuple[Rows, Flags]:
    """Rows of the pairs that may meet, and whether these may lie on each other.

    Args:
        planes: the facets.
        one: int64 (k,), a facet of each pair.
        other: int64 (k,), the other facet.
        limit_mm: pairs that a shift by no more than this would part are of no interest.
    """
    limit_mm *= MARGIN
    across, flat, heights_of_other = _through(planes, one, other, limit_mm)
    rows = np.flatnonzero(across | flat)
    one, other = one[rows], other[rows]
    across_too, flat_too, heights_of_one = _through(planes, other, one, limit_mm)
    at = np.flatnonzero(across[rows] & across_too)
    heights_of_other = heights_of_other[:, rows[at]]
    heights_of_one = heights_of_one[:, at]
    meets = np.zeros(len(rows), dtype=np.bool_)
    meets[at] = _stretches_overlap(
        planes, one[at], other[at], heights_of_one, heights_of_other, limit_mm
    )
    at = np.flatnonzero(flat[rows] & flat_too)
    at = at[_facing_one_way(planes, one[at], other[at])]
    for first, second in ((one, other), (other, one)):
        at = at[_beyond_no_edge(planes, first[at], second[at], limit_mm)]
    lies = np.zeros(len(rows), dtype=np.bool_)
    meets[at] = lies[at] = True
    return rows[meets], lies[meets]


def _through(
    planes: Planes, plane: Rows, facet: Rows, limit_mm: float
) -> tuple[Flags, Flags, Values]:
    """Whether a facet goes through a plane by more than the limit, or may lie in it; heights."""
    normals = planes.normals.take(plane, axis=1)
    corners = planes.corners.take(facet, axis=2)
    heights = normals[0] * corners[0]
    heights += normals[1] * corners[1]
    heights += normals[2] * corners[2]
    heights -= planes.offsets.take(plane)
    rounding = planes.rounding.take(plane)
    highest = np.maximum(np.maximum(heights[0], heights[1]), heights[2])
    lowest = np.minimum(np.minimum(heights[0], heights[1]), heights[2])
    enough = limit_mm - rounding
    return (
        (highest > enough) & (-lowest > enough),
        (highest <= rounding) & (-lowest <= rounding),
        heights,
    )


def _stretches_overlap(
    planes: Planes,
    one: Rows,
    other: Rows,
    heights_of_one: Values,
    heights_of_other: Values,
    limit_mm: float,
) -> Flags:
    """Whether the stretches cut out of the planes' common line overlap by more than the limit.

    Moeller, "A Fast Triangle-Triangle Intersection Test", 1997. Overlap is what the one would have
    to be shifted by, along the line, to part the pair.
    """
    m, n = planes.normals.take(one, axis=1), planes.normals.take(other, axis=1)
    along = m[_NEXT] * n[_BEFORE]
    along -= m[_BEFORE] * n[_NEXT]
    sine = np.sqrt(along[0] ** 2 + along[1] ** 2 + along[2] ** 2)
    rounding_one, rounding_other = planes.rounding.take(one), planes.rounding.take(other)
    begin_one, end_one = _stretch(planes, one, along, heights_of_one, rounding_other)
    begin_other, end_other = _stretch(planes, other, along, heights_of_other, rounding_one)
    overlap = np.minimum(end_one - begin_other, end_other - begin_one)
    unsure = np.maximum(rounding_one, rounding_other) > _SURE * limit_mm
    return np.asarray((overlap > limit_mm * sine) | unsure | (sine < _PARALLEL))


def _stretch(
    planes: Planes, facet: Rows, along: Values, heights: Values, rounding: Values
) -> tuple[Values, Values]:
    """Where a facet's stretch on a line begins at the earliest and ends at the latest.

    In units of the line's direction; heights are those above the other's plane.
    """
    corners = planes.corners.take(facet, axis=2)
    places = along[0] * corners[0]
    places += along[1] * corners[1]
    places += along[2] * corners[2]
    above = heights > 0
    alone = above ^ (above[0] & above[1] | above[2] & (above[0] | above[1]))
    lone = np.argmax(alone, axis=0)
    columns = np.arange(len(facet))
    place, height = places[lone, columns], heights[lone, columns]
    earliest, latest = np.full(len(facet), np.inf), np.full(len(facet), -np.inf)
    for step in (_NEXT, _BEFORE):
        end = np.array(step)[lone]
        fall = height - heights[end, columns]
        share = np.divide(1, fall, out=np.zeros_like(fall), where=fall != 0)
        way = (places[end, columns] - place) * share
        at, either_way = place + way * height, np.abs(way) * (2 * rounding)
        np.minimum(earliest, at - either_way, out=earliest)
        np.maximum(latest, at + either_way, out=latest)
    return earliest, latest


def _facing_one_way(planes: Planes, one: Rows, other: Rows) -> Flags:
    m, n = planes.normals.take(one, axis=1), planes.normals.take(other, axis=1)
    return np.asarray(np.einsum("ik,ik->k", m, n) > 0)


def _beyond_no_edge(planes: Planes, one: Rows, other: Rows, limit_mm: float) -> Flags:
    """Whether in their plane the other reaches over each edge of the one by more than the limit."""
    corners, normals = planes.corners.take(one, axis=2), planes.normals.take(one, axis=1)
    others = planes.corners.take(other, axis=2)
    over = np.ones(len(one), dtype=np.bool_)
    for start in range(3):
        edge = corners[:, _NEXT[start]] - corners[:, start]
        inwards = normals[_NEXT] * edge[_BEFORE]
        inwards -= normals[_BEFORE] * edge[_NEXT]
        reach = inwards[0] * others[0]
        reach += inwards[1] * others[1]
        reach += inwards[2] * others[2]
        furthest = np.maximum(np.maximum(reach[0], reach[1]), reach[2])
        furthest -= np.einsum("ik,ik->k", inwards, corners[:, start])
        over &= furthest > limit_mm * np.sqrt(np.einsum("ik,ik->k", edge, edge))
    return over
