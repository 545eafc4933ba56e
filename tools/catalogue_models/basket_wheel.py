"""Wheel for the lower basket of a dishwasher: snaps onto an 8 mm axle stub."""

from manifold3d import Manifold

from tools.catalogue_models.shapes import (
    box,
    fillet_arc,
    polygon,
    prism,
    ring_of,
    ring_of_sections,
    rounded,
    turned,
)

SPOKES = 6
RIM_RADIUS_MM = 19.0
RIM_WIDTH_MM = 11.0
HUB_RADIUS_MM = 7.0
HUB_HEIGHT_MM = 13.5
WEB_MM = 3.2
AXLE_BORE_RADIUS_MM = 4.1
SNAP_BORE_RADIUS_MM = 3.75


def build() -> Manifold:
    """The wheel, outer side on the bed, axle from above."""
    wheel = _rim() + _web() + _spokes() + _hub()
    return wheel - _snap_bore()


def _rim() -> Manifold:
    outer, width, inner = RIM_RADIUS_MM, RIM_WIDTH_MM, RIM_RADIUS_MM - 3.4
    middle = width / 2
    groove = [
        (outer, middle - 1.1),
        (outer - 0.9, middle - 0.2),
        (outer - 0.9, middle + 0.2),
        (outer, middle + 1.1),
    ]
    return turned(
        [
            (inner, 0),
            (outer - 1.2, 0),
            (outer, 1.2),
            *groove,
            *fillet_arc((outer - 1.2, width - 1.2), 1.2, (0, 90)),
            *fillet_arc((inner + 1.0, width - 1.0), 1.0, (90, 180)),
        ],
        144,
    )


def _web() -> Manifold:
    """The disc between hub and rim, with rounded windows between the spokes."""
    ring = rounded(
        polygon([(9.2, -1.0), (14.2, -3.6), (14.2, 3.6), (9.2, 1.0)]), convex_mm=0.9, segments=40
    )
    windows = prism(ring, WEB_MM + 2, z_mm=-1)
    disc = turned([(0, 0), (16.5, 0), (16.5, WEB_MM), (0, WEB_MM)], 144)
    return disc - ring_of(windows, SPOKES, 30.0)


def _spokes() -> Manifold:
    """Upright ribs that fall from the hub to the rim."""
    side = rounded(
        polygon([(5.5, 1), (16.2, 1), (16.2, 6.5), (8.5, 11.5), (5.5, 11.5)]), concave_mm=0.5
    )
    rib = side.extrude(2.2).rotate((90, 0, 0)).translate((0, 1.1, 0))
    return ring_of(rib, SPOKES)


def _hub() -> Manifold:
    r, h = HUB_RADIUS_MM, HUB_HEIGHT_MM
    foot = fillet_arc((r + 1.5, WEB_MM + 1.5), 1.5, (270, 180))
    top = fillet_arc((r - 1.0, h - 1.0), 1.0, (0, 90))
    return turned([(0, 0), (r + 1.5, 0), *foot, *top, (0, h)])


def _snap_bore() -> Manifold:
    """Bore whose mouth is narrower than the axle's bead, and the slits that let it open."""
    wide, narrow, h = AXLE_BORE_RADIUS_MM, SNAP_BORE_RADIUS_MM, HUB_HEIGHT_MM
    lip = wide - narrow
    hole = turned(
        [
            (0, -1),
            (wide + 1.6, -1),
            (wide, 0.6),
            (wide, h - 2.6),
            (narrow, h - 2.6 + lip),
            (narrow, h - 1.3),
            (narrow + 1.3 + 1.0, h + 1.0),
            (0, h + 1.0),
        ],
        96,
    )
    slits = prism(ring_of_sections(box((-0.6, 0.6), (0, 5.9)), 4, 45.0), 8.0, z_mm=h - 6.5)
    return hole + slits
