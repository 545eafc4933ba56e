"""Which facets come near each other: a tree of boxes over facets sorted along a space curve.

Boxes are of float32 and compared, never computed with, so nothing is lost to rounding. The tree
does not care how different in size the facets are, as a grid would.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.searches.crossings_work import Work

BRANCHES = 4
_TOP_NODES = 128
# Pairs of nodes looked at in one go: 16 pairs of children each, some 20 bytes a pair of children.
_CHUNK = 1 << 13
_CURVE_BITS = 16
# Steps of work (``crossings_work``): for a pair of nodes, and for a pair of facets found.
_NODE_STEPS = 90
_PAIR_STEPS = 40

Boxes = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class BoxTree:
    """Boxes of facets and of groups of four, of groups of these, and so on.

    Args:
        order: int64 (n,), facet at each place of the lowest level.
        lower: for each level, lowest first, float32 (3, nodes); every level but the top one is
            filled up to a multiple of four with boxes that meet nothing.
        upper: the same for the upper corners.
    """

    order: Rows
    lower: tuple[Boxes, ...]
    upper: tuple[Boxes, ...]


def box_tree(vertices: NDArray[np.float32], faces: NDArray[np.int32]) -> BoxTree:
    """Build the tree over the facets of a welded mesh, at least one."""
    first, second, third = (vertices[faces[:, corner]] for corner in range(3))
    lower = np.minimum(first, second)
    np.minimum(lower, third, out=lower)
    upper = np.maximum(first, second, out=first)
    np.maximum(upper, third, out=upper)
    del second, third
    order = np.argsort(_curve(lower, upper), kind="stable")
    lowers = [np.ascontiguousarray(lower[order].T)]
    uppers = [np.ascontiguousarray(upper[order].T)]
    while lowers[-1].shape[1] > _TOP_NODES:
        lowers[-1], uppers[-1] = _filled(lowers[-1], np.inf), _filled(uppers[-1], -np.inf)
        low, high = lowers[-1], uppers[-1]
        lowers.append(np.minimum(np.minimum(low[:, ::4], low[:, 1::4]), low[:, 2::4]))
        np.minimum(lowers[-1], low[:, 3::4], out=lowers[-1])
        uppers.append(np.maximum(np.maximum(high[:, ::4], high[:, 1::4]), high[:, 2::4]))
        np.maximum(uppers[-1], high[:, 3::4], out=uppers[-1])
    return BoxTree(order, tuple(lowers), tuple(uppers))


def _filled(values: Boxes, filler: float) -> Boxes:
    missing = -values.shape[1] % BRANCHES
    if missing == 0:
        return values
    return np.concatenate((values, np.full((3, missing), filler, dtype=np.float32)), axis=1)


def _curve(lower: Boxes, upper: Boxes) -> NDArray[np.uint64]:
    """Place of each box's middle on a Z-order curve (Morton, 1966)."""
    start = (lower.min(axis=0).astype(np.float64) + upper.min(axis=0))[None]
    span = float((lower.max(axis=0).astype(np.float64) + upper.max(axis=0) - start[0]).max())
    scale = (2**_CURVE_BITS - 1) / span if span > 2.0**-120 else 0.0
    place = np.zeros(len(lower), dtype=np.uint64)
    for axis in range(3):
        middle = lower[:, axis].astype(np.float64) + upper[:, axis]
        bits = ((middle - start[0, axis]) * scale).astype(np.uint64)
        for shift, mask in (
            (32, 0x1F00000000FFFF),
            (16, 0x1F0000FF0000FF),
            (8, 0x100F00F00F00F00F),
            (4, 0x10C30C30C30C30C3),
            (2, 0x1249249249249249),
        ):
            bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
        place |= bits << np.uint64(axis)
    return place


def near_pairs(tree: BoxTree, work: Work) -> Iterator[tuple[Rows, Rows]]:
    """Yield pairs of facets whose insides may meet, each pair once, in portions of bounded size.

    The insides of two boxes must meet: boxes that only touch hold facets that only touch. An inside
    along an axis is the open interval, or the one value where the facet is flat. Ends early when
    the work is used up (``work.left`` is below zero then).
    """
    top = len(tree.lower) - 1
    meet = np.tri(tree.lower[top].shape[1], dtype=np.bool_).T
    for low, high in zip(tree.lower[top], tree.upper[top], strict=True):
        below = low[:, None] <= high
        meet &= below & below.T
    one, other = np.nonzero(meet)
    pending = [(top, one, other)]
    while pending:
        level, one, other = pending.pop()
        if level == 0:
            found = _with_insides_that_meet(tree, one, other)
            if not work.take(len(one) * _PAIR_STEPS):
                return
            yield found
            continue
        if len(one) > _CHUNK:
            pending += [
                (level, one[at : at + _CHUNK], other[at : at + _CHUNK])
                for at in range(0, len(one), _CHUNK)
            ]
            continue
        if not work.take(len(one) * _NODE_STEPS):
            return
        pending.append((level - 1, *_children(tree, level - 1, one, other)))


def _children(tree: BoxTree, level: int, one: Rows, other: Rows) -> tuple[Rows, Rows]:
    """Pairs of children that meet; of a node with itself, each pair once."""
    meet = np.ones((BRANCHES, BRANCHES, len(one)), dtype=np.bool_)
    for low, high in zip(tree.lower[level], tree.upper[level], strict=True):
        # Children first: the innermost loops run along the pairs.
        low_four = low.reshape(-1, BRANCHES).T
        high_four = high.reshape(-1, BRANCHES).T
        meet &= low_four[:, None, one] <= high_four[None, :, other]
        meet &= high_four[:, None, one] >= low_four[None, :, other]
    apart = one != other
    for child in range(1, BRANCHES):
        meet[child, :child] &= apart
    children, pair = np.divmod(np.flatnonzero(meet), len(one) or 1)
    return one[pair] * BRANCHES + children // BRANCHES, other[pair] * BRANCHES + children % BRANCHES


def _with_insides_that_meet(tree: BoxTree, one: Rows, other: Rows) -> tuple[Rows, Rows]:
    apart = one != other
    meet = apart
    for low, high in zip(tree.lower[0], tree.upper[0], strict=True):
        low_one, high_one, low_other, high_other = low[one], high[one], low[other], high[other]
        strictly = (low_one < high_other) & (low_other < high_one)
        meet &= strictly | ((low_one == high_other) & (low_other == high_one))
    at = np.flatnonzero(meet)
    return tree.order[one[at]], tree.order[other[at]]
