"""Polygons to triangles: a fan where it is right, ears where a polygon is concave."""

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable

# How far a corner may turn back, as a share of its sides' product, and still count as straight.
_STRAIGHT = 1e-7
_TRIANGLE = 3
_QUAD = 4
_POLYGONS_AT_ONCE = 100_000
# Concave polygons above four corners are cut one at a time, at a cost of their corners squared
# (measured on hostile ones) and never below that of 40 a corner.
_CONCAVE_COST = 20_000_000
_LEAST_COST = 40

Indices = NDArray[np.int64]


def triangulated(points: NDArray[np.float64], indices: Indices, sizes: Indices) -> Indices:
    """Return triangles, shape (sum of sizes - 2, 3), in the order of the polygons.

    Convex polygons become a fan about their first corner. Concave ones are cut by manifold3d's
    ear clipping in the plane of their mean normal (Newell's). One that crosses itself has no right
    answer: its triangles keep its border, so that it stays joined to its neighbours, and the
    search for self-intersections finds it.

    Args:
        points: shape (p, 3).
        indices: corners of all polygons in a row, each below p.
        sizes: how many corners each polygon has, at least 3.

    Raises:
        Unreadable: ``too_many_concave``: beyond a budget of corners of concave polygons.
    """
    budget = _CONCAVE_COST
    begins = np.cumsum(sizes) - sizes
    fans = np.cumsum(sizes - 2) - (sizes - 2)
    triangles = np.empty((int((sizes - 2).sum()), 3), dtype=np.int64)
    for size in np.unique(sizes).tolist():
        which = np.flatnonzero(sizes == size)
        step = max(1, _POLYGONS_AT_ONCE // size)
        for start in range(0, len(which), step):
            some = which[start : start + step]
            corners = indices[begins[some][:, None] + np.arange(size)]
            cut = np.empty((len(some), size - 2, 3), dtype=np.int64)
            cut[:, :, 0] = corners[:, :1]
            cut[:, :, 1] = corners[:, 1:-1]
            cut[:, :, 2] = corners[:, 2:]
            if size > _TRIANGLE:
                concave, at = _concave(points, corners)
                if size == _QUAD:  # its one inner diagonal begins at the corner that turns back
                    other = concave & (at % 2 == 1)
                    cut[other] = corners[other][:, [[1, 2, 3], [1, 3, 0]]]
                    notched: list[int] = []
                else:
                    notched = np.flatnonzero(concave).tolist()
                budget -= size * max(size, _LEAST_COST) * len(notched)
                if budget < 0:
                    raise _too_many_concave()
                for row in notched:
                    cut[row] = _ears(points, corners[row])
            triangles[fans[some][:, None] + np.arange(size - 2)] = cut
    return triangles


def _mean_normals(loops: NDArray[np.float64]) -> NDArray[np.float64]:
    """Twice the area times the normal of closed loops, shape (n, 3); Newell's formula."""
    about = loops - loops[:, :1]
    return np.asarray(np.cross(about[:, 1:-1], about[:, 2:]).sum(axis=1))


def _concave(
    points: NDArray[np.float64], corners: Indices
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Whether a corner turns back, or the loop goes round more than once; and which turns most."""
    loops = points[corners]
    with np.errstate(all="ignore"):
        normals = _mean_normals(loops)
        lengths = np.linalg.norm(normals, axis=1, keepdims=True)
        units = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
        after = np.roll(loops, -1, axis=1) - loops
        before = np.roll(after, 1, axis=1)
        turns = np.einsum("nij,nj->ni", np.cross(before, after), units)
        sides = np.linalg.norm(before, axis=2) * np.linalg.norm(after, axis=2)
        back = (turns < -_STRAIGHT * sides).any(axis=1)
        # Turning one way only, but twice round: a star; its turns sum to more than one circle.
        along = np.einsum("nij,nij->ni", before, after)
        circles = np.arctan2(turns, along).sum(axis=1) > 3 * np.pi
        worst = np.argmin(np.nan_to_num(turns), axis=1)
    return (back | circles) & np.isfinite(loops).all(axis=(1, 2)), worst


def _too_many_concave() -> Unreadable:
    return Unreadable(
        "The OBJ has so many polygons with notches that cutting them up would take too long. "
        "Export it as triangles.",
        code="too_many_concave",
        place="faces",
    )


def _ears(points: NDArray[np.float64], corners: Indices) -> Indices:
    from manifold3d import triangulate

    loop = points[corners]
    fan = np.stack(
        [np.broadcast_to(corners[0], len(corners) - 2), corners[1:-1], corners[2:]], axis=1
    )
    with np.errstate(all="ignore"):
        normal = _mean_normals(loop[None])[0]
    if not np.isfinite(normal).all() or not normal.any():
        return fan
    # Drop the axis that the polygon faces most: a plane without a rounding of its own.
    axis = int(np.argmax(np.abs(normal)))
    plane = loop[:, [(axis + 1) % 3, (axis + 2) % 3]]
    if normal[axis] < 0:
        plane = plane[:, ::-1]
    scale = float(np.abs(plane - plane[0]).max())
    cut = np.asarray(triangulate([(plane - plane[0]) / scale]), dtype=np.int64)
    return corners[cut] if cut.shape == fan.shape else fan
