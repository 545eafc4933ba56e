"""Coupling between a gas hob's tap and its knob. Kept to show why it is never sold."""

import numpy as np
from manifold3d import Manifold

from tools.catalogue_models.shapes import bore, box, circle, prism, ring_of, rounded, turned

HEIGHT_MM = 24.0
SOCKET_MM = 11.0
TAP_RADIUS_MM = 4.05
TAP_FLAT_MM = 2.5
SHAFT_RADIUS_MM = 3.0
SHAFT_FLAT_MM = 1.6


def build() -> Manifold:
    """The coupling with its tap socket on the bed and the knob's D-shaft upwards."""
    body = _body() + _cam() + _shaft()
    return body - _socket() - _set_screw()


def _body() -> Manifold:
    return turned(
        [
            (0, 0),
            (7.6, 0),
            (8.2, 0.6),
            (8.2, 12.2),
            (7.4, 13.0),
            (5.6, 13.0),
            (4.6, 14.0),
            (0, 14.0),
        ],
        112,
    ) - ring_of(bore(0.8, 4.4, 12.0, segments=24).translate((8.5, 0, 0)), 12, 15.0)


def _cam() -> Manifold:
    """The flange with its child-lock nose: must be pressed before it turns."""
    disc = circle(11.0, segments=128)
    nose = rounded(box((6.0, 14.0), (-2.6, 2.6)), convex_mm=1.2)
    notch = circle(1.7, (0.0, 11.3), 40) + circle(1.7, (0.0, -11.3), 40)
    flange = rounded(disc + nose - notch, convex_mm=0.7, concave_mm=1.0)
    return prism(flange, 3.6, top_fillet_mm=0.6, bottom_chamfer_mm=0.5)


def _shaft() -> Manifold:
    """The shaft for the knob, flat on one side, with a chamfered tip."""
    r = SHAFT_RADIUS_MM
    rod = turned([(0, 12), (r, 12), (r, HEIGHT_MM - 0.7), (r - 0.7, HEIGHT_MM), (0, HEIGHT_MM)], 72)
    flat = prism(box((-5, 5), (SHAFT_FLAT_MM, 6)), HEIGHT_MM, z_mm=15.2)
    return rod - flat


def _socket() -> Manifold:
    d_shape = circle(TAP_RADIUS_MM, segments=72) ^ box((-6, 6), (-6.0, TAP_FLAT_MM))
    roof = SOCKET_MM - 2.5
    hole = prism(d_shape, roof + 1.0, z_mm=-1.0)
    cone = turned([(0, roof - 0.3), (2.4, roof - 0.3), (0, roof + 2.1)], 72)
    lead_in = turned([(0, -1), (TAP_RADIUS_MM + 1.6, -1), (TAP_RADIUS_MM - 0.6, 1.2), (0, 1.2)], 72)
    return hole + cone + lead_in


def _set_screw() -> Manifold:
    """The M3 set screw's hole, sideways into the tap's flat."""
    radius, peak = 1.25, float(np.sqrt(2)) * 1.25
    drop = circle(radius, segments=40) + box((0, radius), (0, radius)).rotate(45).scale(
        (1.0, peak / (radius * float(np.sqrt(2))))
    )
    return prism(drop, 12.0).rotate((90, 0, 180)).translate((0, 0, 7.0))
