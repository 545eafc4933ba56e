"""Foot for a cupboard or sofa: soft square, screwed on through a boss in its middle."""

import numpy as np
from manifold3d import Manifold

from tools.catalogue_models.shapes import Points, box, prism, radial, ring_of, rounded, turned

HEIGHT_MM = 30.0
MOUNT_HALF_MM = 25.0
FLOOR_HALF_MM = 20.5
PLATE_MM = 5.0
WALL_MM = 2.7  # three lines from each side of a 0.4 mm nozzle
SCREW_RADIUS_MM = 2.6
SCREW_HEAD_RADIUS_MM = 5.2
POINTS = 240


def build() -> Manifold:
    """The foot upside down: the face against the furniture lies on the bed."""
    foot = _body() - _hollow()
    inside = _ribs() + _boss()
    return foot + (inside ^ _body()) - _screw_hole()


def _soft_square(half_mm: float) -> Points:
    """Radii of a superellipse with exponent 4: a square with soft corners."""
    angles = np.linspace(0, 2 * np.pi, POINTS, endpoint=False)
    return np.asarray(half_mm * (np.cos(angles) ** 4 + np.sin(angles) ** 4) ** -0.25)


def _half_at(z_mm: float) -> float:
    """Half width of the body, falling on a gentle curve from the mount to the floor."""
    share = z_mm / HEIGHT_MM
    return MOUNT_HALF_MM + (FLOOR_HALF_MM - MOUNT_HALF_MM) * float(1 - (1 - share) ** 1.7)


def _body() -> Manifold:
    levels = [(0.0, _soft_square(MOUNT_HALF_MM - 1.0))]
    levels += [
        (float(z), _soft_square(_half_at(float(z)))) for z in np.linspace(1.0, HEIGHT_MM - 2.0, 13)
    ]
    edge = _half_at(HEIGHT_MM - 2.0)
    levels += [
        (
            HEIGHT_MM - 2.0 + 2.0 * float(np.sin(a)),
            _soft_square(edge - 2.0 * (1 - float(np.cos(a)))),
        )
        for a in np.radians(np.linspace(15, 90, 6))
    ]
    return radial(levels)


def _hollow() -> Manifold:
    levels = [(PLATE_MM, _soft_square(_half_at(PLATE_MM) - WALL_MM - 1.5))]
    levels += [
        (float(z), _soft_square(_half_at(float(z)) - WALL_MM))
        for z in np.linspace(PLATE_MM + 1.5, HEIGHT_MM, 6)
    ]
    levels.append((HEIGHT_MM + 1.0, _soft_square(_half_at(HEIGHT_MM) - WALL_MM + 1.0)))
    return radial(levels)


def _ribs() -> Manifold:
    """Eight ribs to the wall, a little below the floor edge."""
    rib = rounded(box((0, 30), (-0.9, 0.9)), convex_mm=0.8)
    return ring_of(prism(rib, HEIGHT_MM - PLATE_MM - 10.0, z_mm=PLATE_MM - 0.5), 8)


def _boss() -> Manifold:
    top = HEIGHT_MM - 8.0
    foot = PLATE_MM + 1.5
    return turned(
        [(0, 1), (10, 1), (10, PLATE_MM), (8.2, foot), (7.9, top - 1), (6.9, top), (0, top)]
    )


def _screw_hole() -> Manifold:
    """A 5 mm screw's hole, its countersunk head 8 mm up from the mount."""
    shaft, head, seat = SCREW_RADIUS_MM, SCREW_HEAD_RADIUS_MM, 8.0
    return turned(
        [
            (0, -1),
            (shaft + 1.5, -1),
            (shaft, 0.5),
            (shaft, seat),
            (head, seat + head - shaft),
            (head, HEIGHT_MM),
            (0, HEIGHT_MM),
        ],
        72,
    )
