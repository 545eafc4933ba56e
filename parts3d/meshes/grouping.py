"""Equal rows and connected nodes: the two primitives that welding, edges and shells are made of.

In numpy, both are linear but for one sort of 64-bit integers, and exact: hashes only bring rows
together, equality is always decided on the rows themselves.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.kernels import compiled

_MULTIPLIERS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9)
_FEW_LINKS = 300_000


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """Rows sorted so that equal ones stand together.

    Args:
        order: int64 (n,), row numbers, group after group, ascending within a group.
        starts: int64 (g,), where in ``order`` each group begins.
    """

    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Size of each group, int64 (g,)."""
        return np.diff(self.starts, append=len(self.order))

    def labels(self) -> NDArray[np.int32]:
        """The group number of each row, int32 (n,)."""
        marks = np.zeros(len(self.order), dtype=np.int32)
        marks[self.starts[1:]] = 1
        labels = np.empty(len(self.order), dtype=np.int32)
        labels[self.order] = np.cumsum(marks, dtype=np.int32)
        return labels


def group_equal(columns: Sequence[NDArray[np.uint32]]) -> Groups:
    """Group the rows that are equal in every column.

    A hash of the row and its number share one 64-bit word, so one plain sort of integers does it
    (several times faster than ``lexsort``). Rows of different content under one hash are sorted
    out exactly; an attacker who makes many only pays the slower sort.

    Args:
        columns: one to three uint32 arrays of the same length n < 2**31.
    """
    rows = len(columns[0])
    shift = np.uint64(max(1, rows.bit_length()))
    keys = columns[0].astype(np.uint64)
    for column, multiplier in zip((*columns[1:], None), _MULTIPLIERS, strict=False):
        keys *= np.uint64(multiplier)
        keys ^= keys >> np.uint64(29)
        if column is not None:
            keys += column
    keys *= np.uint64(0xD6E8FEB86659FD93)
    keys >>= shift
    keys <<= shift
    keys |= np.arange(rows, dtype=np.uint64)
    keys.sort()
    order = (keys & ((np.uint64(1) << shift) - np.uint64(1))).astype(np.int64)
    keys >>= shift
    same_hash = keys[1:] == keys[:-1]
    del keys
    equal = _equal_to_next(columns, order)
    if (same_hash & ~equal).any():
        order = _sort_out(columns, order, same_hash, same_hash & ~equal)
        equal = _equal_to_next(columns, order)
    starts = np.flatnonzero(~equal) + 1
    return Groups(order, np.concatenate(([0], starts)) if rows else starts)


def _equal_to_next(
    columns: Sequence[NDArray[np.uint32]], order: NDArray[np.int64]
) -> NDArray[np.bool_]:
    equal = np.ones(max(0, len(order) - 1), dtype=np.bool_)
    for column in columns:
        ordered = column[order]
        equal &= ordered[1:] == ordered[:-1]
    return equal


def _sort_out(
    columns: Sequence[NDArray[np.uint32]],
    order: NDArray[np.int64],
    same_hash: NDArray[np.bool_],
    mixed: NDArray[np.bool_],
) -> NDArray[np.int64]:
    """Sort the runs of one hash that hold different rows by the rows themselves."""
    run = np.concatenate(([0], np.cumsum(~same_hash)))
    is_mixed = np.zeros(int(run[-1]) + 1, dtype=np.bool_)
    is_mixed[run[1:][mixed]] = True
    at = np.flatnonzero(is_mixed[run])
    rows = order[at]
    by_content = np.lexsort((*(column[rows] for column in columns), run[at]))
    sorted_out = order.copy()
    sorted_out[at] = rows[by_content]
    return sorted_out


def number_equal(
    rows: NDArray[np.uint32], *, by_kernels: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64] | NDArray[np.int32]]:
    """Number equal rows alike.

    Args:
        rows: uint32 (n, 3), n < 2**31.
        by_kernels: by the compiled kernels, in the order of first appearance; else by numpy, in
            an order that depends on the rows alone.

    Returns:
        The number of each row, int32 (n,), and the row where each number first appears.
    """
    if by_kernels:
        return compiled.number_rows(np.ascontiguousarray(rows))
    groups = group_equal([np.ascontiguousarray(rows[:, column]) for column in range(3)])
    return groups.labels(), groups.order[groups.starts]


def connected(
    nodes: int, first: NDArray[np.int64], second: NDArray[np.int64], *, by_kernels: bool = False
) -> tuple[int, NDArray[np.int32]]:
    """Connected components of an undirected graph: their number, and each node's label.

    Args:
        nodes: number of nodes.
        first: one end of each link.
        second: the other end.
        by_kernels: by the compiled union-find; else by numpy, or scipy where links are many.
    """
    if by_kernels:
        return compiled.components(nodes, first, second)
    if len(first) <= _FEW_LINKS:
        return _connected_by_hooking(nodes, first, second)
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = coo_array((np.ones(len(first), dtype=np.int8), (first, second)), shape=(nodes, nodes))
    count, labels = connected_components(links.tocsr(), directed=False)
    return int(count), np.asarray(labels, dtype=np.int32)


def _connected_by_hooking(
    nodes: int, first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[int, NDArray[np.int32]]:
    """Do the same with numpy alone: importing scipy takes longer than a usual part does.

    Each root hooks onto its smallest neighbour's, then all paths are cut short, until no link
    joins two roots (Shiloach and Vishkin, "An O(log n) parallel connectivity algorithm", 1982).
    """
    root = np.arange(nodes, dtype=np.int64)
    while True:
        one, other = root[first], root[second]
        apart = one != other
        if not apart.any():
            break
        first, second = first[apart], second[apart]
        one, other = one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while True:
            higher = root[root]
            if (higher == root).all():
                break
            root = higher
    roots, labels = np.unique(root, return_inverse=True)
    return len(roots), labels.reshape(-1).astype(np.int32)
