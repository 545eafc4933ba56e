"""Turn facets and shells so that all face outwards, and hollows inwards."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected
from parts3d.meshes.repairing.surface import Surface, edges_of, patches_of

_INSIDE = 0.5
# Point-in-shell tests cost facets times points; beyond this many products the box decides.
_NESTING_BUDGET = 20_000_000


def agree(surface: Surface) -> tuple[Surface, int]:
    """Turn the smaller party of each patch to face as the larger; count the facets turned.

    Each facet stands twice in a graph, once as it is and once turned; neighbours that agree link
    like to like, others like to turned. A patch with one side only (a Moebius strip) stays.
    """
    edges = edges_of(surface.faces)
    one, other, same_way = edges.pairs()
    if not same_way.any():
        return surface, 0
    count = len(surface.faces)
    shift = same_way * count
    components, label = connected(
        2 * count,
        np.concatenate((one, one + count)),
        np.concatenate((other + shift, other + count - shift)),
    )
    straight, turned = label[:count], label[count:]
    areas = np.linalg.norm(
        np.cross(
            surface.corners_mm[:, 1] - surface.corners_mm[:, 0],
            surface.corners_mm[:, 2] - surface.corners_mm[:, 0],
        ),
        axis=1,
    )
    # By number, as the check counts them; equal numbers by area.
    party = np.bincount(straight, minlength=components)
    area = np.bincount(straight, weights=areas, minlength=components)
    fewer = party[straight] < party[turned]
    level = party[straight] == party[turned]
    smaller = area[straight] < area[turned]
    level_area = area[straight] == area[turned]
    turn = fewer | (level & (smaller | (level_area & (straight > turned))))
    turn &= straight != turned
    return surface.turned(turn), int(turn.sum())


def face_outwards(surface: Surface) -> tuple[Surface, int, int]:
    """Turn closed shells that are inside out; count shells and facets turned.

    A tree of nested shells whose outermost faces inwards is turned as its depth says: outside,
    hollow, body in the hollow, and so on. A tree whose outermost faces outwards stays, so that
    real hollows do.
    """
    if len(surface.faces) == 0:
        return surface, 0, 0
    edges = edges_of(surface.faces)
    count, shell_of = patches_of(surface.faces, edges)
    corners = surface.corners_mm
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])) / 6
    volumes = np.bincount(shell_of, weights=volume, minlength=count).astype(np.float64)
    closed = _closed(surface, shell_of, count)
    if not (closed & (volumes < 0)).any():
        return surface, 0, 0
    hosts = _hosts(corners, shell_of, closed, volumes)
    depth = np.array([len(around) for around in hosts])
    root = np.array([min(around, key=lambda host: (depth[host], host), default=shell)
                     for shell, around in enumerate(hosts)])  # fmt: skip
    wanted_inward = depth % 2 == 1
    turn_shell = closed & (volumes[root] < 0) & ((volumes < 0) != wanted_inward)
    turn = turn_shell[shell_of]
    return surface.turned(turn), int(turn_shell.sum()), int(turn.sum())


def _closed(surface: Surface, shell_of: NDArray[np.int32], count: int) -> NDArray[np.bool_]:
    """Which shells have no seam of their own."""
    start = surface.faces.reshape(-1)
    end = surface.faces[:, [1, 2, 0]].reshape(-1)
    shell = np.repeat(shell_of, 3).astype(np.int64)
    ways = np.where(start < end, 1, -1)
    order = np.lexsort((np.maximum(start, end), np.minimum(start, end), shell))
    low, high = np.minimum(start, end)[order], np.maximum(start, end)[order]
    owner = shell[order]
    new = (low[1:] != low[:-1]) | (high[1:] != high[:-1]) | (owner[1:] != owner[:-1])
    starts = np.flatnonzero(np.concatenate(([True], new)))
    net = np.add.reduceat(ways[order], starts)
    closed = np.ones(count, dtype=np.bool_)
    closed[owner[starts][net != 0]] = False
    return closed


def _hosts(
    corners: NDArray[np.float64],
    shell_of: NDArray[np.int32],
    closed: NDArray[np.bool_],
    volumes: NDArray[np.float64],
) -> list[list[int]]:
    """For each shell the closed shells it lies in."""
    count = len(closed)
    lower, upper = np.full((count, 3), np.inf), np.full((count, 3), -np.inf)
    for corner in range(3):
        np.minimum.at(lower, shell_of, corners[:, corner])
        np.maximum.at(upper, shell_of, corners[:, corner])
    order = np.argsort(shell_of, kind="stable")
    stops = np.cumsum(np.bincount(shell_of, minlength=count))
    starts = np.concatenate(([0], stops[:-1]))
    budget = _NESTING_BUDGET
    hosts: list[list[int]] = [[] for _ in range(count)]
    solid = closed & (volumes != 0)
    for shell in np.flatnonzero(solid).tolist():
        budget -= count
        if budget < 0:
            break
        around = solid & (lower <= lower[shell]).all(axis=1) & (upper >= upper[shell]).all(axis=1)
        around[shell] = False
        point = corners[order[starts[shell]]].mean(axis=0)
        for host in np.flatnonzero(around).tolist():
            budget -= int(stops[host] - starts[host])
            rows = order[starts[host] : stops[host]]
            if budget < 0 or winding(corners[rows], point) > _INSIDE:
                hosts[shell].append(host)
    return hosts


def winding(corners: NDArray[np.float64], point: NDArray[np.float64]) -> float:
    """How often a closed surface goes round a point: the sum of solid angles over 4 pi.

    Van Oosterom and Strackee, "The Solid Angle of a Plane Triangle", 1983.
    """
    a, b, c = (corners[:, corner] - point for corner in range(3))
    la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
    above = np.einsum("ij,ij->i", a, np.cross(b, c))
    below = (
        la * lb * lc
        + np.einsum("ij,ij->i", a, b) * lc
        + np.einsum("ij,ij->i", b, c) * la
        + np.einsum("ij,ij->i", c, a) * lb
    )
    return abs(float(np.arctan2(above, below).sum())) / (2 * np.pi)
