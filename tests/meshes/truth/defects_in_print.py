"""Sound surfaces that print badly: walls, pins, holes, sizes, fit, and how a part lies."""

from collections.abc import Callable, Mapping

import numpy as np

from parts3d.meshes.check import Question
from parts3d.meshes.findings import Code, Severity, Verdict
from parts3d.meshes.printing import Printing
from tests.meshes import solids
from tests.meshes.solids import Triangles, box
from tests.meshes.truth.defects import (
    BLOCKS,
    INFO,
    NOT_PRINTABLE,
    PRINTABLE,
    WARNING,
    WARNINGS,
    Defect,
)
from tests.meshes.truth.models import (
    Profile,
    block,
    circle,
    extruded,
    on_bed,
    rectangle,
    rod,
    triangles_of,
    turned,
)

BEDS = ((180.0, 180.0, 180.0), (210.0, 250.0, 210.0))


def frame(wall: float, size: float = 40, height: float = 20) -> Triangles:
    """Four upright walls around nothing."""
    inside = size - 2 * wall
    return triangles_of(
        extruded(rectangle(0, 0, size, size), height, rectangle(wall, wall, inside, inside))
    )


def pipe(wall: float, radius: float, height: float = 20) -> Triangles:
    inside = radius - wall
    profile = [(inside, 0.0), (radius, 0.0), (radius, height), (inside, height)]
    return solids.lathe(profile, 48, closed_ring=True)


def fin(wall: float) -> Triangles:
    """A rib that stands on a plate, one body."""
    return triangles_of(block((60, 60, 3)) + block((40, wall, 16), (10, 30, 2)))


def cup() -> Triangles:
    """A conical cup; its wall is 0.6 mm level, a little less across."""
    profile = [(0.0, 0.0), (15.0, 0.0), (20.0, 40.0), (19.4, 40.0), (14.65, 2.0), (0.0, 2.0)]
    return triangles_of(turned(profile, 64))


def _wall(
    name: str,
    triangles: Callable[[], Triangles],
    measured: float,
    *,
    vanishes: bool = False,
    printing: Printing | None = None,
) -> Defect:
    return Defect(
        name,
        triangles,
        Code.VANISHING_WALLS if vanishes else Code.THIN_WALLS,
        1,
        BLOCKS if vanishes else WARNING,
        NOT_PRINTABLE if vanishes else WARNINGS,
        measured=measured,
        question=Question(printing or Printing("PLA")),
    )


THIN = [
    _wall("upright walls of 0.35 mm", lambda: frame(0.35), 0.35, vanishes=True),
    _wall("upright walls of 0.42 mm", lambda: frame(0.42), 0.42, vanishes=True),
    _wall("a pipe's wall of 0.35 mm", lambda: pipe(0.35, 30), 0.35, vanishes=True),
    _wall("a rib of 0.35 mm", lambda: fin(0.35), 0.35, vanishes=True),
    _wall("0.6 mm for a 0.8 mm nozzle", lambda: frame(0.6), 0.6, vanishes=True,
          printing=Printing("PLA", nozzle_mm=0.8)),
    _wall("upright walls of 0.6 mm", lambda: frame(0.6), 0.6),
    _wall("a pipe's wall of 0.6 mm", lambda: pipe(0.6, 30), 0.6),
    _wall("a rib of 0.7 mm", lambda: fin(0.7), 0.7),
    _wall("a cup's wall of 0.6 mm", cup, 0.6 * float(np.cos(np.arctan(5 / 40)))),
    _wall("a lying sheet of 0.35 mm", lambda: box((40, 30, 0.35)), 0.35),
    _wall("1 mm of a soft material", lambda: frame(1.0), 1.0, printing=Printing("TPU")),
]  # fmt: skip


def pins(across: float, *places: tuple[float, float]) -> Triangles:
    whole = block((60, 40, 3))
    for x, y in places:
        whole += rod(across / 2, 7, (x, y, 2), steps=24)
    return triangles_of(whole)


FOUR = ((10.0, 10.0), (50.0, 10.0), (10.0, 30.0), (50.0, 30.0))
ROUND = float(np.cos(np.pi / 24))
PINS = [
    Defect("a pin of 1 mm", lambda: pins(1.0, (30, 20)), Code.SMALL_FEATURES, 1, WARNING, WARNINGS,
           measured=ROUND, places=((29.5, 19.5, 3), (30.5, 20.5, 9))),
    Defect("four pins of 1.2 mm", lambda: pins(1.2, *FOUR), Code.SMALL_FEATURES, 4, WARNING,
           WARNINGS, measured=1.2 * ROUND, places=((9.4, 9.4, 3), (50.6, 30.6, 9))),
    Defect("a square pin", lambda: triangles_of(block((60, 40, 3)) + block((1, 1, 9), (20, 20, 2))),
           Code.SMALL_FEATURES, 1, WARNING, WARNINGS, measured=1.0,
           places=((20, 20, 3), (21, 21, 11))),
    Defect("two pins of 1.6 mm in PETG", lambda: pins(1.6, *FOUR[:2]), Code.SMALL_FEATURES, 2,
           WARNING, WARNINGS, measured=1.6 * ROUND, question=Question(Printing("PETG"))),
]  # fmt: skip


def drilled(diameter: float, *places: tuple[float, float]) -> Triangles:
    outline = rectangle(0, 0, 40, 30)
    holes = [circle(diameter / 2, 24, at) for at in places]
    return triangles_of(extruded(outline, 4, *holes))


def drilled_across() -> Triangles:
    """A hole that lies, from side to side."""
    return triangles_of(
        block((20, 30, 10)) - rod(0.4, 40, steps=24).rotate((0, 90, 0)).translate((-10, 15, 5))
    )


def drilled_half() -> Triangles:
    return triangles_of(
        block((20, 30, 10))
        - rod(0.3, 4, (6, 10, 6.5), steps=16)
        - rod(0.3, 4, (14, 20, 6.5), steps=16)
    )


HOLES = [
    Defect("a hole of 0.8 mm", lambda: drilled(0.8, (20, 15)), Code.SMALL_HOLES, 1, WARNING,
           WARNINGS, measured=0.8, places=((19.6, 14.6, 0), (20.4, 15.4, 4))),
    Defect("three holes of 0.6 mm", lambda: drilled(0.6, (10, 10), (20, 10), (30, 20)),
           Code.SMALL_HOLES, 3, WARNING, WARNINGS, measured=0.6,
           places=((9.7, 9.7, 0), (30.3, 20.3, 4))),
    Defect("a hole from side to side", drilled_across, Code.SMALL_HOLES, 1, WARNING, WARNINGS,
           measured=0.8, places=((0, 14.6, 4.6), (20, 15.4, 5.4))),
    Defect("two holes that end inside", drilled_half, Code.SMALL_HOLES, 2, WARNING, WARNINGS,
           measured=0.6, places=((5.7, 9.7, 6.5), (14.3, 20.3, 10))),
    Defect("a hole of 1.4 mm in PA-CF", lambda: drilled(1.4, (20, 15)), Code.SMALL_HOLES, 1,
           WARNING, WARNINGS, measured=1.4, question=Question(Printing("PA-CF"))),
]  # fmt: skip

DECLARED = Question(declared_mm=(20, 30, 12))
SIZES = [
    Defect("a cube of an inch", lambda: box((1, 1, 1)), Code.LOOKS_LIKE_INCHES, 1, WARNING,
           WARNINGS, measured=1, params={"scaled_mm": 25.4}, movable=False),
    Defect("a block of three inches", lambda: box((3, 2, 1)), Code.LOOKS_LIKE_INCHES, 1, WARNING,
           WARNINGS, measured=3, params={"scaled_mm": 76.2}, movable=False),
    Defect("a block of 30 cm in metres", lambda: box((0.2, 0.3, 0.1)), Code.LOOKS_LIKE_METRES, 1,
           WARNING, WARNINGS, measured=0.3, params={"scaled_mm": 300}, movable=False),
    Defect("lower than declared", box, Code.SIZE_NOT_AS_DECLARED, 1, BLOCKS, NOT_PRINTABLE,
           measured=10, question=DECLARED),
    Defect("wrong along two axes", lambda: box((26, 30, 10)), Code.SIZE_NOT_AS_DECLARED, 2, BLOCKS,
           NOT_PRINTABLE, measured=26, question=DECLARED),
    Defect("too large for the bed", lambda: box((240, 120, 50)), Code.TOO_LARGE_FOR_BED, 1, BLOCKS,
           NOT_PRINTABLE, params={"z_mm": 50}, question=Question(beds_mm=BEDS[:1])),
    Defect("too large for all beds", lambda: box((400, 400, 20)), Code.TOO_LARGE_FOR_BED, 2, BLOCKS,
           NOT_PRINTABLE, params={"x_mm": 400, "y_mm": 400}, question=Question(beds_mm=BEDS)),
    Defect("fits from corner to corner", lambda: box((280, 20, 10)), Code.FITS_WHEN_TURNED, 2,
           WARNING, WARNINGS, question=Question(beds_mm=BEDS)),
    Defect("fits when laid down", lambda: box((40, 40, 230)), Code.FITS_WHEN_TURNED, 2, WARNING,
           WARNINGS, question=Question(beds_mm=BEDS)),
]  # fmt: skip


def upright(outline: Profile, depth: float) -> Triangles:
    """An outline in x and z, as deep in y."""
    lying = triangles_of(extruded(outline, depth))
    return on_bed(np.stack((lying[..., 0], -lying[..., 2], lying[..., 1]), axis=-1))


def portal(*spans: float, depth: float = 20) -> Triangles:
    """Posts of 10 mm under a beam at a height of 20 mm."""
    outline = [(0.0, 0.0)]
    x = 0.0
    for span in spans:
        outline += [(x + 10, 0), (x + 10, 20), (x + 10 + span, 20), (x + 10 + span, 0)]
        x += 10 + span
    return upright([*outline, (x + 10, 0.0), (x + 10, 26.0), (0.0, 26.0)], depth)


GALLOWS: Profile = [(0, 0), (20, 0), (20, 30), (50, 30), (50, 40), (0, 40)]
TABLE = [(20.0, 0.0), (40.0, 0.0), (40.0, 20.0), (60.0, 20.0), (60.0, 25.0), (0.0, 25.0)]
TABLE += [(0.0, 20.0), (20.0, 20.0)]
LEANING: Profile = [(0, 0), (30, 0), (80, 60), (50, 60)]
KEEL: Profile = [(-0.15, 0), (0.15, 0), (15, 20), (15, 30), (-15, 30), (-15, 20)]
KEEL_WIDTH = 0.3 + 2 * 0.1 * 14.85 / 20


def goblet() -> Triangles:
    return solids.lathe([(0, 0), (5, 0), (25, 10), (0, 10)], 32, closed_ring=False)


def _cone_area(low: float, high: float, height: float, steps: int) -> float:
    """Sides of a blunt cone of so many flat sides."""
    chord, middle = 2 * np.sin(np.pi / steps), np.cos(np.pi / steps)
    slant = np.hypot(height, (high - low) * middle)
    return float(steps * (low + high) / 2 * chord * slant)


def _overhang(
    name: str, triangles: Callable[[], Triangles], count: int, params: Mapping[str, float]
) -> Defect:
    return Defect(name, triangles, Code.OVERHANGS, count, INFO, PRINTABLE, params=params)


def _bridge(
    name: str,
    triangles: Callable[[], Triangles],
    count: int,
    span: float,
    *,
    long: bool = False,
    printing: Printing | None = None,
) -> Defect:
    severity: Severity = WARNING if long else INFO
    verdict: Verdict = WARNINGS if long else PRINTABLE
    question = Question(printing or Printing("PLA"))
    return Defect(
        name, triangles, Code.BRIDGES, count, severity, verdict, measured=span, question=question
    )


LYING = [
    _overhang("an arm in the air", lambda: upright(GALLOWS, 30), 2,
              {"area_mm2": 900, "support_mm3": 27_000}),
    _overhang("a table on one leg", lambda: upright(TABLE, 20), 4,
              {"area_mm2": 800, "support_mm3": 16_000}),
    _overhang("a goblet", goblet, 64, {"area_mm2": _cone_area(5, 25, 10, 32)}),
    _bridge("a bridge of 15 mm", lambda: portal(15), 1, 15),
    _bridge("two bridges of 12 mm", lambda: portal(12, 12), 2, 12),
    _bridge("a bridge of 30 mm", lambda: portal(30), 1, 30, long=True),
    _bridge("a bridge of 18 mm in PETG", lambda: portal(18), 1, 18, long=True,
            printing=Printing("PETG")),
    Defect("a high frame", lambda: frame(1.2, 60, 180), Code.SMALL_BED_CONTACT, 1, WARNING,
           WARNINGS, measured=60**2 - 57.6**2),
    Defect("a keel", lambda: upright(KEEL, 40), Code.SMALL_BED_CONTACT, 1, WARNING, WARNINGS,
           {Code.MAY_TIP_OVER: 1}, measured=40 * KEEL_WIDTH),
    Defect("a narrow post", lambda: box((12, 40, 200)), Code.MAY_TIP_OVER, 1, WARNING, WARNINGS,
           measured=6),
    Defect("a leaning block", lambda: upright(LEANING, 30), Code.MAY_TIP_OVER, 1, WARNING,
           WARNINGS, measured=-10),
]  # fmt: skip

IN_PRINT = [*THIN, *PINS, *HOLES, *SIZES, *LYING]
