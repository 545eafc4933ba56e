"""Which facets come near each other: a tree of boxes over facets sorted along a space curve.

Boxes are of float32 and compared, never computed with, so nothing is lost to rounding. The tree
does not care how different in size the facets are, as a grid would.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BRANCHES = 4
_TOP_NODES = 64
# Pairs of nodes looked at in one go: 16 pairs of children each, some 20 bytes a pair of children.
_CHUNK = 1 << 15
_CURVE_BITS = 16

Boxes = NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class BoxTree:
    """Boxes of facets and of groups of four, of groups of these, and so on.

    Args:
        order: int64 (n,), facet at each place of the lowest level.
        lower: for each level, lowest first, float32 (3, nodes); every level but the top one is
            filled up to a multiple of four with boxes that meet nothing.
        upper: the same for the upper corners.
    """

    order: NDArray[np.int64]
    lower: tuple[Boxes, ...]
    upper: tuple[Boxes, ...]


def box_tree(corners: NDArray[np.float32]) -> BoxTree:
    """Build the tree over facets.

    Args:
        corners: float32 (n, 3, 3), facet, corner, x y z; n >= 1.
    """
    lower = np.ascontiguousarray(
        np.minimum(np.minimum(corners[:, 0], corners[:, 1]), corners[:, 2]).T
    )
    upper = np.ascontiguousarray(
        np.maximum(np.maximum(corners[:, 0], corners[:, 1]), corners[:, 2]).T
    )
    order = np.argsort(_curve(lower, upper), kind="stable")
    lowers, uppers = [lower[:, order]], [upper[:, order]]
    while lowers[-1].shape[1] > _TOP_NODES:
        lowers[-1], uppers[-1] = _filled(lowers[-1], np.inf), _filled(uppers[-1], -np.inf)
        lowers.append(lowers[-1].reshape(3, -1, BRANCHES).min(axis=2))
        uppers.append(uppers[-1].reshape(3, -1, BRANCHES).max(axis=2))
    return BoxTree(order, tuple(lowers), tuple(uppers))


def _filled(values: Boxes, filler: float) -> Boxes:
    missing = -values.shape[1] % BRANCHES
    if missing == 0:
        return values
    return np.concatenate((values, np.full((3, missing), filler, dtype=np.float32)), axis=1)


def _curve(lower: Boxes, upper: Boxes) -> NDArray[np.uint64]:
    """Place of each box's middle on a Z-order curve (Morton, 1966)."""
    middle = lower.astype(np.float64) + upper
    start = middle.min(axis=1, keepdims=True)
    span = float((middle - start).max())
    cells = (middle - start) * ((2**_CURVE_BITS - 1) / span if span > 2.0**-120 else 0.0)
    bits = cells.astype(np.uint64)
    for shift, mask in (
        (32, 0x1F00000000FFFF),
        (16, 0x1F0000FF0000FF),
        (8, 0x100F00F00F00F00F),
        (4, 0x10C30C30C30C30C3),
        (2, 0x1249249249249249),
    ):
        bits = (bits | (bits << np.uint64(shift))) & np.uint64(mask)
    return np.asarray(bits[0] | (bits[1] << np.uint64(1)) | (bits[2] << np.uint64(2)))


def near_pairs(tree: BoxTree) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Yield pairs of facets whose insides may meet, each pair once, in portions of bounded size.

    The insides of two boxes must meet: boxes that only touch hold facets that only touch. An inside
    along an axis is the open interval, or the one value where the facet is flat.
    """
    top = len(tree.lower) - 1
    one, other = np.triu_indices(tree.lower[top].shape[1])
    meet = np.ones(len(one), dtype=np.bool_)
    for low, high in zip(tree.lower[top], tree.upper[top], strict=True):
        meet &= (low[one] <= high[other]) & (low[other] <= high[one])
    work = [(top, one[meet], other[meet])]
    while work:
        level, one, other = work.pop()
        if level == 0:
            apart = one != other
            one, other = one[apart], other[apart]
            inside = _insides_meet(tree, one, other)
            yield tree.order[one[inside]], tree.order[other[inside]]
            continue
        work.extend(
            (level - 1, *_children(tree, level - 1, one[at : at + _CHUNK], other[at : at + _CHUNK]))
            for at in range(0, len(one), _CHUNK)
        )


def _children(
    tree: BoxTree, level: int, one: NDArray[np.int64], other: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of children that meet; of a node with itself, each pair once."""
    meet = np.ones((len(one), BRANCHES, BRANCHES), dtype=np.bool_)
    for low, high in zip(tree.lower[level], tree.upper[level], strict=True):
        low_four, high_four = low.reshape(-1, BRANCHES), high.reshape(-1, BRANCHES)
        meet &= low_four[one][:, :, None] <= high_four[other][:, None, :]
        meet &= high_four[one][:, :, None] >= low_four[other][:, None, :]
    meet[one == other] &= np.tri(BRANCHES, dtype=np.bool_).T
    at = np.flatnonzero(meet)
    pair, child = np.divmod(at, BRANCHES * BRANCHES)
    return one[pair] * BRANCHES + child // BRANCHES, other[pair] * BRANCHES + child % BRANCHES


def _insides_meet(
    tree: BoxTree, one: NDArray[np.int64], other: NDArray[np.int64]
) -> NDArray[np.bool_]:
    meet = np.ones(len(one), dtype=np.bool_)
    for low, high in zip(tree.lower[0], tree.upper[0], strict=True):
        low_one, high_one, low_other, high_other = low[one], high[one], low[other], high[other]
        strictly = (low_one < high_other) & (low_other < high_one)
        meet &= strictly | ((low_one == high_other) & (low_other == high_one))
    return meet
