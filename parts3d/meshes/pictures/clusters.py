"""Which marks are seen as one in the picture, so that each group can be ringed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected

MOST_RINGS = 12
_NEAR = (0.03, 0.06, 0.12)  # of the picture: closer marks are one group; coarser if too many
_SMALL = 0.07  # of the picture: a seen group that is smaller is ringed
_SMALL_HIDDEN = 0.3  # and one that is not seen
_REST = 0.4  # one ring round all the rest only says something if it is no larger
_ROOM = 0.016  # of the picture, between a mark and its ring
_LEAST_RADIUS = 0.034
_SEEN_SHARE = 0.1
_APART = 0.004  # of the picture: marks further apart are counted as places of their own


@dataclass(frozen=True, slots=True, eq=False)
class Cluster:
    """Marks near each other in the picture.

    Args:
        rows: int64 (k,), which marks.
        lower: pixels, (2,), upper left corner of their box.
        upper: pixels, (2,), lower right corner.
        seen: whether a tenth of them or more is not hidden.
    """

    rows: NDArray[np.int64]
    lower: NDArray[np.float64]
    upper: NDArray[np.float64]
    seen: bool

    @property
    def extent(self) -> float:
        """The longer side of the box, pixels."""
        return float((self.upper - self.lower).max())


@dataclass(frozen=True, slots=True)
class Ring:
    """A circle round marks, pixels; dashed where what it means is hidden.

    ``places``: how many places it holds that are seen apart when magnified.
    """

    x: float
    y: float
    radius: float
    dashed: bool
    places: int = 1

    def within(self, rings: Sequence["Ring"]) -> "Ring":
        """Return the first of the rings round this one's middle, or this one."""
        for ring in rings:
            if np.hypot(ring.x - self.x, ring.y - self.y) < ring.radius:
                return ring
        return self


def clusters(
    places: NDArray[np.float64], hidden: NDArray[np.bool_], size: int
) -> tuple[Cluster, ...]:
    """Group marks that are near each other in the picture, the group of most marks first.

    Args:
        places: (n, k, 2), pixels of the k corners of each mark.
        hidden: bool (n,), which are behind something.
        size: pixels a side of the picture.
    """
    if len(places) == 0:
        return ()
    for near in _NEAR:
        labels = _grouped(places, near * size)
        groups = labels.max() + 1
        if groups <= MOST_RINGS:
            break
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], np.arange(groups))
    sorted_places = places[order]
    lower = np.minimum.reduceat(sorted_places.min(axis=1), starts)
    upper = np.maximum.reduceat(sorted_places.max(axis=1), starts)
    counts = np.diff(starts, append=len(order))
    seen = np.add.reduceat((~hidden[order]).astype(np.int64), starts) >= _SEEN_SHARE * counts
    ends = starts + counts
    return tuple(
        Cluster(order[starts[at] : ends[at]], lower[at], upper[at], bool(seen[at]))
        for at in np.argsort(-counts, kind="stable")
    )


def rings_for(
    groups: Sequence[Cluster], places: NDArray[np.float64], size: int
) -> tuple[Ring, ...]:
    """Return a ring for each group that is hard to see; beyond ``MOST_RINGS`` one for the rest.

    Args:
        groups: from ``clusters``.
        places: what they were made from.
        size: pixels a side of the picture.
    """
    hard = [one for one in groups if one.extent < (_SMALL if one.seen else _SMALL_HIDDEN) * size]
    if len(hard) <= MOST_RINGS:
        return tuple(_ring([one], places, size) for one in hard)
    rings = [_ring([one], places, size) for one in hard[: MOST_RINGS - 1]]
    last = _ring(hard[MOST_RINGS - 1 :], places, size)
    return (*rings, last) if last.radius < _REST / 2 * size else tuple(rings)


def _ring(groups: Sequence[Cluster], places: NDArray[np.float64], size: int) -> Ring:
    lower = np.min([one.lower for one in groups], axis=0)
    upper = np.max([one.upper for one in groups], axis=0)
    x, y = ((lower + upper) / 2).tolist()
    half = float(np.hypot(*(upper - lower))) / 2
    radius = max(half + _ROOM * size, _LEAST_RADIUS * size)
    # A mark at the picture's edge keeps its ring inside.
    margin = min(radius + 2, size / 2)
    x, y = (min(max(value, margin), size - margin) for value in (x, y))
    apart = _grouped(places[np.concatenate([one.rows for one in groups])], _APART * size)
    dashed = not any(one.seen for one in groups)
    return Ring(x, y, radius, dashed, int(apart.max()) + 1)


def _grouped(places: NDArray[np.float64], cell: float) -> NDArray[np.int32]:
    """Number the groups: marks are joined where corners lie in the same or touching cells."""
    steps = np.clip(np.floor(places / cell), -1000, 1000).astype(np.int64) + 1001
    keys = steps[..., 1] * 4096 + steps[..., 0]
    occupied, number = np.unique(keys, return_inverse=True)
    number = number.reshape(keys.shape)
    first = [np.repeat(number[:, 0], keys.shape[1] - 1)]
    second = [number[:, 1:].reshape(-1)]
    for step in (1, 4095, 4096, 4097):
        beside = np.minimum(np.searchsorted(occupied, occupied + step), len(occupied) - 1)
        there = np.flatnonzero(occupied[beside] == occupied + step)
        first.append(there)
        second.append(beside[there])
    _, label = connected(len(occupied), np.concatenate(first), np.concatenate(second))
    _, dense = np.unique(label[number[:, 0]], return_inverse=True)
    return np.asarray(dense.reshape(-1), dtype=np.int32)
