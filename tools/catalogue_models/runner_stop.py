"""End stop for a drawer on a metal runner: screwed down, the drawer's back lands on its pads."""

from manifold3d import Manifold

from tools.catalogue_models.shapes import box, polygon, prism, rounded, turned

LENGTH_MM = 36.0
DEPTH_MM = 16.0
BASE_MM = 3.6
HEIGHT_MM = 17.0
SCREW_RADIUS_MM = 1.9
SCREW_HEAD_RADIUS_MM = 3.8
SCREW_AT_MM = 13.2


def build() -> Manifold:
    """The stop on its base plate."""
    plate = rounded(
        box((-LENGTH_MM / 2, LENGTH_MM / 2), (-DEPTH_MM / 2, DEPTH_MM / 2)), convex_mm=4.0
    )
    base = prism(plate, BASE_MM, top_fillet_mm=0.8, bottom_chamfer_mm=0.4)
    stop = base + _block() + _pads()
    for x in (-SCREW_AT_MM, SCREW_AT_MM):
        stop -= _screw_hole().translate((x, 0, 0))
    return stop


def _block() -> Manifold:
    """The buffer: upright towards the drawer (-y), a curved brace behind; seen from +x."""
    side = rounded(
        polygon(
            [
                (-6.4, 1.0),
                (-6.4, HEIGHT_MM),
                (-2.0, HEIGHT_MM),
                (0.4, 10.0),
                (3.2, 5.8),
                (7.2, BASE_MM),
                (7.2, 1.0),
            ]
        ),
        convex_mm=1.6,
        concave_mm=6.0,
    )
    block = prism(side, 15.0, top_fillet_mm=1.0, bottom_chamfer_mm=1.0)
    # The section's x becomes y, its y becomes z, and the extrusion runs along x.
    return block.rotate((90, 0, 90)).translate((-7.5, 0, 0)) - _under_bed()


def _under_bed() -> Manifold:
    return prism(box((-40, 40), (-40, 40)), 30.0, z_mm=-30.0)


def _pads() -> Manifold:
    """Three upright half-round pads that soften the landing."""
    pad = turned([(0, 1), (1.7, 1), (1.7, HEIGHT_MM - 4.0), (0, HEIGHT_MM - 2.3)], 40)
    pads = Manifold()
    for x in (-4.6, 0.0, 4.6):
        pads += pad.translate((x, -6.4, 0))
    return pads


def _screw_hole() -> Manifold:
    shaft, head, top = SCREW_RADIUS_MM, SCREW_HEAD_RADIUS_MM, BASE_MM
    seat = top - (head - shaft)
    return turned(
        [(0, -1), (shaft, -1), (shaft, seat), (head, top), (head, top + 4), (0, top + 4)], 56
    )
