"""Latch of a vacuum cleaner's hose end: rocks on a 3 mm steel pin against a small spring."""

from manifold3d import CrossSection, Manifold

from tools.catalogue_models.shapes import (
    OVERCUT_MM,
    bore,
    circle,
    polygon,
    prism,
    rounded,
    turned,
)

WIDTH_MM = 13.0
PIN_RADIUS_MM = 1.6
PIVOT_RADIUS_MM = 4.6
SPRING_RADIUS_MM = 2.6


def build() -> Manifold:
    """The latch on its side; the pin's bore stands upright."""
    profile = rounded(_outline(), convex_mm=0.9, concave_mm=1.6)
    profile = profile - _grip_grooves()
    profile = rounded(profile, convex_mm=0.6, concave_mm=0.6)
    latch = prism(profile, WIDTH_MM, top_fillet_mm=0.4, bottom_chamfer_mm=0.4)
    return latch - bore(PIN_RADIUS_MM, 0, WIDTH_MM, chamfer_mm=0.5) - _spring_seat() - _pocket()


def _outline() -> CrossSection:
    arm = polygon([(-26, -1.2), (0, -2.8), (0, 3.2), (-26, 2.4)])
    hook = polygon([(-30, 2.4), (-21, 2.4), (-21, -1.0), (-23.0, -6.4), (-24.6, -6.4), (-30, -0.6)])
    pad = polygon(
        [
            (-2, 3.2),
            (6, 5.2),
            (13, 6.6),
            (20, 7.2),
            (26, 7.2),
            (26, 4.0),
            (18, 1.0),
            (10, -2.0),
            (0, -3.2),
        ]
    )
    return (
        arm
        + hook
        + pad
        + circle(PIVOT_RADIUS_MM)
        + polygon([(9, 3), (16, 3), (16, -3.4), (9, -3.4)])
    )


def _grip_grooves() -> CrossSection:
    grooves = CrossSection()
    for i in range(5):
        grooves = grooves + circle(0.85, (10.0 + 3.0 * i, 6.35 + 0.34 * i - (0.06 * i * i)), 32)
    return grooves


def _spring_seat() -> Manifold:
    """A blind hole for the spring, open below, with a peak instead of a flat roof."""
    seat = turned([(0, -5), (SPRING_RADIUS_MM, -5), (SPRING_RADIUS_MM, 0.6), (0, 0.6)], 48)
    return seat.rotate((-90, 0, 0)).translate((12.5, 0, WIDTH_MM / 2))


def _pocket() -> Manifold:
    """Hollows the arm from above to an even wall, as a moulded latch would be."""
    section = rounded(
        polygon([(-19.5, -0.2), (-6.6, -0.7), (-6.6, 1.2), (-19.5, 0.9)]), convex_mm=0.5
    )
    return prism(section, WIDTH_MM, z_mm=2.4 + OVERCUT_MM)
