"""Control knob of an oven: 6 mm D-shaft, fluted grip, pointer with an engraved line."""

import numpy as np
from manifold3d import Manifold

from tools.catalogue_models.shapes import Points, box, circle, prism, radial, rounded, turned

FLUTES = 24
POINTS = FLUTES * 14
GRIP_RADIUS_MM = 18.0
SKIRT_RADIUS_MM = 22.0
HEIGHT_MM = 23.0
SHAFT_RADIUS_MM = 3.05
SHAFT_FLAT_MM = 1.55  # from the shaft's middle to its flat, with 0.05 mm of play
SHAFT_DEPTH_MM = 14.0
POINTER_DEG = 90.0


def build() -> Manifold:
    """The knob, shaft side on the bed."""
    knob = _skirt() + _grip() - _line() - _underside() - _shaft()
    return knob.rotate((0, 0, 180))  # the pointer to the front


def _skirt() -> Manifold:
    r = SKIRT_RADIUS_MM
    return turned(
        [(0, 0), (r - 0.8, 0), (r, 0.8), (r, 2.2), (r - 0.5, 3.0), (17.0, 5.2), (0, 5.2)], 160
    )


def _grip() -> Manifold:
    """The fluted body: flutes fade into the domed top, the pointer swells out on one side."""
    angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    ripple = np.abs(np.cos(FLUTES * angles / 2)) - 1.0
    away = np.angle(np.exp(1j * (angles - np.radians(POINTER_DEG))))
    pointer = np.exp(-((away / 0.13) ** 2))
    calm = 1 - np.exp(-((away / 0.24) ** 6))

    def ring(z: float, inset: float, depth: float, nose: float) -> tuple[float, Points]:
        return z, GRIP_RADIUS_MM - inset + depth * ripple * calm + nose * pointer

    top, fillet = HEIGHT_MM, 3.0
    levels = [
        ring(2.0, 0.0, 0.0, 2.4),
        ring(5.4, 0.0, 0.0, 2.4),
        ring(6.4, 0.1, 0.9, 2.4),
        ring(12.0, 0.5, 1.0, 2.2),
        ring(17.0, 0.9, 1.0, 2.0),
    ]
    for angle in np.radians(np.linspace(0, 90, 9)):
        fade = float(np.cos(angle))
        levels.append(
            ring(
                top - 0.8 - fillet + fillet * float(np.sin(angle)),
                1.0 + fillet * (1 - fade),
                0.9 * fade**0.5,
                1.9 * fade**0.6,
            )
        )
    for share in (0.75, 0.5, 0.25, 0.03):  # a slightly domed face
        radii = (GRIP_RADIUS_MM - 4.0) * share
        levels.append((top - 0.8 * share**2, np.full(POINTS, radii)))
    return radial(levels)


def _line() -> Manifold:
    """The pointer's engraved line, over the top and down the nose."""
    slot = rounded(box((-0.8, 0.8), (6.0, 30.0)), convex_mm=0.79)
    top = prism(slot, 5.0, z_mm=HEIGHT_MM - 1.9)
    front = prism(box((-0.8, 0.8), (18.9, 30.0)), 20.0, z_mm=7.0)
    return top + front


def _underside() -> Manifold:
    """A hollow round the shaft's boss; its roof is a 45° gable, so it prints without supports."""
    return turned([(6.2, -1), (16.2, -1), (15.2, 0), (15.2, 3.0), (10.7, 7.5), (6.2, 3.0)], 128)


def _shaft() -> Manifold:
    d_shape = circle(SHAFT_RADIUS_MM, segments=72) ^ box((-10, 10), (-10.0, SHAFT_FLAT_MM))
    hole = prism(d_shape, SHAFT_DEPTH_MM + 1, z_mm=-1)
    lead_in = turned(
        [(0, -1), (SHAFT_RADIUS_MM + 1.6, -1), (SHAFT_RADIUS_MM - 0.6, 1.2), (0, 1.2)], 72
    )
    slits = prism(box((-0.5, 0.5), (-7.0, 7.0)), 6.0, z_mm=-1)
    roof = turned(
        [(0, SHAFT_DEPTH_MM - 0.2), (1.5, SHAFT_DEPTH_MM - 0.2), (0, SHAFT_DEPTH_MM + 1.3)]
    )
    return hole + lead_in + slits + roof
