"""A part cut at many heights at once: level sections as closed contours.

Each triangle knows which heights it crosses, so all cuts are made in one pass over arrays. A cut
runs from one edge of its triangle to another; the next cut begins on that edge. Where a broken
mesh leaves a contour open, it is closed straight, as slicers do.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from manifold3d import CrossSection, FillRule
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Contours are told apart by the slicer to about that much (PrusaSlicer: 0.0125 mm).
_RESOLUTION_MM = 0.0125
# Ends of open contours this near are joined (PrusaSlicer: 2 mm, ``TriangleMeshSlicer.cpp``).
_GAP_MM = 2.0
# A facet is upright where its normal is level to about that much.
_UPRIGHT = 1e-4


def outlines(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], heights_mm: Floats
) -> tuple[Floats, Floats]:
    """Return length (mm) and enclosed area (mm²) of the outline at each height, quickly.

    Without contours: the area is half the sum of the cuts' cross products (Green's theorem), so
    bodies within bodies count twice and open contours are closed through the middle.
    """
    cuts = _cut(vertices.astype(np.float64), faces.astype(np.int64), heights_mm)
    middle = (vertices[:, :2].min(axis=0) + vertices[:, :2].max(axis=0)) / 2
    begin, end = cuts.begin - middle, cuts.end - middle
    count = len(heights_mm)
    sides = np.linalg.norm(end - begin, axis=1)
    twice = begin[:, 0] * end[:, 1] - begin[:, 1] * end[:, 0]
    length: Floats = np.bincount(cuts.height, sides, minlength=count).astype(np.float64)
    area: Floats = np.abs(np.bincount(cuts.height, twice, minlength=count)) / 2
    return length, area


@dataclass(frozen=True, slots=True, eq=False)
class _Cuts:
    """Cuts of triangles: the height each belongs to, both ends, and the edges these lie on."""

    height: Ints
    begin: Floats
    end: Floats
    begin_edge: Ints
    end_edge: Ints


def sections(
    vertices: NDArray[np.float32], faces: NDArray[np.int32], heights_mm: Floats
) -> list[CrossSection]:
    """Cut a part level at the given heights.

    Args:
        vertices: (v, 3), mm, as it stands on the bed.
        faces: (f, 3), vertex numbers.
        heights_mm: ascending; best not exactly at a vertex.

    Returns:
        One section a height, empty where nothing is.
    """
    corners, facets = vertices.astype(np.float64), faces.astype(np.int64)
    crossed = _crossed(corners, facets, heights_mm)
    like = _like_the_one_before(corners, facets, crossed, len(heights_mm))
    kept = ~like[crossed.height]
    cuts = _cut_where(
        corners, facets, heights_mm, _Crossed(crossed.facet[kept], crossed.height[kept])
    )
    contours = _contours(cuts, len(heights_mm))
    found: list[CrossSection] = []
    for number, same in enumerate(like.tolist()):
        found.append(found[-1] if same else _section(contours[number]))
    return found


@dataclass(frozen=True, slots=True, eq=False)
class _Crossed:
    """Which facet is cut at which height, by height and then by facet."""

    facet: Ints
    height: Ints


def _crossed(vertices: Floats, faces: Ints, heights: Floats) -> _Crossed:
    z = vertices[faces, 2]
    first = np.searchsorted(heights, z.min(axis=1), side="right")
    last = np.searchsorted(heights, z.max(axis=1), side="right")
    times = last - first
    facet = np.repeat(np.arange(len(faces)), times)
    height = np.arange(len(facet)) - np.repeat(np.cumsum(times) - times, times) + first[facet]
    order = np.argsort(height, kind="stable")
    return _Crossed(facet[order], height[order])


def _like_the_one_before(
    vertices: Floats, faces: Ints, crossed: _Crossed, count: int
) -> NDArray[np.bool_]:
    """Whether each height cuts the very facets of the one before, all of them upright.

    Then both sections are the same: half of all, in parts that people draw.
    """
    corner = vertices[faces]
    normal = np.cross(corner[:, 1] - corner[:, 0], corner[:, 2] - corner[:, 0])
    upright = np.abs(normal[:, 2]) <= _UPRIGHT * np.linalg.norm(normal, axis=1)
    ends = np.searchsorted(crossed.height, np.arange(count + 1))
    sloping = np.bincount(crossed.height, ~upright[crossed.facet], minlength=count) > 0
    like = np.zeros(count, dtype=np.bool_)
    for number in range(1, count):
        begin, middle, end = ends[number - 1 : number + 2]
        if end - middle == middle - begin and not sloping[number]:
            like[number] = np.array_equal(crossed.facet[begin:middle], crossed.facet[middle:end])
    return like


def _cut(vertices: Floats, faces: Ints, heights: Floats) -> _Cuts:
    return _cut_where(vertices, faces, heights, _crossed(vertices, faces, heights))


def _cut_where(vertices: Floats, faces: Ints, heights: Floats, crossed: _Crossed) -> _Cuts:
    facet, height = crossed.facet, crossed.height
    z = vertices[faces, 2]
    level = heights[height]
    above = z[facet] > level[:, None]
    # The corner that is alone on its side; the cut crosses the two edges that meet in it.
    alone = np.where(above.sum(axis=1)[:, None] == 1, above, ~above).argmax(axis=1)
    rows = np.arange(len(facet))
    one = faces[facet, alone]
    after, before = faces[facet, (alone + 1) % 3], faces[facet, (alone + 2) % 3]
    upward = above[rows, alone]
    # With the solid on the left: into the corner's side over one edge, out over the other.
    begin_other = np.where(upward, before, after)
    end_other = np.where(upward, after, before)
    return _Cuts(
        height,
        _crossing(vertices, one, begin_other, level),
        _crossing(vertices, one, end_other, level),
        _edge(one, begin_other, len(vertices)),
        _edge(one, end_other, len(vertices)),
    )


def _edge(one: Ints, other: Ints, count: int) -> Ints:
    low: Ints = np.minimum(one, other)
    return low * count + np.maximum(one, other)


def _crossing(vertices: Floats, one: Ints, other: Ints, level: Floats) -> Floats:
    low, high = vertices[np.minimum(one, other)], vertices[np.maximum(one, other)]
    rise = high[:, 2] - low[:, 2]
    share = (level - low[:, 2]) / np.where(rise == 0, 1.0, rise)
    found: Floats = low[:, :2] + (high[:, :2] - low[:, :2]) * share[:, None]
    return found


def _following(cuts: _Cuts) -> Ints:
    """The cut that begins where each ends, on the same edge at the same height; -1: none.

    Where bodies touch along an edge, several cuts end there and as many begin: each is taken once.
    """
    count = len(cuts.height)
    edge = np.unique(np.concatenate((cuts.begin_edge, cuts.end_edge)), return_inverse=True)[1]
    place = np.concatenate((cuts.height, cuts.height)) * (int(edge.max(initial=0)) + 1) + edge
    begins, ends = (_numbered(half) for half in (place[:count], place[count:]))
    order = np.lexsort((begins[1], begins[0]))
    wide = count + 1
    known = begins[0][order] * wide + begins[1][order]
    wanted = ends[0] * wide + ends[1]
    at = np.minimum(np.searchsorted(known, wanted), max(count - 1, 0))
    found: Ints = np.where(known[at] == wanted, order[at], -1) if count else order
    return found


def _numbered(places: Ints) -> tuple[Ints, Ints]:
    """Return the places, and for each how often it came before."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    begins = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))[: len(places)]
    sizes = np.diff(np.append(begins, len(ordered)))
    turn = np.empty(len(places), dtype=np.int64)
    turn[order] = np.arange(len(ordered)) - np.repeat(begins, sizes)
    return places, turn


def _contours(cuts: _Cuts, heights: int) -> list[list[Floats]]:
    """Follow the cuts from one to the next, by height; join what stays open."""
    found: list[list[Floats]] = [[] for _ in range(heights)]
    following = _following(cuts)
    follow: list[int] = following.tolist()
    entered = np.zeros(len(follow) + 1, dtype=np.bool_)
    entered[following] = True  # -1 is the one too many
    waiting = [True] * len(follow)
    order: list[int] = []
    begins, opens = [], []
    # Open contours from where nothing leads to, then all others.
    for first in (*np.flatnonzero(~entered[:-1]).tolist(), *range(len(follow))):
        if not waiting[first]:
            continue
        begins.append(len(order))
        at = first
        while at >= 0 and waiting[at]:
            waiting[at] = False
            order.append(at)
            at = follow[at]
        opens.append(at < 0)
    points = cuts.begin[order]
    height = cuts.height[order].tolist()
    opened: dict[int, list[Floats]] = {}
    ends = [*begins, len(order)][1:]
    for begin, end, is_open in zip(begins, ends, opens, strict=True):
        chain = points[begin:end]
        if is_open:
            last = cuts.end[order[end - 1]]
            opened.setdefault(height[begin], []).append(np.vstack((chain, last)))
        else:
            found[height[begin]].append(chain)
    for number, chains in opened.items():
        found[number] += _joined(chains)
    return [[one for one in some if len(one) > 2] for some in found]  # noqa: PLR2004 - two points enclose nothing


def _joined(opened: list[Floats]) -> list[Floats]:
    """Join open contours, each end to the nearest beginning; what is left is closed straight."""
    done: list[Floats] = []
    while opened:
        chain = opened.pop()
        while opened:
            away = [float(np.hypot(*(other[0] - chain[-1]))) for other in opened]
            nearest = int(np.argmin(away))
            if away[nearest] > min(_GAP_MM, float(np.hypot(*(chain[0] - chain[-1])))):
                break
            chain = np.vstack((chain, opened.pop(nearest)))
        done.append(chain)
    return done


def _section(contours: Sequence[Floats]) -> CrossSection:
    if not contours:
        return CrossSection()
    # A shell that faces inwards is filled all the same, as slicers do; holes stay holes.
    return CrossSection(list(contours), FillRule.NonZero).simplify(_RESOLUTION_MM)
