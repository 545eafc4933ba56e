"""Parts as people draw them, without a defect: the check must have nothing against them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from manifold3d import Manifold

from parts3d.meshes.findings import Code
from tests.meshes import solids
from tests.meshes.solids import Triangles, box
from tests.meshes.truth.defects_in_print import LEANING, upright
from tests.meshes.truth.models import (
    Profile,
    Solid,
    arc,
    block,
    circle,
    dome,
    extruded,
    hull,
    rectangle,
    rod,
    solid_of,
    triangles_of,
    turned,
)

# Codes with counts; None where the count is an estimate by points.
Told = Mapping[Code, int | None]


@dataclass(frozen=True)
class Clean:
    """A part, and what may be told of it without a warning: codes with counts."""

    name: str
    triangles: Callable[[], Triangles]
    told: Told = field(default_factory=dict)


def around(solid: Solid, count: int) -> Solid:
    whole = solid
    for turn in range(1, count):
        whole += solid.rotate((0, 0, 360 * turn / count))
    return whole


def knob(steps: int) -> Solid:
    profile = [(0.0, 0.0), (17.0, 0.0), (18.0, 1.0), (18.0, 14.0), (16.0, 16.0), (0.0, 16.0)]
    grips = around(rod(2.5, 30, (19, 0, -5), steps=steps), 12)
    shaft = rod(3, 12, (0, 0, -1), steps=steps) - block((4, 8, 20), (2, -4, -4))
    return turned(profile, 4 * steps) - grips - shaft


def clip(steps: int) -> Solid:
    outer = [*arc((0, 0), 10, 40, 320, steps), *arc((0, 0), 8, 320, 40, steps)]
    return extruded(outer, 12)


def bracket(steps: int) -> Solid:
    """An angle with a rounded inside corner and holes in both arms."""
    fillet = arc((9, 9), 5, 270, 180, steps)
    outline = [(0.0, 0.0), (50.0, 0.0), (50.0, 4.0), *fillet, (4.0, 40.0), (0.0, 40.0)]
    whole = extruded(outline, 20)
    whole -= rod(2.2, 20, steps=4 * steps).rotate((90, 0, 0)).translate((38, 10, 10))
    return whole - rod(2.2, 20, steps=4 * steps).rotate((0, 90, 0)).translate((-5, 28, 10))


def gear(teeth: int, steps: int) -> Solid:
    step = 2 * np.pi / teeth
    outline = []
    for tooth in range(teeth):
        for share, radius in ((0.0, 20), (0.14, 24), (0.36, 24), (0.5, 20)):
            turn = (tooth + share) * step
            outline.append((float(radius * np.cos(turn)), float(radius * np.sin(turn))))
    return extruded(outline, 8, circle(4, steps))


def thread(radius: float, height: float, steps: int) -> Solid:
    """A round thread of 4 mm pitch and 1 mm depth, no steeper than 38 degrees."""
    turn = np.arange(steps) / steps
    heights = np.linspace(0, height, 3 * round(height) + 1)
    r = radius + 0.5 * np.cos(2 * np.pi * (heights[:, None] / 4 - turn))
    around = 2 * np.pi * turn
    points = np.stack((r * np.cos(around), r * np.sin(around), r * 0 + heights[:, None]), axis=-1)
    here, above = points, np.roll(points, -1, axis=1)
    a, b, c, d = here[:-1], above[:-1], above[1:], here[1:]
    sides = [np.stack(three, axis=2).reshape(-1, 3, 3) for three in ((a, b, c), (a, c, d))]
    ends = []
    for ring, way in ((points[0], -1), (points[-1], 1)):
        middle = np.broadcast_to([0, 0, ring[0, 2]], ring.shape)
        ends.append(np.stack((middle, ring, np.roll(ring, -1, axis=0)), axis=1)[:, ::way])
    return solid_of(np.concatenate((*sides, *ends)).astype(np.float32))


def cap(steps: int) -> Solid:
    outside = turned([(0, 0), (13, 0), (14, 1), (14, 14), (0, 14)], 2 * steps)
    return outside - thread(10, 12, steps).translate((0, 0, 2))


def bolt(steps: int) -> Solid:
    head = extruded(circle(9, 6), 6)
    return head + thread(5, 22, steps).translate((0, 0, 5))


def washer(steps: int, radius: float = 10, height: float = 2) -> Solid:
    return extruded(circle(radius, steps), height, circle(radius / 2, steps))


def nut(steps: int) -> Solid:
    return extruded(circle(10, 6), 8, circle(5, steps))


def hinge(steps: int) -> Solid:
    leaf = block((30, 40, 3))
    knuckles = leaf
    for at in (0.0, 26.0):
        barrel = hull(
            rod(4, 14, steps=steps).rotate((-90, 0, 0)).translate((0, at, 4)),
            block((14, 14, 3), (-4, at, 0)),
        )
        knuckles += barrel
    knuckles -= block((10, 12, 20), (-5, 14, -5))
    knuckles -= rod(1.6, 60, steps=steps).rotate((-90, 0, 0)).translate((0, -5, 4))
    for x, y in ((20, 10), (20, 30)):
        knuckles -= rod(2, 10, (x, y, -2), steps=steps)
    return knuckles


def hook(steps: int) -> Solid:
    bend = [*arc((15, 0), 15, 180, 360, steps), *arc((15, 0), 9, 360, 180, steps)]
    stem = [(0.0, 0.0), *bend[1 : steps + 1], *bend[steps + 1 : -1], (6.0, 0.0)]
    return extruded([*stem, (6.0, 40.0), (0.0, 40.0)], 8)


def lidded(wall: float) -> Solid:
    """A box with a step around its rim for a lid."""
    whole = block((60, 40, 30)) - block((60 - 4 * wall, 40 - 4 * wall, 30), (2 * wall, 2 * wall, 2))
    return whole - block((60 - 2 * wall, 40 - 2 * wall, 5), (wall, wall, 27))


def countersunk(steps: int) -> Solid:
    whole = block((60, 30, 4))
    for x in (12, 48):
        whole -= rod(2, 10, (x, 15, -3), steps=steps)
        whole -= rod(2, 2, (x, 15, 2), steps=steps, top=4)
        whole -= rod(4, 2, (x, 15, 4), steps=steps)
    return whole


def ribbed() -> Solid:
    whole = block((60, 40, 3))
    for x in (8, 28, 48):
        whole += block((2, 40, 10), (x, 0, 2))
    return whole


def chamfered(steps: int) -> Solid:
    del steps
    return hull(
        block((28, 38, 1), (1, 1, 0)),
        block((30, 40, 18), (0, 0, 1)),
        block((28, 38, 20), (1, 1, 0)),
    )


def rounded(steps: int) -> Solid:
    corners = [(5.0, 5.0), (35.0, 5.0), (5.0, 25.0), (35.0, 25.0)]
    return hull(*(rod(5, 12, (x, y, 0), steps=steps) for x, y in corners))


def letters(*, raised: bool) -> Solid:
    """L, T and E, a millimetre raised or engraved."""
    strokes = [(5, 5, 2, 12), (5, 5, 7, 2), (18, 5, 2, 12), (14, 15, 10, 2)]
    strokes += [(28, 5, 2, 12), (28, 5, 8, 2), (28, 10, 6, 2), (28, 15, 8, 2)]
    plate = block((42, 22, 3))
    for x, y, width, depth in strokes:
        stroke = block((width, depth, 2), (x, y, 2))
        plate = plate + stroke if raised else plate - stroke
    return plate


def vase(steps: int) -> Solid:
    outer = [(float(20 + 4 * np.sin(z / 12)), float(z)) for z in np.linspace(0, 60, 25)]
    inner = [(r - 1.25, z) for r, z in reversed(outer) if z >= 2.5]
    return turned([(0.0, 0.0), *outer, *inner, (0.0, inner[-1][1])], steps)


def wheel(steps: int) -> Solid:
    rim = extruded(circle(30, steps), 8, circle(26, steps))
    hub = extruded(circle(8, steps), 8)
    spokes = around(block((24, 4, 5), (4, -2, 0)), 5)
    return rim + hub + spokes - rod(3, 20, (0, 0, -5), steps=steps)


def handle(steps: int) -> Solid:
    outer, inner = arc((0, 10), 40, 0, 180, steps), arc((0, 10), 32, 180, 0, steps)
    return extruded([(40.0, 0.0), *outer, (-40.0, 0.0), (-32.0, 0.0), *inner, (32.0, 0.0)], 10)


def lattice() -> Solid:
    holes = [rectangle(4 + 10 * i, 4 + 10 * j, 8, 8) for i in range(5) for j in range(3)]
    return extruded(rectangle(0, 0, 56, 36), 6, *holes)


def pulley(steps: int) -> Solid:
    groove = [(20.0, 0.0), (20.0, 2.0), (16.0, 7.0), (20.0, 12.0), (20.0, 14.0)]
    return turned([(4.0, 0.0), *groove, (4.0, 14.0)], steps)


def cable_clip(steps: int) -> Solid:
    foot = block((24, 10, 3))
    ring = rod(7, 10, steps=steps).rotate((-90, 0, 0)).translate((7, 0, 7))
    body = hull(ring, block((14, 10, 1))) + foot
    body -= rod(4, 30, steps=steps).rotate((-90, 0, 0)).translate((7, -5, 7))
    return body - block((3, 30, 20), (5.5, -5, 8)) - rod(1.8, 10, (19, 5, -2), steps=steps)


def bearing_holder(steps: int) -> Solid:
    return (
        rounded(steps)
        - rod(9, 10, (20, 15, 4), steps=steps)
        - rod(6, 20, (20, 15, -5), steps=steps)
    )


def funnel(steps: int) -> Solid:
    outer = [(30.0, 0.0), (30.0, 3.0), (6.0, 30.0), (6.0, 50.0)]
    inner = [(4.0, 50.0), (4.0, 29.5), (28.0, 2.5), (28.0, 0.0)]
    return turned([*outer, *inner], steps)


def bucket(steps: int) -> Solid:
    return turned([(0, 0), (18, 0), (24, 40), (22, 40), (16.4, 3), (0, 3)], steps)


def star(points: int) -> Solid:
    turn = np.arange(2 * points) * np.pi / points
    radius = np.where(np.arange(2 * points) % 2, 10, 22)
    return extruded(
        [(float(r * np.cos(t)), float(r * np.sin(t))) for r, t in zip(radius, turn, strict=True)], 6
    )


def collar(steps: int) -> Solid:
    return extruded(circle(12, steps), 10, circle(6, steps)) - block((20, 2, 30), (2, -1, -5))


def die(steps: int) -> Solid:
    return block((18, 18, 18)) - Manifold.sphere(2.5, steps).translate((9, 9, 18.5))


def tray() -> Solid:
    whole = block((80, 60, 20))
    for i in range(3):
        for j in range(2):
            whole -= block((24.4, 27.8, 30), (1.6 + 26.0 * i, 1.6 + 29.0 * j, 1.6))
    return whole


def barb(steps: int) -> Solid:
    rings = [
        (r, 11.0 + 5 * i + z) for i in range(3) for r, z in ((5.0, 0.0), (6.0, 1.2), (5.0, 4.8))
    ]
    return turned([(3.0, 0.0), (10.0, 0.0), (10.0, 8.0), (5.0, 8.0), *rings, (3.0, 25.8)], steps)


def pull(steps: int) -> Solid:
    return (
        hull(rod(6, 4, steps=steps), rod(6, 4, (60, 0, 0), steps=steps))
        - rod(2, 10, (0, 0, -2), steps=steps)
        - rod(2, 10, (60, 0, -2), steps=steps)
    )


def comb() -> Solid:
    teeth = [
        point
        for i in range(10)
        for point in ((4 * i, 30.0), (4 * i + 2, 30.0), (4 * i + 2, 8.0), (4 * i + 4, 8.0))
    ]
    outline: Profile = [
        (0.0, 0.0),
        (40.0, 0.0),
        *reversed([p for p in teeth if p != (40, 8.0)]),
    ]
    return extruded(outline, 3)


def channel() -> Solid:
    return extruded([(0, 0), (30, 0), (30, 20), (27, 20), (27, 3), (3, 3), (3, 20), (0, 20)], 50)


def slot_nut(steps: int) -> Solid:
    outline: Profile = [
        (-5, 0),
        (5, 0),
        (8, 4),
        (8, 6),
        (4, 6),
        (4, 9),
        (-4, 9),
        (-4, 6),
        (-8, 6),
        (-8, 4),
    ]
    return extruded(outline, 16) - rod(2.5, 40, steps=steps).rotate((-90, 0, 0)).translate(
        (0, -10, 8)
    )


def pawn(steps: int) -> Solid:
    ball = arc((0, 24), 6, -40, 90, 12)
    return turned(
        [(0.0, 0.0), (10.0, 0.0), (10.0, 3.0), (4.0, 12.0), *ball[:-1], (0.0, 30.0)], steps
    )


def cam(steps: int) -> Solid:
    return extruded(
        [*arc((0, 0), 12, 90, 270, steps), *arc((8, 0), 12, 270, 450, steps)], 8, circle(4, steps)
    )


def _of(make: Callable[[], Solid]) -> Callable[[], Triangles]:
    return lambda: triangles_of(make())


def _in_steps(
    name: str,
    make: Callable[[int], Solid],
    *steps: int,
    told: Told | None = None,
) -> list[Clean]:
    """A part in several tessellations."""
    return [Clean(f"{name}, {each} steps", _of(partial(make, each)), told or {}) for each in steps]


CLEAN = [
    *_in_steps("a knob", knob, 16, 32, told={Code.BRIDGES: 1}),
    *_in_steps("a clip", clip, 12, 40),
    *_in_steps("a bracket", bracket, 4, 12),
    *_in_steps("a gear", lambda steps: gear(18, steps), 16, 48),
    *_in_steps("a threaded cap", cap, 24, 48),
    *_in_steps("a bolt", bolt, 24, 48),
    *_in_steps("a washer", washer, 12, 90),
    *_in_steps("a spacer", lambda steps: washer(steps, 6, 25), 8, 64),
    *_in_steps("a nut", nut, 16, 48),
    *_in_steps("half a hinge", hinge, 16, 40),
    *_in_steps("a hook", hook, 8, 32),
    *_in_steps("a countersunk plate", countersunk, 16, 64),
    *_in_steps("a rounded block", rounded, 16, 64),
    *_in_steps("a vase", vase, 24, 96),
    *_in_steps("a wheel", wheel, 24, 64),
    *_in_steps("a handle", handle, 12, 48),
    *_in_steps("a pulley", pulley, 24, 64),
    *_in_steps("a cable clip", cable_clip, 24, 64, told={Code.OVERHANGS: None}),
    *_in_steps("a bearing holder", bearing_holder, 24, 64),
    *_in_steps("a funnel", funnel, 24, 64),
    *_in_steps("a bucket", bucket, 24, 96),
    *_in_steps("a collar", collar, 24, 64),
    *_in_steps("a die", die, 16, 48),
    *_in_steps("a hose barb", barb, 24, 64),
    *_in_steps("a drawer pull", pull, 16, 64),
    *_in_steps("a slot nut", slot_nut, 12, 16),
    *_in_steps("a cam", cam, 12, 40),
    *_in_steps("a pawn", pawn, 24, 64),
    Clean("a box for a lid", _of(lambda: lidded(1.2))),
    Clean("a ribbed plate", _of(ribbed)),
    Clean("a chamfered block", _of(lambda: chamfered(0))),
    Clean("raised letters", _of(lambda: letters(raised=True))),
    Clean("engraved letters", _of(lambda: letters(raised=False))),
    Clean("a lattice", _of(lattice)),
    Clean("a star", _of(lambda: star(7))),
    Clean("a tray", _of(tray)),
    Clean("a comb", _of(comb)),
    Clean("a channel", _of(channel)),
    Clean("a dome", dome),
    Clean("a tube", solids.tube),
    Clean("a wedge", lambda: upright([(0, 0), (40, 0), (0, 20)], 25)),
    Clean("a prism that leans a little", lambda: upright([(x - 0.5 * z, z / 2) for x, z in LEANING], 30)),
    Clean("two plates in a file", lambda: solids.together(box(), box(at=(30, 0, 0))), {Code.SEVERAL_SHELLS: 2}),
]  # fmt: skip
