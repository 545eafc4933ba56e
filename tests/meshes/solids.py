"""Small models for the tests, sound ones and ones with a single known defect."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.findings import Code
from parts3d.meshes.mesh import Mesh

Triangles = NDArray[np.float32]


def box(
    size: tuple[float, float, float] = (20, 30, 10), at: tuple[float, float, float] = (0, 0, 0)
) -> Triangles:
    """Twelve facets that face outwards; ``at`` is the lowest corner."""
    corner = np.array(
        [[x, y, z] for z in (0, 1) for y in (0, 1) for x in (0, 1)], dtype=np.float32
    ) * np.array(size, dtype=np.float32) + np.array(at, dtype=np.float32)
    quads = [(0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5)]
    rows = [row for a, b, c, d in quads for row in ((a, b, c), (a, c, d))]
    return np.asarray(corner[rows], dtype=np.float32)


def lathe(profile: list[tuple[float, float]], steps: int, *, closed_ring: bool) -> Triangles:
    """Turn a profile of (radius, z) about the z axis; a ring's last point joins its first."""
    angle = np.arange(steps) / steps * 2 * np.pi
    ring = np.array(profile)
    points = np.stack(
        [
            np.outer(np.cos(angle), ring[:, 0]),
            np.outer(np.sin(angle), ring[:, 0]),
            np.broadcast_to(ring[:, 1], (steps, len(ring))),
        ],
        axis=2,
    ).astype(np.float32)
    facets = []
    count = len(ring) if closed_ring else len(ring) - 1
    for i in range(steps):
        for j in range(count):
            a, b = points[i, j], points[(i + 1) % steps, j]
            c, d = points[(i + 1) % steps, (j + 1) % len(ring)], points[i, (j + 1) % len(ring)]
            facets += [(a, b, c), (a, c, d)]
    triangles = np.array(facets, dtype=np.float32) + np.float32(0)
    distinct = (
        (triangles[:, 0] != triangles[:, 1]).any(1)
        & (triangles[:, 1] != triangles[:, 2]).any(1)
        & (triangles[:, 2] != triangles[:, 0]).any(1)
    )
    return np.asarray(triangles[distinct])


def cylinder(steps: int = 24, radius: float = 10, height: float = 20) -> Triangles:
    return lathe([(0, 0), (radius, 0), (radius, height), (0, height)], steps, closed_ring=False)


def tube(steps: int = 24) -> Triangles:
    return lathe([(6, 0), (10, 0), (10, 20), (6, 20)], steps, closed_ring=True)


def torus(steps: int = 24) -> Triangles:
    turn = np.arange(steps) / steps * 2 * np.pi
    profile = [(float(20 + 5 * np.cos(t)), float(5 * np.sin(t))) for t in turn]
    return lathe(profile, steps, closed_ring=True)


def sphere(steps: int = 24, radius: float = 10) -> Triangles:
    turn = np.linspace(-np.pi / 2, np.pi / 2, steps // 2)
    profile = [(float(radius * np.cos(t)), float(radius * np.sin(t))) for t in turn]
    profile[0], profile[-1] = (0.0, -radius), (0.0, radius)
    return lathe(profile, steps, closed_ring=False)


def tetrahedron(size: float = 20) -> Triangles:
    p = np.array([[0, 0, 0], [size, 0, 0], [0, size, 0], [0, 0, size]], dtype=np.float32)
    return np.asarray(p[[(0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)]], dtype=np.float32)


def flipped(triangles: Triangles, *rows: int) -> Triangles:
    turned = triangles.copy()
    at = list(rows) if rows else list(range(len(triangles)))
    turned[at] = turned[at][:, ::-1]
    return turned


def without(triangles: Triangles, *rows: int) -> Triangles:
    return np.delete(triangles, rows, axis=0)


def together(*parts: Triangles) -> Triangles:
    return np.concatenate(parts)


def nudged(triangles: Triangles, row: int, by: float) -> Triangles:
    """Tear one facet off by so much in x."""
    torn = triangles.copy()
    torn[row, :, 0] += np.float32(by)
    return torn


def with_centre_split(triangles: Triangles, row: int) -> Triangles:
    """Put a point on the middle of a facet's first edge: a T-junction with its neighbour."""
    a, b, c = triangles[row]
    middle = (a + b) / 2
    halves = np.array([[a, middle, c], [middle, b, c]], dtype=np.float32)
    return together(without(triangles, row), halves)


def moebius(steps: int = 24) -> Triangles:
    angle = np.arange(steps) / steps * 2 * np.pi

    def edge(t: float, side: float) -> tuple[float, float, float]:
        r = 20 + side * np.cos(t / 2)
        return float(r * np.cos(t)), float(r * np.sin(t)), float(side * np.sin(t / 2))

    low = [edge(t, -5) for t in angle]
    high = [edge(t, 5) for t in angle]
    facets = []
    for i in range(steps):
        a, d = low[i], high[i]
        b, c = (low[i + 1], high[i + 1]) if i + 1 < steps else (high[0], low[0])
        facets += [(a, b, c), (a, c, d)]
    return np.array(facets, dtype=np.float32)


@dataclass(frozen=True)
class Defect:
    """A model and what must be found in it: these codes with these counts."""

    name: str
    triangles: Callable[[], Triangles]
    found: dict[Code, int]


# Findings about how a part lies are no defects of its surface.
LIE = frozenset({Code.OVERHANGS, Code.BRIDGES, Code.SMALL_BED_CONTACT, Code.MAY_TIP_OVER})
WALLS = frozenset({Code.THIN_WALLS, Code.VANISHING_WALLS, Code.SMALL_FEATURES, Code.SMALL_HOLES})

SOUND: dict[str, Callable[[], Triangles]] = {
    "box": box,
    "flat box": lambda: box((50, 40, 1)),
    "tall box": lambda: box((10, 10, 90)),
    "tetrahedron": tetrahedron,
    "cylinder of 3": lambda: cylinder(3),
    "cylinder of 7": lambda: cylinder(7),
    "cylinder of 64": lambda: cylinder(64),
    "tube": tube,
    "tube of 90": lambda: tube(90),
    "torus": torus,
    "fine torus": lambda: torus(80),
    "sphere": sphere,
    "fine sphere": lambda: sphere(100),
    "off the origin": lambda: box(at=(500, -300, 200)),
}

DEFECTS = [
    Defect("a facet is missing", lambda: without(box(), 4), {Code.OPEN_EDGES: 3}),
    Defect("a side is missing", lambda: without(box(), 4, 5), {Code.OPEN_EDGES: 4}),
    Defect("a sphere's facet is missing", lambda: without(sphere(), 99), {Code.OPEN_EDGES: 3}),
    Defect("a tetrahedron without a side", lambda: tetrahedron()[1:], {Code.OPEN_EDGES: 3}),
    Defect("a T-junction", lambda: with_centre_split(box(), 4), {Code.OPEN_EDGES: 3}),
    Defect("a hairline tear", lambda: nudged(box(), 4, 1e-4), {Code.HAIRLINE_GAPS: 6}),
    Defect(
        "a wide tear",
        lambda: nudged(box(), 4, 0.5),
        {Code.OPEN_EDGES: 6, Code.SEVERAL_SHELLS: 2},
    ),
    Defect("one facet flipped", lambda: flipped(box(), 7), {Code.FLIPPED_FACETS: 1}),
    Defect("three facets flipped", lambda: flipped(torus(), 3, 77, 500), {Code.FLIPPED_FACETS: 3}),
    Defect("most facets flipped", lambda: flipped(box(), *range(11)), {Code.FLIPPED_FACETS: 11}),
    Defect("inside out", lambda: flipped(box()), {Code.INSIDE_OUT_SHELLS: 1}),
    Defect("a torus inside out", lambda: flipped(torus()), {Code.INSIDE_OUT_SHELLS: 1}),
    Defect(
        "one of two boxes inside out",
        lambda: together(box(), flipped(box(at=(40, 0, 0)))),
        {Code.INSIDE_OUT_SHELLS: 1, Code.SEVERAL_SHELLS: 2},
    ),
    Defect("a facet twice", lambda: together(box(), box()[3:4]), {Code.DUPLICATE_FACETS: 1}),
    Defect(
        "a facet twice, begun at another corner",
        lambda: together(box(), np.roll(box()[3:4], 1, axis=1)),
        {Code.DUPLICATE_FACETS: 1},
    ),
    Defect("every facet twice", lambda: together(box(), box()), {Code.DUPLICATE_FACETS: 12}),
    Defect(
        "a facet collapsed to a line",
        lambda: together(box(), box()[:1][:, [0, 0, 1]]),
        {Code.DEGENERATE_FACETS: 1},
    ),
    Defect(
        "two facets collapsed to points",
        lambda: together(box(), box()[:2][:, [0, 0, 0]]),
        {Code.DEGENERATE_FACETS: 2},
    ),
    Defect(
        "a fin on an edge",
        lambda: together(box(), np.array([[[0, 0, 0], [20, 0, 0], [0, -9, -9]]], np.float32)),
        {Code.OPEN_EDGES: 2, Code.NON_MANIFOLD_EDGES: 1},
    ),
    Defect(
        "two boxes touch along an edge",
        lambda: together(box((10, 10, 10)), box((10, 10, 10), (10, 10, 0))),
        {Code.TOUCHING_EDGES: 1, Code.SEVERAL_SHELLS: 2},
    ),
    Defect(
        "two boxes apart", lambda: together(box(), box(at=(40, 0, 0))), {Code.SEVERAL_SHELLS: 2}
    ),
    Defect(
        "two boxes touch at a corner",
        lambda: together(box((9, 9, 9)), box((9, 9, 9), (9, 9, 9))),
        {Code.SEVERAL_SHELLS: 2},
    ),
    Defect(
        "a hollow",
        lambda: together(box((30, 30, 30)), flipped(box((5, 5, 5), (10, 10, 10)))),
        {Code.CAVITIES: 1},
    ),
    Defect(
        "inside out beside a ring's box, in its hole",
        lambda: together(torus(), flipped(box((4, 4, 4), (-2, -2, -2)))),
        {Code.INSIDE_OUT_SHELLS: 1, Code.SEVERAL_SHELLS: 2},
    ),
    Defect("a Moebius strip", moebius, {Code.OPEN_EDGES: 48, Code.ONE_SIDED_SHELLS: 1}),
    Defect("one triangle", lambda: box()[:1], {Code.OPEN_EDGES: 3, Code.NO_VOLUME: 1}),
    Defect("a flat sheet", lambda: box()[:2], {Code.OPEN_EDGES: 4, Code.NO_VOLUME: 1}),
    Defect("a box of an inch", lambda: box((1, 1, 1)), {Code.LOOKS_LIKE_INCHES: 1}),
    Defect("a box in metres", lambda: box((0.02, 0.03, 0.1)), {Code.LOOKS_LIKE_METRES: 1}),
]


def mesh(triangles: Triangles) -> Mesh:
    return Mesh(np.array(triangles, dtype=np.float32))
