"""Models with a known number of facets that cut through each other, made here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np

Triangles = np.ndarray[tuple[int, ...], np.dtype[np.float32]]
Point = tuple[Fraction, Fraction, Fraction]


def facets(*corners: Sequence[Sequence[float]]) -> Triangles:
    return np.array(corners, dtype=np.float32)


def box(size: Sequence[float], at: Sequence[float] = (0, 0, 0)) -> Triangles:
    corner = np.array([[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], np.float32)
    corner = corner * np.array(size, np.float32) + np.array(at, np.float32)
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    return np.asarray(
        corner[[row for a, b, c, d in quads for row in ((a, b, c), (a, c, d))]], np.float32
    )


def ring(radius: float, thick: float, steps: int) -> Triangles:
    """A closed ring of square section about the z axis."""
    turn = np.arange(steps) / steps * 2 * np.pi
    section = [(radius - thick, -thick), (radius + thick, -thick)]
    section += [(radius + thick, thick), (radius - thick, thick)]
    points = np.array([[(r * np.cos(t), r * np.sin(t), z) for r, z in section] for t in turn])
    rows = []
    for i in range(steps):
        for j in range(4):
            a, b = points[i, j], points[(i + 1) % steps, j]
            c, d = points[(i + 1) % steps, (j + 1) % 4], points[i, (j + 1) % 4]
            rows += [(a, b, c), (a, c, d)]
    return np.array(rows, dtype=np.float32)


def cone(tip: Sequence[float], height: float, steps: int = 8) -> Triangles:
    turn = np.arange(steps) / steps * 2 * np.pi
    base = np.stack((5 * np.cos(turn), 5 * np.sin(turn), np.full(steps, height)), 1) + tip
    middle = np.array(tip) + np.array([0, 0, height])
    rows = []
    for i in range(steps):
        rows += [(tip, base[i], base[(i + 1) % steps]), (middle, base[(i + 1) % steps], base[i])]
    return np.array(rows, dtype=np.float32)


def upright(triangles: Triangles) -> Triangles:
    """Turned a quarter about the x axis."""
    return np.ascontiguousarray(triangles[:, :, [0, 2, 1]] * np.array([1, -1, 1], np.float32))


def turned(triangles: Triangles) -> Triangles:
    """Turned by no round angle about no axis of the box."""
    a, b = 0.7, 0.4
    about_z = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(b), -np.sin(b)], [0, np.sin(b), np.cos(b)]])
    return np.asarray(triangles @ (about_x @ about_z).T, dtype=np.float32)


def moved(triangles: Triangles, by: Sequence[float]) -> Triangles:
    return np.asarray(triangles + np.array(by, np.float32), dtype=np.float32)


def together(*parts: Triangles) -> Triangles:
    return np.concatenate(parts)


FLOOR = facets([[-10, -10, 0], [20, -10, 0], [-10, 20, 0]])
BLADE = facets([[0, 0, -5], [5, 0, 5], [-5, 0, 5]])
PLATE, BAR = box((40, 40, 2)), box((6, 6, 30), (11, 21, -10))
# The bar goes through the plate's top and bottom well off their diagonals: one facet of each
# is cut, by the eight facets of the bar's sides.
BAR_THROUGH_PLATE = together(PLATE, BAR)
LINKED = together(ring(20, 2, 24), moved(upright(ring(20, 2, 24)), (20, 0, 0)))
DEEP = together(box((10, 10, 10)), box((10, 10, 10), (5, 5.5, 6)))
ULP = float(np.spacing(np.float32(100)))


@dataclass(frozen=True)
class Case:
    """A model, and how many of its facets cut through others; None: as ``brute_force`` says."""

    name: str
    triangles: Callable[[], Triangles]
    count: int | None


CASES = [
    Case("one box", lambda: box((10, 10, 10)), 0),
    Case("a blade through a floor", lambda: together(FLOOR, BLADE), 2),
    Case("two blades through a floor", lambda: together(FLOOR, BLADE, moved(BLADE, (0, 2, 0))), 3),
    Case("a blade that stands on a floor", lambda: together(FLOOR, moved(BLADE, (0, 0, 5))), 0),
    Case("a blade with its edge on a floor", lambda: together(FLOOR, moved(-BLADE, (0, 0, 5))), 0),
    Case("a blade beside a floor", lambda: together(FLOOR, moved(BLADE, (40, 0, 0))), 0),
    Case("a blade through a floor's edge", lambda: together(FLOOR, moved(BLADE, (0, -10, 0))), 0),
    Case("a blade through a corner", lambda: together(FLOOR, moved(BLADE, (20, -10, 0))), 0),
    Case("a bar through a plate", lambda: BAR_THROUGH_PLATE, 10),
    Case("a bar through a plate, turned", lambda: turned(BAR_THROUGH_PLATE), 10),
    Case("a bar through a plate, far off", lambda: moved(BAR_THROUGH_PLATE, (600, -700, 80)), 10),
    Case("a bar through a plate, tiny", lambda: BAR_THROUGH_PLATE * np.float32(2.0**-20), 10),
    Case("a bar through a plate, large", lambda: BAR_THROUGH_PLATE * np.float32(21), 10),
    Case("a bar that stands on a plate", lambda: together(PLATE, moved(BAR, (0, 0, 12))), 0),
    Case("a bar in the air", lambda: together(PLATE, moved(BAR, (0, 0, 12.01))), 0),
    Case("a bar that dips in by a micrometre", lambda: together(
        box((100, 100, 2)), box((6, 6, 30), (11, 21, float(np.float32(1.999))))), 9),
    Case("a bar that dips in by an ulp", lambda: together(
        box((90, 90, 100)), box((6, 6, 30), (11, 21, 100 - ULP))), 0),
    Case("a bar an ulp above", lambda: together(
        box((90, 90, 100)), box((6, 6, 30), (11, 21, 100 + ULP))), 0),
    Case("boxes that overlap at a corner", lambda: DEEP, None),
    Case("boxes that overlap at a corner, turned", lambda: turned(DEEP), None),
    Case("boxes face to face", lambda: together(box((9, 9, 9)), box((9, 9, 9), (9, 0, 0))), 0),
    Case("boxes face to face, shifted", lambda: together(
        box((9, 9, 9)), box((9, 9, 9), (9, 4, 3))), 0),
    Case("boxes edge to edge", lambda: together(box((9, 9, 9)), box((9, 9, 9), (9, 9, 0))), 0),
    Case("boxes corner to corner", lambda: together(box((9, 9, 9)), box((9, 9, 9), (9, 9, 9))), 0),
    Case("a box in a box", lambda: together(box((9, 9, 9)), box((3, 3, 3), (3, 3, 3))), 0),
    Case("a box twice", lambda: together(box((9, 9, 9)), box((9, 9, 9))), 0),
    Case("a box and it inside out", lambda: together(box((9, 9, 9)), box((9, 9, 9))[:, ::-1]), 0),
    Case("linked rings that keep clear", lambda: LINKED, 0),
    Case("linked rings that collide", lambda: together(
        ring(20, 2, 24), moved(upright(ring(20, 2, 24)), (37.3, 0, 0.6))), None),
    Case("cones tip to tip", lambda: together(cone((0, 0, 0), 8), cone((0, 0, 0), -8)), 0),
    Case("cones one in the other", lambda: together(
        cone((0, 0, 0), 8), cone((0.4, 0.3, 9), -8)), None),
    Case("a T-junction", lambda: facets(
        [[0, 0, 0], [10, 0, 0], [0, 10, 0]], [[0, 0, 0], [5, -5, 0], [5, 0, 0]],
        [[5, 0, 0], [5, -5, 0], [10, 0, 0]]), 0),
    Case("a strip folded flat", lambda: facets(
        [[0, 0, 0], [10, 0, 0], [0, 10, 0]], [[10, 0, 0], [0, 0, 0], [1, 8, 0]]), 0),
    Case("a sheet laid on itself the same way", lambda: facets(
        [[0, 0, 0], [10, 0, 0], [0, 10, 0]], [[0, 0, 0], [10, 0, 0], [1, 8, 0]]), 2),
    Case("a sheet through itself at a shared corner", lambda: facets(
        [[0, 0, 0], [10, 0, -3], [10, 0, 3]], [[0, 0, 0], [8, -3, 0], [8, 3, 0]]), 2),
    Case("sheets that share a corner and part", lambda: facets(
        [[0, 0, 0], [10, 0, -3], [10, 0, 3]], [[0, 0, 0], [-8, -3, 0], [-8, 3, 0]]), 0),
    Case("a fan of three on one edge", lambda: facets(
        [[0, 0, 0], [0, 0, 9], [5, 0, 4]], [[0, 0, 9], [0, 0, 0], [0, 5, 4]],
        [[0, 0, 0], [0, 0, 9], [-5, -5, 4]]), 0),
    Case("a bent strip that comes back through itself", lambda: facets(
        [[0, 0, 0], [9, 0, 0], [0, 9, 0]], [[9, 0, 0], [0, 0, 0], [3, 3, 9]],
        [[0, 0, 0], [3, 3, 9], [3, 2, -9]]), None),
]  # fmt: skip


def brute_force(triangles: Triangles) -> tuple[int, set[tuple[int, int]]]:
    """Facets and pairs whose insides meet, with fractions, every pair by clipping.

    It knows nothing of the product's way: each facet is cut by the other's plane, and the piece
    left (a stretch, or in one plane a polygon) is clipped by the other's edges.
    """
    exact = [
        [(Fraction(float(x)), Fraction(float(y)), Fraction(float(z))) for x, y, z in facet]
        for facet in triangles
    ]
    pairs = {(i, j) for i, j in combinations(range(len(exact)), 2) if _meet(exact[i], exact[j])}
    return len({facet for pair in pairs for facet in pair}), pairs


def _less(a: Point, b: Point) -> Point:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _cross(a: Point, b: Point) -> Point:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _dot(a: Point, b: Point) -> Fraction:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _between(a: Point, b: Point, share: Fraction) -> Point:
    d = _less(b, a)
    return a[0] + share * d[0], a[1] + share * d[1], a[2] + share * d[2]


def _cut(polygon: list[Point], origin: Point, inwards: Point) -> list[Point]:
    """What of a polygon (or stretch) lies on the inner side (Sutherland and Hodgman, 1974)."""
    kept: list[Point] = []
    for at, point in enumerate(polygon):
        previous = polygon[at - 1]
        here = _dot(_less(point, origin), inwards)
        before = _dot(_less(previous, origin), inwards)
        if here * before < 0:
            kept.append(_between(previous, point, before / (before - here)))
        if here >= 0:
            kept.append(point)
    return kept


def _inside(piece: list[Point], facet: list[Point], normal: Point) -> bool:
    """Whether a point of the piece's own inside lies strictly within the facet."""
    for start in range(3):
        piece = _cut(
            piece, facet[start], _cross(normal, _less(facet[(start + 1) % 3], facet[start]))
        )
    if not piece:
        return False
    count = len(piece)
    middle = (
        sum((p[0] for p in piece), Fraction(0)) / count,
        sum((p[1] for p in piece), Fraction(0)) / count,
        sum((p[2] for p in piece), Fraction(0)) / count,
    )
    return all(
        _dot(
            _less(middle, facet[start]),
            _cross(normal, _less(facet[(start + 1) % 3], facet[start])),
        )
        > 0
        for start in range(3)
    )


def _meet(one: list[Point], other: list[Point]) -> bool:
    normal_one = _cross(_less(one[1], one[0]), _less(one[2], one[0]))
    normal_other = _cross(_less(other[1], other[0]), _less(other[2], other[0]))
    if not any(normal_one) or not any(normal_other):
        return False
    heights = [_dot(_less(corner, other[0]), normal_other) for corner in one]
    if not any(heights):
        area = any(_cross(normal_one, normal_other)) is False
        polygon = list(one)
        for start in range(3):
            edge = _less(other[(start + 1) % 3], other[start])
            polygon = _cut(polygon, other[start], _cross(normal_other, edge))
        turned_alike = _dot(normal_one, normal_other) > 0
        return area and turned_alike and _has_area(polygon)
    if not (min(heights) < 0 < max(heights)):
        return False
    ends = [corner for corner, height in zip(one, heights, strict=True) if height == 0]
    for at in range(3):
        low, high = heights[at - 1], heights[at]
        if low * high < 0:
            ends.append(_between(one[at - 1], one[at], low / (low - high)))
    return _inside(ends, other, normal_other)


def _has_area(polygon: list[Point]) -> bool:
    return any(
        any(_cross(_less(polygon[at], polygon[0]), _less(polygon[at + 1], polygon[0])))
        for at in range(1, len(polygon) - 1)
    )
