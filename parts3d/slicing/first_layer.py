"""A picture of a file's first layer as SVG: its lines by type, their size, and where on the bed.

Words of no language stand in it, only figures in mm. Colours are attributes, not a style sheet:
the pages' content policy forbids styles written into a document.
"""

from collections.abc import Callable
from typing import Final

from parts3d.slicing.gcode import ROLES
from parts3d.slicing.layers import UNIT_MM, Layer
from parts3d.slicing.profiles import Profile

# The same as in frontend/css/layers.css, light.
COLOURS: Final = {
    "other": "#6b6f7a",
    "wall_outer": "#1c3fa8",
    "wall_inner": "#7c96ea",
    "solid": "#c2410c",
    "infill": "#14803f",
    "skirt_brim": "#827d70",
    "support": "#a21caf",
}
_WIDTH: Final = 640.0
_HEIGHT: Final = 480.0
_EDGE: Final = 24.0
_INSET: Final = 92.0
# Finer than half a pixel is not seen; it also bounds the picture of a large layer.
_FINEST: Final = 0.5
_PAPER: Final = "#f6f7fb"
_BED: Final = "#ffffff"
_RULE: Final = "#827d70"
_INK: Final = "#1a1d24"
_BY: Final = "\N{MULTIPLICATION SIGN}"

_Scale = Callable[[float], float]


def first_layer_svg(layer: Layer, profile: Profile) -> bytes:
    """Return the picture of a first layer, 640 x 480, the layer as large as fits.

    Args:
        layer: the first layer.
        profile: the printer model it is for: its bed and line width.
    """
    low_x, low_y, high_x, high_y = _box(layer)
    wide, deep = max(high_x - low_x, 1.0), max(high_y - low_y, 1.0)
    # The lower right corner belongs to the bed's small plan, the lower edge to the size.
    scale = min((_WIDTH - 2 * _EDGE) / wide, (_HEIGHT - 3 * _EDGE - _INSET / 3) / deep)
    left = (_WIDTH - wide * scale) / 2
    base = _EDGE + deep * scale

    def to_x(x_mm: float) -> float:
        return left + (x_mm - low_x) * scale

    def to_y(y_mm: float) -> float:
        return base - (y_mm - low_y) * scale

    bed = (to_x(0), to_y(profile.bed_y_mm), to_x(profile.bed_x_mm), to_y(0))
    drawn = _clipped(bed)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" '
            f'width="{_WIDTH:g}" height="{_HEIGHT:g}">'
        ),
        f'<rect width="{_WIDTH:g}" height="{_HEIGHT:g}" fill="{_PAPER}"/>',
        (
            f'<rect x="{drawn[0]:.1f}" y="{drawn[1]:.1f}" width="{drawn[2] - drawn[0]:.1f}" '
            f'height="{drawn[3] - drawn[1]:.1f}" fill="{_BED}" stroke="{_RULE}"/>'
        ),
    ]
    width = max(1.0, 0.8 * profile.widths.first_layer * scale)
    for role, path in _paths(layer, to_x, to_y).items():
        parts.append(
            f'<path d="{path}" fill="none" stroke="{COLOURS[ROLES[role]]}" '
            f'stroke-width="{width:.1f}" stroke-linecap="round" stroke-linejoin="round"/>'
        )
    parts += _plan(profile, (low_x, low_y, high_x, high_y))
    parts += [
        (
            f'<text x="{_EDGE:g}" y="{_HEIGHT - _EDGE / 1.5:.0f}" fill="{_INK}" font-size="30" '
            f'font-family="sans-serif" stroke="{_BED}" stroke-width="6" paint-order="stroke" '
            f'stroke-linejoin="round">{wide:.1f} {_BY} {deep:.1f} mm</text>'
        ),
        "</svg>",
    ]
    return "\n".join(parts).encode()


def _box(layer: Layer) -> tuple[float, float, float, float]:
    xs, ys = layer.points[::2], layer.points[1::2]
    if not xs:
        return 0.0, 0.0, 1.0, 1.0
    return min(xs) * UNIT_MM, min(ys) * UNIT_MM, max(xs) * UNIT_MM, max(ys) * UNIT_MM


def _clipped(bed: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """Return the bed's rectangle cut a little outside the picture: SVG dislikes far corners."""
    beyond = 10.0
    return (
        max(bed[0], -beyond),
        max(bed[1], -beyond),
        min(bed[2], _WIDTH + beyond),
        min(bed[3], _HEIGHT + beyond),
    )


def _paths(layer: Layer, to_x: _Scale, to_y: _Scale) -> dict[int, str]:
    """Return one path for each role, in the order in which they are first printed."""
    words: dict[int, list[str]] = {}
    for role, points in layer.lines():
        found = words.setdefault(role, [])
        at_x = to_x(points[0] * UNIT_MM)
        at_y = to_y(points[1] * UNIT_MM)
        found.append(f"M{at_x:.1f} {at_y:.1f}L")
        last = len(points) - 2
        for index in range(2, len(points), 2):
            x, y = to_x(points[index] * UNIT_MM), to_y(points[index + 1] * UNIT_MM)
            if index == last or abs(x - at_x) + abs(y - at_y) >= _FINEST:
                found.append(f"{x:.1f} {y:.1f}")
                at_x, at_y = x, y
    return {role: " ".join(found) for role, found in words.items()}


def _plan(profile: Profile, box: tuple[float, float, float, float]) -> list[str]:
    """Return a small plan of the whole bed with the layer's box on it, and the bed's size."""
    scale = _INSET / max(profile.bed_x_mm, profile.bed_y_mm)
    wide, deep = profile.bed_x_mm * scale, profile.bed_y_mm * scale
    x, y = _WIDTH - _EDGE - wide, _HEIGHT - 1.8 * _EDGE - deep
    low_x, low_y, high_x, high_y = box
    return [
        (
            f'<rect x="{x - 6:.1f}" y="{y - 6:.1f}" width="{wide + 12:.1f}" '
            f'height="{deep + 36:.1f}" rx="4" fill="{_PAPER}" opacity="0.92"/>'
        ),
        (
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{wide:.1f}" height="{deep:.1f}" fill="{_BED}" '
            f'stroke="{_RULE}" stroke-width="1.5"/>'
        ),
        (
            f'<rect x="{x + low_x * scale:.1f}" y="{y + deep - high_y * scale:.1f}" '
            f'width="{max(2.0, (high_x - low_x) * scale):.1f}" '
            f'height="{max(2.0, (high_y - low_y) * scale):.1f}" fill="{COLOURS["wall_outer"]}"/>'
        ),
        (
            f'<text x="{x + wide / 2:.1f}" y="{y + deep + 22:.1f}" fill="{_INK}" font-size="20" '
            f'font-family="sans-serif" text-anchor="middle">'
            f"{profile.bed_x_mm:g} {_BY} {profile.bed_y_mm:g}</text>"
        ),
    ]
