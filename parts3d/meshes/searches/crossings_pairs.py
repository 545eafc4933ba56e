"""Whether the insides of two facets meet, decided exactly for many pairs at once.

The inside of a facet is the triangle without its edges and corners. Two insides in different planes
meet where each facet has corners strictly on both sides of the other's plane and the stretches that
they cut out of the planes' common line overlap by more than a point. Two in one plane meet unless
a line along one of the six edges separates them. Everything else is touching.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.searches.predicates import (
    ROUNDING,
    Points,
    Signs,
    cross_with_bound,
    orient_2d,
    orient_3d,
)

Rows = NDArray[np.int64]
Flags = NDArray[np.bool_]
_NEXT = (1, 2, 0)
_BEFORE = (2, 0, 1)
_NEXT_AXIS = np.array([1, 2, 0, 1])


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Facets by vertex numbers, with the planes they lie in.

    Args:
        vertices: float64 (v, 3) that hold float32 values.
        faces: int64 (f, 3).
        normals: float64 (f, 3), not of unit length, rounded.
        sizes: float64 (f, 3), the bound on the normals' rounding (``cross_with_bound``).
    """

    vertices: Points
    faces: Rows
    normals: Points
    sizes: Points


def surface_of(vertices: NDArray[np.float32], faces: NDArray[np.integer]) -> Surface:
    """Prepare a welded mesh for ``meeting``."""
    points = vertices.astype(np.float64)
    whole = faces.astype(np.int64)
    a = points[whole[:, 0]]
    normals, sizes = cross_with_bound(points[whole[:, 1]] - a, points[whole[:, 2]] - a)
    return Surface(points, whole, normals, sizes)


def part_of(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], one: Rows, other: Rows
) -> tuple[Surface, Rows, Rows]:
    """Prepare only the facets of some pairs; return the pairs as facets of that surface."""
    facets, rows = np.unique(np.concatenate((one, other)), return_inverse=True)
    kept, corners = np.unique(faces[facets], return_inverse=True)
    part = surface_of(vertices[kept], corners.reshape(-1, 3))
    return part, rows[: len(one)], rows[len(one) :]


def meeting(surface: Surface, one: Rows, other: Rows) -> tuple[Flags, Flags]:
    """Decide which pairs of facets meet: in different planes, and facing one way in one plane.

    Two facets in one plane that face opposite ways are bodies that stand back to back, or a sheet
    folded flat: these meet in no body's inside and are not told of.

    Args:
        surface: the facets.
        one: int64 (k,), a facet of each pair.
        other: int64 (k,), the other facet.

    Returns:
        bool (k,) for cutting through each other, bool (k,) for lying on each other.
    """
    crossing = np.zeros(len(one), dtype=np.bool_)
    lying = np.zeros(len(one), dtype=np.bool_)
    rows = np.flatnonzero(~_neighbours(surface, one, other))
    signs_of_other, open_of_other = _sides(surface, one[rows], other[rows])
    kept = _undecided(signs_of_other, open_of_other)
    rows, signs_of_other, open_of_other = rows[kept], signs_of_other[kept], open_of_other[kept]
    if len(rows) == 0:
        return crossing, lying
    signs_of_one, open_of_one = _sides(surface, other[rows], one[rows])
    kept = _undecided(signs_of_one, open_of_one)
    rows, signs_of_one, open_of_one = rows[kept], signs_of_one[kept], open_of_one[kept]
    signs_of_other, open_of_other = signs_of_other[kept], open_of_other[kept]
    _resolve(surface, one[rows], other[rows], signs_of_other, open_of_other)
    _resolve(surface, other[rows], one[rows], signs_of_one, open_of_one)
    across = _both_sides(signs_of_one) & _both_sides(signs_of_other)
    at = rows[across]
    crossing[at] = _stretches_overlap(
        surface, one[at], other[at], signs_of_one[across], signs_of_other[across]
    )
    flat = (signs_of_one == 0).all(axis=1) & (signs_of_other == 0).all(axis=1)
    at = rows[flat]
    lying[at] = _lie_on_each_other(surface, one[at], other[at])
    return crossing, lying


def _neighbours(surface: Surface, one: Rows, other: Rows) -> Flags:
    """Pairs that share an edge and run along it opposite ways, as neighbours in a surface do.

    They cannot meet: in two planes each lies on one side of the other's; in one plane and facing
    one way they lie on either side of the edge.
    """
    same = surface.faces[one][:, :, None] == surface.faces[other][:, None, :]
    return np.asarray((same & same[:, _NEXT][:, :, _BEFORE]).any(axis=(1, 2)))


def _sides(surface: Surface, plane: Rows, facet: Rows) -> tuple[Signs, Flags]:
    """Sides of the plane of one facet that another's corners lie on, and where that is open."""
    own, corners = surface.faces[plane], surface.faces[facet]
    offsets = surface.vertices[corners] - surface.vertices[own[:, 0]][:, None]
    value = np.einsum("kci,ki->kc", offsets, surface.normals[plane])
    bound = np.einsum("kci,ki->kc", np.abs(offsets), surface.sizes[plane]) * ROUNDING
    shared = (corners[:, :, None] == own[:, None, :]).any(axis=2)
    signs = np.sign(value).astype(np.int8)
    signs[shared] = 0
    return signs, (np.abs(value) <= bound) & (bound > 0) & ~shared


def _undecided(signs: Signs, is_open: Flags) -> Flags:
    """Pairs where the corners may lie on both sides, or all in the plane."""
    sure = np.where(is_open, np.int8(0), signs)
    some_open = is_open.any(axis=1)
    above, below = (sure > 0).any(axis=1), (sure < 0).any(axis=1)
    return np.asarray((above & below) | some_open | ~(above | below))


def _both_sides(signs: Signs) -> Flags:
    return np.asarray((signs > 0).any(axis=1) & (signs < 0).any(axis=1))


def _resolve(surface: Surface, plane: Rows, facet: Rows, signs: Signs, is_open: Flags) -> None:
    """Decide the open sides exactly, in place."""
    row, corner = np.nonzero(is_open)
    if len(row):
        a, b, c = (surface.vertices[surface.faces[plane[row], at]] for at in range(3))
        signs[row, corner] = orient_3d(a, b, c, surface.vertices[surface.faces[facet[row], corner]])


def _stretches_overlap(
    surface: Surface, one: Rows, other: Rows, signs_of_one: Signs, signs_of_other: Signs
) -> Flags:
    """Whether the stretches on the planes' common line overlap by more than a point.

    Along the cross product of the normals, facet ``one``'s stretch begins where its outline comes
    up through the other's plane and ends where it goes down; ``other``'s the other way round. For
    edges that run from above, p, to below, q, the sign of det(q1 - p1, p2 - p1, q2 - p1) is that
    of where the second meets the line minus where the first does.
    """
    up_one, down_one = _ups_and_downs(surface.faces[one], signs_of_one)
    up_other, down_other = _ups_and_downs(surface.faces[other], signs_of_other)
    overlap = _later(surface, up_one, up_other) > 0
    rest = np.flatnonzero(overlap)
    overlap[rest] = _later(surface, down_one[rest], down_other[rest]) < 0
    return overlap


def _ups_and_downs(faces: Rows, signs: Signs) -> tuple[Rows, Rows]:
    """The edges that come up and go down through a plane, each as (vertex above, vertex below)."""
    rows = np.arange(len(faces))
    above = signs > 0
    above_next = above[:, _NEXT]
    up = np.argmax(~above & above_next, axis=1)
    down = np.argmax(above & ~above_next, axis=1)
    return (
        np.stack((faces[rows, (up + 1) % 3], faces[rows, up]), axis=1),
        np.stack((faces[rows, down], faces[rows, (down + 1) % 3]), axis=1),
    )


def _later(surface: Surface, first: Rows, second: Rows) -> Signs:
    shared = (first[:, :, None] == second[:, None, :]).any(axis=(1, 2))
    p1, q1 = surface.vertices[first[:, 0]], surface.vertices[first[:, 1]]
    p2, q2 = surface.vertices[second[:, 0]], surface.vertices[second[:, 1]]
    signs = orient_3d(p1, q1, p2, q2)
    signs[shared] = 0
    return signs


def _lie_on_each_other(surface: Surface, one: Rows, other: Rows) -> Flags:
    """For pairs in one plane: whether they face one way and their insides overlap."""
    lying = np.zeros(len(one), dtype=np.bool_)
    if len(one) == 0:
        return lying
    axis = np.argmax(np.abs(surface.normals[other]), axis=1)
    turn = np.zeros(len(one), dtype=np.int8)
    for turned_by in (0, 1, 1):
        flat = np.flatnonzero(turn == 0)  # at first all; then those seen edge-on, or without area
        axis[flat] = (axis[flat] + turned_by) % 3
        turn[flat] = orient_2d(*_flattened(surface, other[flat], axis[flat]))
    turn_of_one = orient_2d(*_flattened(surface, one, axis))
    rows = np.flatnonzero((turn != 0) & (turn == turn_of_one))
    for first, second in ((one, other), (other, one)):
        for start in range(3):
            edge = surface.faces[first[rows]][:, [start, _NEXT[start]]]
            corners = surface.faces[second[rows]]
            inwards = np.zeros(len(rows), dtype=np.bool_)
            for corner in range(3):
                rest = np.flatnonzero(~inwards & ~(corners[:, [corner]] == edge).any(axis=1))
                ends = (edge[rest, 0], edge[rest, 1], corners[rest, corner])
                side = orient_2d(*(_flat(surface, at, axis[rows[rest]]) for at in ends))
                inwards[rest] = side == turn[rows[rest]]
            rows = rows[inwards]
    lying[rows] = True
    return lying


def _flattened(surface: Surface, facets: Rows, axis: Rows) -> list[Points]:
    return [_flat(surface, surface.faces[facets, corner], axis) for corner in range(3)]


def _flat(surface: Surface, vertices: Rows, axis: Rows) -> Points:
    first = vertices * 3
    flat = surface.vertices.reshape(-1)
    points = np.empty((len(vertices), 2))
    points[:, 0] = flat[first + _NEXT_AXIS[axis]]
    points[:, 1] = flat[first + _NEXT_AXIS[axis + 1]]
    return points
