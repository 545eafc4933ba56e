"""What a model with one known defect is, and those whose surface is broken."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from parts3d.meshes.check import AS_IT_IS, Question
from parts3d.meshes.findings import Code, Severity, Verdict
from tests.meshes import crossing_truth, solids
from tests.meshes.solids import Triangles, box, flipped, together, without
from tests.meshes.truth.models import dome, quartered

Corner = tuple[float, float, float]
PRINTABLE, WARNINGS = Verdict.PRINTABLE, Verdict.PRINTABLE_WITH_WARNINGS
REPAIRABLE, NOT_PRINTABLE = Verdict.REPAIRABLE, Verdict.NOT_PRINTABLE
INFO, WARNING, BLOCKS = Severity.INFO, Severity.WARNING, Severity.BLOCKS


@dataclass(frozen=True)
class Defect:
    """A model and all that must be found in it.

    Args:
        name: what is wrong.
        triangles: builds it, mm.
        code, count, severity: the defect.
        verdict: what the check must come to.
        also: what else there is by the nature of the defect, with counts; None for one that is
            an estimate by points (facets that begin in the first layer and hang over above it).
        measured: the defect's value, held within 2 %.
        params: figures of its sentence, held within 2 %.
        places: lower and upper corner of the box of its places (edges where it has edges, else
            facets), held to a hundredth of a millimetre.
        question: what it is checked for.
        movable: whether 100 mm off the origin float32 still tells the defect.
    """

    name: str
    triangles: Callable[[], Triangles]
    code: Code
    count: int
    severity: Severity
    verdict: Verdict
    also: Mapping[Code, int | None] = field(default_factory=dict)
    measured: float | None = None
    params: Mapping[str, float] = field(default_factory=dict)
    places: tuple[Corner, Corner] | None = None
    question: Question = AS_IT_IS
    movable: bool = True


def _open_edge(
    name: str,
    triangles: Callable[[], Triangles],
    count: int,
    verdict: Verdict = REPAIRABLE,
    places: tuple[Corner, Corner] | None = None,
    also: Mapping[Code, int | None] | None = None,
) -> Defect:
    return Defect(
        name, triangles, Code.OPEN_EDGES, count, BLOCKS, verdict, places=places, also=also or {}
    )


def pulled(triangles: Triangles, row: int, corner: int, by: Corner) -> Triangles:
    """One corner of one facet moved off its neighbours'."""
    torn = triangles.copy()
    torn[row, corner] += np.array(by, np.float32)
    return torn


def split_edge(triangles: Triangles, *rows: int) -> Triangles:
    """T-junctions on the first edges of facets."""
    for row in sorted(rows, reverse=True):
        triangles = solids.with_centre_split(triangles, row)
    return triangles


def filled_seam() -> Triangles:
    """A T-junction that a facet without area closes, as some programs export it."""
    whole = box()
    a, b = whole[4, 0], whole[4, 1]
    filler = np.array([[a, b, (a + b) / 2]], np.float32)
    return together(split_edge(whole, 4), filler)


def fin(at: Corner, to: Corner, tip: Corner) -> Triangles:
    return np.array([[at, to, tip]], np.float32)


def jittered() -> Triangles:
    """Every facet off by its own few hundredths of a micrometre."""
    steps = np.arange(12, dtype=np.float32)[:, None] * np.float32(2.0**-16)
    return np.asarray(box() + steps[..., None], np.float32)


def open_seam() -> Triangles:
    """A turned post whose last column of facets ends 10 nanometres beside the first."""
    post = solids.cylinder(24)
    seam = np.zeros(len(post), np.bool_)
    seam[-3 * 2 :] = True
    at = seam[:, None] & (post[..., 0] > 9.9) & (np.abs(post[..., 1]) < 1e-3)
    post[..., 1] += np.where(at, np.float32(2.0**-15), np.float32(0))
    return post


def three_half_turns(steps: int = 48) -> Triangles:
    angle = np.arange(steps) / steps * 2 * np.pi

    def edge(t: float, side: float) -> Corner:
        r = 20 + side * np.cos(1.5 * t)
        return float(r * np.cos(t)), float(r * np.sin(t)), float(side * np.sin(1.5 * t))

    low, high = [edge(t, -5) for t in angle], [edge(t, 5) for t in angle]
    rows = []
    for i in range(steps):
        b, c = (low[i + 1], high[i + 1]) if i + 1 < steps else (high[0], low[0])
        rows += [(low[i], b, c), (low[i], c, high[i])]
    return np.array(rows, dtype=np.float32)


def diamond(at: Corner, size: float = 5) -> Triangles:
    """Eight sides, none of them hanging over too far."""
    ways = np.eye(3) * size
    rows = [
        [sx * ways[0], sy * ways[1], sz * ways[2]][:: int(sx * sy * sz)]
        for sx in (1, -1)
        for sy in (1, -1)
        for sz in (1, -1)
    ]
    return np.array(rows, np.float32) + np.array(at, np.float32)


def flattened() -> Triangles:
    """A box pressed flat whose top and bottom are divided along different diagonals."""
    whole = box((20, 30, 0))
    a, b, c, d = (np.float32([x, y, 0]) for x, y in ((0, 0), (20, 0), (20, 30), (0, 30)))
    whole[2:4] = [[a, b, d], [b, c, d]]
    return whole


def facet_with_back() -> Triangles:
    whole = quartered(box(), 3)
    return together(whole, flipped(whole, 200)[200:201])


def steep_count(triangles: Triangles) -> int:
    """Facets that face down by more than 45.5 degrees from the upright, the first layer aside."""
    sides = triangles[:, 1:].astype(np.float64) - triangles[:, :1]
    normals = np.cross(sides[:, 0], sides[:, 1])
    down = -normals[:, 2] / np.linalg.norm(normals, axis=1)
    height = triangles[..., 2].max(axis=1) - triangles[..., 2].min()
    return int(np.count_nonzero((down > np.sin(np.radians(45.5))) & (height > 0.2)))


def divided() -> Triangles:
    """One body with a sheet across its inside."""
    return together(box((10, 20, 10)), without(box((10, 20, 10), (10, 0, 0)), 8, 9))


BROKEN_BALL = without(solids.sphere(), 99)
BROKEN_RING, TORN_RING = without(solids.torus(), 500), without(solids.torus(), *range(200))
CUBES = [box((10, 10, 10), (x, y, 0)) for x, y in ((10, 0), (0, 10), (20, 10), (10, 20))]
POST_IN_PLATE = together(box((40, 40, 2)), box((6, 6, 29.5), (11, 21, 0.5)))
TWO_POSTS_IN_PLATE = together(POST_IN_PLATE, box((6, 6, 29.5), (22, 10, 0.5)))
CROSS = together(box((40, 6, 6)), box((6, 40, 9), (15, -17, 0)))

OPEN = [
    _open_edge("a facet is missing", lambda: without(box(), 4), 3, places=((0, 0, 0), (20, 0, 10))),
    _open_edge("a side is missing", lambda: without(box(), 4, 5), 4, places=((0, 0, 0), (20, 0, 10))),
    _open_edge("the lid is missing", lambda: without(box(), 2, 3), 4, places=((0, 0, 10), (20, 30, 10))),
    _open_edge(
        "facets of a fine box are missing",
        lambda: without(quartered(box(), 2), 20, 100, 150),
        9,
    ),
    _open_edge("a ball's facet is missing", lambda: BROKEN_BALL, 3, also={
        Code.OVERHANGS: None, Code.SMALL_BED_CONTACT: 1, Code.MAY_TIP_OVER: 1}),
    _open_edge("a ring's facet is missing", lambda: BROKEN_RING, 3,
               also={Code.OVERHANGS: steep_count(BROKEN_RING)}),
    _open_edge("a dome's facet is missing", lambda: without(dome(), 200), 3),
    _open_edge("six facets of a dome are missing", lambda: without(dome(48), *range(100, 580, 80)), 18),
    _open_edge("a post has no lid", lambda: without(solids.cylinder(24), *range(3, 96, 4)), 24),
    _open_edge("a sixth of a ring is missing", lambda: TORN_RING, 50, NOT_PRINTABLE,
               also={Code.OVERHANGS: steep_count(TORN_RING)}),
    _open_edge("a T-junction", lambda: split_edge(box(), 4), 3),
    _open_edge("two T-junctions", lambda: split_edge(quartered(box(), 3), 200, 500), 6),
    _open_edge("a T-junction in a dome", lambda: split_edge(dome(), 200), 3),
    _open_edge(
        "a facet's corner is pulled off",
        lambda: pulled(box(), 4, 2, (0, -0.2, 0)),
        4,
    ),
    _open_edge(
        "a wide tear",
        lambda: solids.nudged(box(), 4, 0.5),
        6,
        also={Code.SEVERAL_SHELLS: 2},
        places=((0, 0, 0), (20.5, 0, 10)),
    ),
]  # fmt: skip

GAPS = [
    Defect("a hairline tear", lambda: solids.nudged(box(), 4, 1e-4), Code.HAIRLINE_GAPS, 6,
           WARNING, WARNINGS, places=((0, 0, 0), (20, 0, 10))),
    Defect("no two facets meet to the bit", jittered, Code.HAIRLINE_GAPS, 36, WARNING, WARNINGS,
           places=((0, 0, 0), (20, 30, 10))),
    Defect("a seam open by a hair", open_seam, Code.HAIRLINE_GAPS, 6, WARNING, WARNINGS,
           places=((0, 0, 0), (10, 0, 20))),
]  # fmt: skip

CROWDED = [
    Defect("a fin on an edge",
           lambda: together(box(), fin((0, 0, 10), (20, 0, 10), (10, 0, 18))),
           Code.NON_MANIFOLD_EDGES, 1, BLOCKS, NOT_PRINTABLE, {Code.OPEN_EDGES: 2},
           places=((0, 0, 10), (20, 0, 10))),
    Defect("fins on two edges",
           lambda: together(box(), fin((0, 0, 10), (20, 0, 10), (10, 0, 18)),
                            fin((0, 30, 10), (20, 30, 10), (10, 30, 18))),
           Code.NON_MANIFOLD_EDGES, 2, BLOCKS, NOT_PRINTABLE, {Code.OPEN_EDGES: 4},
           places=((0, 0, 10), (20, 30, 10))),
    Defect("a sheet across the inside", divided, Code.NON_MANIFOLD_EDGES, 4, BLOCKS, NOT_PRINTABLE,
           places=((10, 0, 0), (10, 20, 10))),
    Defect("a facet with its back on it", facet_with_back,
           Code.NON_MANIFOLD_EDGES, 3, BLOCKS, REPAIRABLE),
    Defect("two boxes touch along an edge",
           lambda: together(box((10, 10, 10)), box((10, 10, 10), (10, 10, 0))),
           Code.TOUCHING_EDGES, 1, WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 2},
           places=((10, 10, 0), (10, 10, 10))),
    Defect("three boxes touch in a row",
           lambda: together(*(box((10, 10, 10), (10 * i, 10 * i, 0)) for i in range(3))),
           Code.TOUCHING_EDGES, 2, WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 3},
           places=((10, 10, 0), (20, 20, 10))),
    Defect("four boxes touch around a well", lambda: together(*CUBES), Code.TOUCHING_EDGES, 4,
           WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 4}, places=((10, 10, 0), (20, 20, 10))),
]  # fmt: skip

FACING = [
    Defect("a facet is flipped", lambda: flipped(box(), 7), Code.FLIPPED_FACETS, 1, BLOCKS,
           REPAIRABLE, places=((0, 30, 0), (20, 30, 10))),
    Defect("the lid is flipped", lambda: flipped(box(), 2, 3), Code.FLIPPED_FACETS, 2, BLOCKS,
           REPAIRABLE, places=((0, 0, 10), (20, 30, 10))),
    Defect("all facets but one are flipped", lambda: flipped(box(), *range(11)),
           Code.FLIPPED_FACETS, 11, BLOCKS, REPAIRABLE),
    Defect("three facets of a dome are flipped", lambda: flipped(dome(), 40, 120, 300),
           Code.FLIPPED_FACETS, 3, BLOCKS, REPAIRABLE),
    Defect("a facet of one of two boxes is flipped",
           lambda: together(box(), flipped(box(at=(40, 0, 0)), 5)),
           Code.FLIPPED_FACETS, 1, BLOCKS, REPAIRABLE, {Code.SEVERAL_SHELLS: 2},
           places=((40, 0, 0), (60, 0, 10))),
    Defect("inside out", lambda: flipped(box()), Code.INSIDE_OUT_SHELLS, 1, BLOCKS, REPAIRABLE,
           places=((0, 0, 0), (20, 30, 10))),
    Defect("a dome inside out", lambda: flipped(dome()), Code.INSIDE_OUT_SHELLS, 1, BLOCKS,
           REPAIRABLE),
    Defect("one of two boxes inside out",
           lambda: together(box(), flipped(box((10, 10, 10), (40, 0, 0)))),
           Code.INSIDE_OUT_SHELLS, 1, BLOCKS, REPAIRABLE, {Code.SEVERAL_SHELLS: 2},
           places=((40, 0, 0), (50, 10, 10))),
    Defect("both of two boxes inside out", lambda: flipped(together(box(), box(at=(40, 0, 0)))),
           Code.INSIDE_OUT_SHELLS, 2, BLOCKS, REPAIRABLE, {Code.SEVERAL_SHELLS: 2}),
    Defect("a Moebius strip", solids.moebius, Code.ONE_SIDED_SHELLS, 1, BLOCKS, NOT_PRINTABLE,
           {Code.OPEN_EDGES: 48}),
    Defect("a strip of three half turns", three_half_turns, Code.ONE_SIDED_SHELLS, 1, BLOCKS,
           NOT_PRINTABLE, {Code.OPEN_EDGES: 96}),
]  # fmt: skip

FACETS = [
    Defect("a facet twice", lambda: together(box(), box()[3:4]), Code.DUPLICATE_FACETS, 1, BLOCKS,
           REPAIRABLE, places=((0, 0, 10), (20, 30, 10))),
    Defect("a facet twice, begun at another corner",
           lambda: together(box(), np.roll(box()[3:4], 1, axis=1)),
           Code.DUPLICATE_FACETS, 1, BLOCKS, REPAIRABLE, places=((0, 0, 10), (20, 30, 10))),
    Defect("a facet three times", lambda: together(box(), box()[3:4], box()[3:4]),
           Code.DUPLICATE_FACETS, 2, BLOCKS, REPAIRABLE),
    Defect("every facet twice", lambda: together(box(), box()), Code.DUPLICATE_FACETS, 12, BLOCKS,
           REPAIRABLE),
    Defect("a facet collapsed to a line", lambda: together(box(), box()[:1][:, [0, 0, 1]]),
           Code.DEGENERATE_FACETS, 1, INFO, PRINTABLE),
    Defect("two facets collapsed to points", lambda: together(box(), box()[:2][:, [0, 0, 0]]),
           Code.DEGENERATE_FACETS, 2, INFO, PRINTABLE),
    Defect("a seam filled by a facet without area", filled_seam, Code.DEGENERATE_FACETS, 1, INFO,
           PRINTABLE, places=((0, 0, 0), (20, 0, 0))),
]  # fmt: skip

BODIES = [
    Defect("one triangle", lambda: box()[:1], Code.NO_VOLUME, 1, BLOCKS, NOT_PRINTABLE,
           {Code.OPEN_EDGES: 3}),
    Defect("a sheet", lambda: box()[4:6], Code.NO_VOLUME, 1, BLOCKS, NOT_PRINTABLE,
           {Code.OPEN_EDGES: 4}),
    Defect("a box without height", flattened, Code.NO_VOLUME, 1, BLOCKS,
           NOT_PRINTABLE, {Code.DEGENERATE_FACETS: 8}),
    Defect("two boxes apart", lambda: together(box(), box(at=(40, 0, 0))), Code.SEVERAL_SHELLS, 2,
           INFO, PRINTABLE),
    Defect("five posts apart",
           lambda: together(*(solids.cylinder(16, 5, 9) + np.float32([15 * i, 0, 0])
                              for i in range(5))),
           Code.SEVERAL_SHELLS, 5, INFO, PRINTABLE),
    Defect("a box stands against a larger one",
           lambda: together(box((10, 10, 10)), box((10, 20, 5), (10, -5, 0))),
           Code.SEVERAL_SHELLS, 2, INFO, PRINTABLE),
    Defect("a body within a body", lambda: together(box((30, 30, 30)), box((5, 5, 5), (10, 10, 10))),
           Code.NESTED_SHELLS, 1, WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 2},
           places=((10, 10, 10), (15, 15, 15))),
    Defect("three bodies within a body",
           lambda: together(box((60, 30, 30)), *(box((5, 5, 5), (10 + 15 * i, 10, 10))
                                                for i in range(3))),
           Code.NESTED_SHELLS, 3, WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 4},
           places=((10, 10, 10), (45, 15, 15))),
    Defect("a hollow", lambda: together(box((30, 30, 30)), flipped(diamond((15, 15, 15)))),
           Code.CAVITIES, 1, INFO, PRINTABLE, places=((10, 10, 10), (20, 20, 20))),
    Defect("three hollows",
           lambda: together(box((60, 30, 30)), *(flipped(diamond((15 + 15 * i, 15, 15)))
                                                for i in range(3))),
           Code.CAVITIES, 3, INFO, PRINTABLE, places=((10, 10, 10), (50, 20, 20))),
    Defect("a hollow with a flat ceiling",
           lambda: together(box((30, 30, 30)), flipped(box((5, 8, 5), (10, 10, 10)))),
           Code.CAVITIES, 1, INFO, PRINTABLE, {Code.BRIDGES: 1},
           places=((10, 10, 10), (15, 18, 15))),
]  # fmt: skip

CROSSINGS = [
    Defect("a post goes into a plate", lambda: POST_IN_PLATE, Code.SELF_INTERSECTIONS, 9, WARNING,
           WARNINGS, {Code.SEVERAL_SHELLS: 2}, measured=1.5, places=((11, 21, 2), (17, 27, 2))),
    Defect("two posts go into a plate", lambda: TWO_POSTS_IN_PLATE, Code.SELF_INTERSECTIONS, 18,
           WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 3}, measured=1.5,
           places=((11, 10, 2), (28, 27, 2))),
    Defect("a post dips into a plate by 20 micrometres",
           lambda: together(box((40, 40, 2)), box((6, 6, 30), (11, 21, 1.98))),
           Code.SELF_INTERSECTIONS, 9, WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 2}, measured=0.02,
           places=((11, 21, 2), (17, 27, 2))),
    Defect("two bars cross", lambda: CROSS, Code.SELF_INTERSECTIONS,
           crossing_truth.brute_force(CROSS)[0], WARNING, WARNINGS, {Code.SEVERAL_SHELLS: 2}),
]  # fmt: skip

ON_THE_SURFACE = [*OPEN, *GAPS, *CROWDED, *FACING, *FACETS, *BODIES, *CROSSINGS]
