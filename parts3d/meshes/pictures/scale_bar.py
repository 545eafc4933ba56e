"""The part's measures, drawn beside it as in a workshop drawing."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.pictures.camera import Camera
from parts3d.meshes.pictures.png import over

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

_OFFSET = 0.05  # of the diagonal, from the part to the line
_TICK = 0.018
_INK = (60, 68, 78, 255)
_HALO = (255, 255, 255, 235)
_OVERSAMPLED = 2


def draw_dimensions(
    picture: "Picture",
    camera: Camera,
    box: tuple[NDArray[np.floating], NDArray[np.floating]],
    sizes_mm: tuple[float, float, float],
) -> None:
    """Draw three measured lines beside the box: width in front, depth at right, height at left.

    Args:
        picture: square, with transparency; drawn on in place.
        camera: that took it, from the front right and above.
        box: lower and upper corner in the scene's scale, (3,) each.
        sizes_mm: along x, y, z.

    Lines and texts are dark on a light rim, so that they are read on any page.
    """
    from PIL import Image, ImageDraw, ImageFont

    (x0, y0, z0), (x1, y1, z1) = (corner.tolist() for corner in box)
    front, right, left = y0 - _OFFSET, x1 + _OFFSET, x0 - _OFFSET
    lines = np.array(
        [
            [[x0, front, z0], [x1, front, z0]],
            [[right, y0, z0], [right, y1, z0]],
            [[left, y0, z0], [left, y0, z1]],
        ]
    )
    ticks = np.array([[0.0, _TICK, 0.0], [_TICK, 0.0, 0.0], [_TICK, 0.0, 0.0]])
    size = picture.width
    wide = size * _OVERSAMPLED
    fine = Image.new("RGBA", (wide, wide))
    pen = ImageDraw.Draw(fine)
    text_height = max(9.0, size / 26) * _OVERSAMPLED
    font = ImageFont.load_default(text_height)
    width = max(2, round(wide / 340))
    strokes = []
    for line, tick in zip(lines, ticks, strict=True):
        strokes += [line, *(np.stack((end - tick, end + tick)) for end in line)]
    places = [camera.pixels(stroke, wide).reshape(-1).tolist() for stroke in strokes]
    for extra, ink in ((2 * width, _HALO), (0, _INK)):
        for place in places:
            pen.line(place, fill=ink, width=width + extra)
    middle_of_part = camera.pixels((box[0] + box[1]) / 2, wide)
    for line, millimetres in zip(lines, sizes_mm, strict=True):
        ends = camera.pixels(line, wide)
        along = ends[1] - ends[0]
        across = np.array([-along[1], along[0]]) / (float(np.hypot(*along)) or 1.0)
        middle = ends.mean(axis=0)
        if float(across @ (middle - middle_of_part)) < 0:
            across = -across
        text = f"{length_words(millimetres)} mm"
        half = np.array([pen.textlength(text, font=font), text_height]) / 2
        away = float(np.abs(across) @ half) + text_height * 0.35
        x, y = np.clip(middle + across * away, half, wide - half).tolist()
        rim = max(2, round(text_height / 9))
        pen.text((x, y), text, _INK, font, anchor="mm", stroke_width=rim, stroke_fill=_HALO)
    over(picture, fine)


def length_words(millimetres: float) -> str:
    """Return a length as it is read off a calliper: a tenth, but three digits where small."""
    return f"{millimetres:.1f}" if millimetres >= 10 else f"{millimetres:.3g}"  # noqa: PLR2004 - below, a tenth is coarse
