"""How far one surface lies from another: exact distances of sampled points."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import group_equal

Points = NDArray[np.float64]
_PAIRS_AT_ONCE = 100_000
# A point this near lies on the other surface; it is not looked at again.
_ON_MM = 1e-6
_FIRST_REACH_SHARE = 0.01
# Beyond this many (point, triangle) pairs whose boxes overlap along one axis, no answer.
PAIR_BUDGET = 30_000_000
_SAMPLE_BUDGET = 200_000
_FINEST = 16


def changed(
    before: NDArray[np.float32], after: NDArray[np.float32]
) -> tuple[NDArray[np.bool_], ...]:
    """Which triangles of each set are not in the other, whichever way they face.

    Args:
        before: float32 (n, 3, 3), mm.
        after: float32 (m, 3, 3), mm.

    Returns:
        bool (n,), bool (m,).
    """
    corners = np.concatenate((before, after)).reshape(-1, 3) + np.float32(0)
    bits = corners.view(np.uint32)
    points = group_equal([np.ascontiguousarray(bits[:, axis]) for axis in range(3)])
    ids = np.sort(points.labels().reshape(-1, 3), axis=1).astype(np.uint32)
    same = group_equal([np.ascontiguousarray(ids[:, column]) for column in range(3)])
    label = same.labels()
    in_before = np.zeros(len(same.starts), dtype=np.bool_)
    in_after = in_before.copy()
    in_before[label[: len(before)]] = True
    in_after[label[len(before) :]] = True
    return ~in_after[label[: len(before)]], ~in_before[label[len(before) :]]


def samples(triangles: NDArray[np.float32], spacing_mm: float) -> tuple[Points, NDArray[np.int64]]:
    """Points of triangles: corners, centres, and a grid on large ones.

    The grid is as fine as ``spacing_mm``, but has at most 16 steps along an edge, and fewer where
    there are so many large triangles that more than about 200,000 points would result.

    Returns:
        float64 (k, 3), mm, and the triangle of each, int64 (k,).
    """
    corners = triangles.astype(np.float64)
    sides = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    steps = np.clip(np.ceil(sides / spacing_mm), 1, _FINEST)
    share = float((steps[steps > 1] ** 2 / 2).sum()) / _SAMPLE_BUDGET
    steps = np.maximum(1, np.floor(steps / np.sqrt(max(share, 1.0)))).astype(np.int64)
    rows = np.arange(len(corners))
    found, owners = [corners.mean(axis=1)], [rows]
    for step in np.unique(steps):
        at = rows[steps == step]
        u, v = np.meshgrid(np.arange(step + 1), np.arange(step + 1))
        inside = (u + v) <= step
        weights = np.stack((u[inside], v[inside], step - u[inside] - v[inside]), axis=1) / step
        found.append(np.einsum("kc,tcx->tkx", weights, corners[at]).reshape(-1, 3))
        owners.append(np.repeat(at, len(weights)))
    return np.concatenate(found), np.concatenate(owners)


def distances_to_own_mm(points: Points, triangles: NDArray[np.float32]) -> Points:
    """Exact distance of each point to the triangle in the same row, float64 (k,)."""
    distances = np.empty(len(points))
    for start in range(0, len(points), _PAIRS_AT_ONCE):
        part = slice(start, start + _PAIRS_AT_ONCE)
        distances[part] = _to_triangle(points[part], triangles[part].astype(np.float64))
    return distances


def distances_mm(points: Points, triangles: NDArray[np.float32], reach_mm: float) -> Points | None:
    """Distance of each point to the nearest triangle, at most ``reach_mm``, float64 (k,).

    Exact, but for a point nearer than 1e-6 mm, which may be given as that far. Points and
    triangles are paired by a sweep along the axis that leaves the fewest pairs; None where even
    those are more than ``PAIR_BUDGET``.
    """
    # Most points lie on the other surface: a short reach first leaves few for the long one.
    short_mm = reach_mm * _FIRST_REACH_SHARE
    near = _within(points, triangles, short_mm)
    if near is None:
        return None
    far = np.flatnonzero(near >= short_mm)
    further = _within(points[far], triangles, reach_mm)
    if further is None:
        return None
    near[far] = further
    return near


def _within(points: Points, triangles: NDArray[np.float32], reach_mm: float) -> Points | None:
    nearest = np.full(len(points), reach_mm)
    if len(points) == 0:
        return nearest
    lower = triangles.min(axis=1).astype(np.float64) - reach_mm
    upper = triangles.max(axis=1).astype(np.float64) + reach_mm
    near = np.flatnonzero(
        ((lower <= points.max(axis=0)) & (upper >= points.min(axis=0))).all(axis=1)
    )
    lower, upper = lower[near], upper[near]
    sweeps = []
    for axis in range(3):
        order = np.argsort(points[:, axis], kind="stable")
        line = points[order, axis]
        first = np.searchsorted(line, lower[:, axis], side="left")
        counts = np.searchsorted(line, upper[:, axis], side="right") - first
        sweeps.append((int(counts.sum()), axis, order, first, counts))
    total, _, order, first, counts = min(sweeps, key=lambda sweep: sweep[:2])
    if total > PAIR_BUDGET:
        return None
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(near):
        done = int(ends[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")))
        here = counts[begin:stop]
        row = np.repeat(np.arange(begin, stop), here)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(here) - here, here)
        at = order[first[row] + offset]
        spot = points[at]
        both = ((spot >= lower[row]) & (spot <= upper[row])).all(axis=1)
        both &= nearest[at] > _ON_MM
        at, row = at[both], row[both]
        corners = triangles[near[row]].astype(np.float64)
        np.minimum.at(nearest, at, _to_triangle(points[at], corners))
        begin = stop
    return nearest


def _to_triangle(point: Points, corners: Points) -> Points:
    """Exact distance of each point to its triangle: above its inside, else to its sides."""
    a, b, c = corners[:, 0], corners[:, 1], corners[:, 2]
    normal = np.cross(b - a, c - a)
    size = np.einsum("ij,ij->i", normal, normal)
    best = np.minimum(
        np.minimum(_to_segment(point, a, b), _to_segment(point, b, c)), _to_segment(point, c, a)
    )
    inside = size > 0
    for one, other in ((a, b), (b, c), (c, a)):
        side = np.einsum("ij,ij->i", np.cross(other - one, point - one), normal)
        inside &= side >= 0
    height = np.abs(np.einsum("ij,ij->i", point - a, normal))
    above = np.divide(height, np.sqrt(size), out=np.full(len(size), np.inf), where=inside)
    return np.asarray(np.minimum(best, above))


def _to_segment(point: Points, one: Points, other: Points) -> Points:
    along = other - one
    length = np.einsum("ij,ij->i", along, along)
    share = np.einsum("ij,ij->i", point - one, along)
    share = np.clip(np.divide(share, length, out=np.zeros_like(share), where=length > 0), 0, 1)
    return np.asarray(np.linalg.norm(point - one - share[:, None] * along, axis=1))
