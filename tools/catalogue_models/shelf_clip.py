"""Clip that holds a 4 mm glass shelf of a fridge on an 8 mm wall peg."""

from manifold3d import Manifold

from tools.catalogue_models.shapes import box, circle, polygon, prism, rounded

WIDTH_MM = 14.0
GLASS_MM = 4.15
PEG_RADIUS_MM = 4.05
PEG_AT = (-4.6, 1.2)


def build() -> Manifold:
    """The clip on its side, so that every layer runs round the jaw and the peg."""
    jaw = (
        box((-2, 23), (-3.4, 0))
        + box((-2, 17), (GLASS_MM, GLASS_MM + 2.8))
        + box((-2, 3.2), (-3.4, 6.9))
    )
    # A bead at each tip: the upper presses on the glass, the lower keeps it from sliding out.
    jaw = (
        jaw
        + circle(1.3, (16.0, GLASS_MM + 0.95))
        + polygon([(21, 0), (23, 0), (23, 1.5), (22.4, 1.5)])
    )
    ring = circle(PEG_RADIUS_MM + 2.6, PEG_AT)
    gusset = polygon([(-5, -5.2), (4, -3.4), (12, -3.4), (2, -5.6), (-4, -5.4)])
    profile = rounded(jaw + ring + gusset, concave_mm=1.4)
    mouth = polygon(
        [(-3.1, -4.0), (-3.1, 4.0), (-9, 3.0), (-12.5, 5.6), (-12.5, -5.6), (-9, -3.0)]
    ).translate((0, PEG_AT[1])) ^ box((-13, -5.5), (-20, 20))
    profile = profile - circle(PEG_RADIUS_MM, PEG_AT) - mouth
    profile = rounded(profile, convex_mm=0.75, concave_mm=0.35)
    return prism(profile, WIDTH_MM, top_fillet_mm=0.5, bottom_chamfer_mm=0.5)
