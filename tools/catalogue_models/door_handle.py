"""Draft of a washing machine's door handle: a curved pull lever with a catch and a pivot."""

import numpy as np
from manifold3d import CrossSection, Manifold

from tools.catalogue_models.shapes import OVERCUT_MM, bore, circle, polygon, prism, rounded

WIDTH_MM = 18.0
PIN_RADIUS_MM = 2.1
PIVOT_RADIUS_MM = 5.6
PIVOT_AT = (34.0, -1.5)
RETURN_SPRING_GAP_MM = 7.0


def build() -> Manifold:
    """The handle on its side; the hinge pin's bore stands upright."""
    profile = rounded(_lever() + _pivot() + _catch(), convex_mm=1.8, concave_mm=3.0, segments=72)
    handle = prism(profile, WIDTH_MM, top_fillet_mm=1.0, bottom_chamfer_mm=0.7)
    pin = bore(PIN_RADIUS_MM, 0, WIDTH_MM, chamfer_mm=0.6).translate((*PIVOT_AT, 0))
    return handle - pin - _spring_gap()


def _lever() -> CrossSection:
    """A band along an arc: thick at the hinge, slender and curled at the finger's end."""
    shares = np.linspace(0, 1, 40)
    x = -52 + 100 * shares
    crown = 20.0 - 0.0058 * (x + 2) ** 2
    thickness = 4.6 + 3.4 * shares**1.5
    upper = list(zip(x.tolist(), crown.tolist(), strict=True))
    lower = list(zip(x.tolist(), (crown - thickness).tolist(), strict=True))
    curl = circle(3.1, (-51.4, float(crown[0]) - 2.9))
    return polygon([*lower, *upper[::-1]]) + curl


def _pivot() -> CrossSection:
    x, y = PIVOT_AT
    return circle(PIVOT_RADIUS_MM, PIVOT_AT) + polygon(
        [(x - 7, 14), (x + 9, 10), (x + 5, y), (x - 5, y)]
    )


def _catch() -> CrossSection:
    """The hook that draws the door's bolt."""
    return polygon(
        [(10, 15), (20, 15), (17.5, 2), (16.5, -7), (9.0, -7), (6.6, -3.2), (12.2, -1.6)]
    )


def _spring_gap() -> Manifold:
    """Room above the hinge's ear for the return spring, up to the lever's underside."""
    gap = circle(PIVOT_RADIUS_MM + 1.6, PIVOT_AT) - _lever()
    return prism(gap, RETURN_SPRING_GAP_MM + OVERCUT_MM, z_mm=WIDTH_MM - RETURN_SPRING_GAP_MM)
