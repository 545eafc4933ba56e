"""Which shells lie inside others: hollows, and bodies within bodies."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.topology import Topology

# Point-in-shell tests cost facets times points; beyond this many products the box alone decides.
_NESTING_BUDGET = 20_000_000
# Boxes are compared with all others'; beyond this many pairs a shell counts as lying in none.
_BOX_BUDGET = 50_000_000
_BLOCK = 65_536
# A point inside has winding 1, one on a flat side 0.5, one on an inner edge up to 0.75.
_HOLLOW_WINDING = 0.5
_NESTED_WINDING = 0.9
_NESTED_POINTS = 3


def nesting(
    topology: Topology,
    closed: NDArray[np.bool_],
    volumes: NDArray[np.float64],
    boxes: tuple[NDArray[np.float32], NDArray[np.float32]] | None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find closed shells inside a closed shell that faces outwards.

    A shell is inside when its box is, and some of its facets' middles are, by winding numbers.
    With thousands of shells, or large ones, the budgets end the search: past the first a box alone
    decides for hollows, and says no for bodies; past the second both are no.

    Args:
        topology: the welded mesh.
        closed: bool (s,).
        volumes: signed, mm3, float64 (s,); negative faces inwards.
        boxes: lower and upper corners of the shells' boxes, float32 (s, 3), where they are known.

    Returns:
        ``cavity``, those that face inwards, and ``nested``, those that face outwards; bool (s,).
    """
    cavity, nested = np.zeros_like(closed), np.zeros_like(closed)
    outward = np.flatnonzero(closed & (volumes > 0))
    if len(closed) == 1 or len(outward) == 0:
        return cavity, nested
    lower, upper = boxes or _shell_boxes(topology, len(closed))
    rows_of: _Rows | None = None
    box_budget, budget = _BOX_BUDGET, _NESTING_BUDGET
    # Hollows first: a part with one is common, and calling it inside out would block it.
    turn = np.concatenate((np.flatnonzero(closed & (volumes < 0)), outward))
    for shell in turn.tolist():
        hollow = bool(volumes[shell] < 0)
        box_budget -= len(outward)
        if box_budget < 0:
            break
        around = outward[
            (lower[outward] <= lower[shell]).all(axis=1)
            & (upper[outward] >= upper[shell]).all(axis=1)
            & (outward != shell)
        ]
        if len(around) == 0:
            continue
        rows_of = rows_of or _Rows(topology.shell_of, len(closed))
        own = rows_of.of(shell)
        at = own[-1:] if hollow else own[:: max(1, len(own) // _NESTED_POINTS)][:_NESTED_POINTS]
        points = topology.vertices[topology.faces[at]].astype(np.float64).mean(axis=1)
        for host in around.tolist():
            rows = rows_of.of(host)
            budget -= len(rows) * len(points)
            if budget < 0:
                cavity[shell] = hollow
                break
            least = _HOLLOW_WINDING if hollow else _NESTED_WINDING
            if all(_winding(topology, rows, point) > least for point in points):
                (cavity if hollow else nested)[shell] = True
                break
    return cavity, nested


class _Rows:
    """The facets of each shell; sorted only when the first box lies in another."""

    def __init__(self, shell_of: NDArray[np.int32], count: int) -> None:
        self._order = np.argsort(shell_of, kind="stable")
        self._ends = np.cumsum(np.bincount(shell_of, minlength=count))

    def of(self, shell: int) -> NDArray[np.int64]:
        """Return rows of ``faces``, ascending."""
        start = int(self._ends[shell - 1]) if shell else 0
        return self._order[start : int(self._ends[shell])]


def _shell_boxes(topology: Topology, count: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lower and upper corners of the shells' boxes; each shell has a facet, so none is empty."""
    lower = np.full((count, 3), np.inf, dtype=np.float32)
    upper = -lower
    for corner in range(3):
        for axis in range(3):
            at = topology.vertices[topology.faces[:, corner], axis]
            np.minimum.at(lower[:, axis], topology.shell_of, at)
            np.maximum.at(upper[:, axis], topology.shell_of, at)
    return lower, upper


def _winding(topology: Topology, rows: NDArray[np.int64], point: NDArray[np.float64]) -> float:
    """How often a closed surface goes round a point: the sum of solid angles over 4 pi.

    Van Oosterom and Strackee, "The Solid Angle of a Plane Triangle", 1983.
    """
    total = 0.0
    for at in range(0, len(rows), _BLOCK):
        corners = topology.vertices[topology.faces[rows[at : at + _BLOCK]]].astype(np.float64)
        a, b, c = (corners[:, corner] - point for corner in range(3))
        la, lb, lc = (np.linalg.norm(side, axis=1) for side in (a, b, c))
        above = np.einsum("ij,ij->i", a, np.cross(b, c))
        below = (
            la * lb * lc
            + np.einsum("ij,ij->i", a, b) * lc
            + np.einsum("ij,ij->i", b, c) * la
            + np.einsum("ij,ij->i", c, a) * lb
        )
        total += float(np.arctan2(above, below).sum())
    return abs(total) / (2 * np.pi)
