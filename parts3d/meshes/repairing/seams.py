"""Close seams that have no width: join points, take out slivers, split facets at T-junctions."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected, group_equal
from parts3d.meshes.repairing.surface import Edges, Surface, edges_of, without_collapsed

# Beyond this many pairs of a seam's edge and a seam's point, junctions are left alone.
_PAIR_BUDGET = 20_000_000
_PAIRS_AT_ONCE = 1_000_000
_ROUNDS = 12


def seam_points(edges: Edges) -> NDArray[np.int64]:
    """Points on the seam, ascending."""
    seam = edges.net != 0
    return np.unique(np.concatenate((edges.low[seam], edges.high[seam])))


def join_points(surface: Surface, reach_mm: float) -> tuple[Surface, int]:
    """Make seam points within reach of each other the lowest numbered; count those that went.

    Eight grids, each shifted by half a cell in some axes, see every pair within reach (as
    ``topology.weld_hairlines`` does). Points that share a cell may be up to 3.5 times the reach
    apart, and chains of cells more, which the caller's look at the movement sees.
    """
    at = seam_points(edges_of(surface.faces))
    if len(at) == 0:
        return surface, 0
    points = surface.vertices.astype(np.float64)
    steps = (points[at] - points.min(axis=0)) / max(reach_mm, 1e-9)
    first, second = [], []
    for shift in range(8):
        offset = np.array([shift & 1, shift >> 1 & 1, shift >> 2 & 1], dtype=np.float64)
        cells = np.floor((steps + offset) / 2).astype(np.int64)
        groups = group_equal([(cells[:, axis] & 0xFFFFFFFF).astype(np.uint32) for axis in range(3)])
        one, other = groups.order[:-1], groups.order[1:]
        same_cell = np.diff(groups.labels()[groups.order]) == 0
        first.append(one[same_cell])
        second.append(other[same_cell])
    _, cluster = connected(len(at), np.concatenate(first), np.concatenate(second))
    _, leader = np.unique(cluster, return_index=True)
    renumber = np.arange(len(points))
    renumber[at] = at[leader[cluster]]
    joined = int(np.count_nonzero(renumber != np.arange(len(points))))
    if joined:
        surface, _ = without_collapsed(replace(surface, faces=renumber[surface.faces]))
    return surface, joined


def without_slivers(surface: Surface, height_mm: float) -> tuple[Surface, int]:
    """Take out facets at the seam that are no higher than so much over their longest side.

    What they leave is a hole without width, which ``split_at_junctions`` closes.
    """
    edges = edges_of(surface.faces)
    if edges.closed:
        return surface, 0
    at_seam = np.zeros(len(surface.faces), dtype=np.bool_)
    at_seam[np.flatnonzero((edges.net != 0)[edges.of_halves()]) // 3] = True
    rows = np.flatnonzero(at_seam)
    thin = heights_mm(surface.vertices[surface.faces[rows]]) <= height_mm
    keep = np.ones(len(surface.faces), dtype=np.bool_)
    keep[rows[thin]] = False
    return surface.only(keep), int(thin.sum())


def heights_mm(corners: NDArray[np.float32]) -> NDArray[np.float64]:
    """Height of each triangle over its longest side, float64 (n,)."""
    points = corners.astype(np.float64)
    doubled = np.linalg.norm(
        np.cross(points[:, 1] - points[:, 0], points[:, 2] - points[:, 0]), axis=1
    )
    longest = np.linalg.norm(points - np.roll(points, 1, axis=1), axis=2).max(axis=1)
    height = np.divide(doubled, longest, out=np.zeros_like(doubled), where=longest > 0)
    return np.asarray(height, dtype=np.float64)


def split_at_junctions(surface: Surface, reach_mm: float) -> tuple[Surface, int]:
    """Split facets wherever a seam point lies on a seam edge; count the points put in.

    One edge of a facet is split at a time, until none is left (at most twelve rounds).
    """
    total = 0
    for _ in range(_ROUNDS):
        edges = edges_of(surface.faces)
        edge, point = _junctions(surface, edges, reach_mm)
        if len(edge) == 0:
            break
        surface, put_in = _split(surface, edges, edge, point)
        total += put_in
    return surface, total


def _junctions(
    surface: Surface, edges: Edges, reach_mm: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of a seam edge and a point on it, edge by edge in the order from low to high."""
    nothing = np.zeros(0, dtype=np.int64)
    seam = np.flatnonzero(edges.net)
    at = seam_points(edges)
    if len(at) == 0:
        return nothing, nothing
    points = surface.vertices.astype(np.float64)
    one, other = points[edges.low[seam]], points[edges.high[seam]]
    lower, upper = np.minimum(one, other) - reach_mm, np.maximum(one, other) + reach_mm
    sweeps = []
    for axis in range(3):
        order = at[np.argsort(points[at, axis], kind="stable")]
        first = np.searchsorted(points[order, axis], lower[:, axis], side="left")
        counts = np.searchsorted(points[order, axis], upper[:, axis], side="right") - first
        sweeps.append((int(counts.sum()), axis, order, first, counts))
    total, _, order, first, counts = min(sweeps, key=lambda sweep: sweep[:2])
    if total > _PAIR_BUDGET:
        return nothing, nothing
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    ends = np.cumsum(counts)
    begin = 0
    while begin < len(seam):
        done = int(ends[begin - 1]) if begin else 0
        stop = max(begin + 1, int(np.searchsorted(ends, done + _PAIRS_AT_ONCE, side="right")))
        here = counts[begin:stop]
        row = np.repeat(np.arange(begin, stop), here)
        offset = np.arange(len(row)) - np.repeat(np.cumsum(here) - here, here)
        point = order[first[row] + offset]
        in_box = ((points[point] >= lower[row]) & (points[point] <= upper[row])).all(axis=1)
        row, point = row[in_box], point[in_box]
        along = other[row] - one[row]
        length = np.linalg.norm(along, axis=1)
        reach = np.einsum("ij,ij->i", points[point] - one[row], along) / np.maximum(length, 1e-300)
        away = np.linalg.norm(
            points[point] - one[row] - along * (reach / np.maximum(length, 1e-300))[:, None], axis=1
        )
        on = (away <= reach_mm) & (reach > 0) & (reach < length)
        on &= (point != edges.low[seam[row]]) & (point != edges.high[seam[row]])
        found.append((seam[row[on]], point[on], reach[on]))
        begin = stop
    edge, point, reach = (np.concatenate(column) for column in zip(*found, strict=True))
    ordered = np.lexsort((point, reach, edge))
    return edge[ordered], point[ordered]


def _split(
    surface: Surface, edges: Edges, edge: NDArray[np.int64], point: NDArray[np.int64]
) -> tuple[Surface, int]:
    """Split each facet at the points of one of its edges, into a fan from the corner opposite."""
    starts = np.flatnonzero(np.concatenate(([True], edge[1:] != edge[:-1])))
    stops = np.append(starts[1:], len(edge))
    taken: set[int] = set()
    dropped: list[int] = []
    facets: list[tuple[int, int, int]] = []
    sources: list[int] = []
    faces, put_in = surface.faces, 0
    for start, stop in zip(starts.tolist(), stops.tolist(), strict=True):
        at = int(edge[start])
        halves = edges.order[edges.starts[at] : edges.starts[at] + edges.counts[at]].tolist()
        on_edge = point[start:stop].tolist()
        for half in halves:
            facet, corner = divmod(half, 3)
            if facet in taken:
                continue
            a, b, c = (int(faces[facet, (corner + step) % 3]) for step in range(3))
            if c in on_edge:
                continue
            taken.add(facet)
            dropped.append(facet)
            put_in += len(on_edge)
            path = [a, *(on_edge if a < b else on_edge[::-1]), b]
            facets += [(p, q, c) for p, q in pairwise(path)]
            sources += [int(surface.source[facet])] * (len(path) - 1)
    if not facets:
        return surface, 0
    keep = np.ones(len(faces), dtype=np.bool_)
    keep[dropped] = False
    kept = surface.only(keep)
    return (
        replace(
            kept,
            faces=np.concatenate((kept.faces, np.array(facets, dtype=np.int64))),
            source=np.concatenate((kept.source, np.array(sources, dtype=np.int64))),
        ),
        put_in,
    )
