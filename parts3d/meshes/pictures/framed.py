"""The magnified piece, framed, laid into the picture, and joined to what it shows."""

from typing import TYPE_CHECKING

import numpy as np

from parts3d.meshes.pictures.clusters import Ring
from parts3d.meshes.pictures.inset import Corner
from parts3d.meshes.pictures.marks import OVERSAMPLED
from parts3d.meshes.pictures.png import over

if TYPE_CHECKING:
    from PIL import ImageDraw
    from PIL.Image import Image
    from PIL.ImageFont import FreeTypeFont, ImageFont

_PAPER = (255, 255, 255, 255)
_INK = (72, 80, 90, 255)
_RIM = (255, 255, 255, 230)


def paste_inset(
    picture: "Image", inset: "Image", corner: Corner, times: float, shows: Ring, *, ringed: bool
) -> None:
    """Lay a magnified piece into a corner, with a frame and how much it magnifies; in place.

    Args:
        picture: the whole part, square.
        inset: the piece, square, ``corner.side`` pixels.
        corner: where.
        times: how many times larger things are in it.
        shows: a circle round what it shows; a line leads there.
        ringed: whether that circle is drawn already.
    """
    from PIL import Image, ImageDraw, ImageFont

    scale = OVERSAMPLED
    wide = picture.width * scale
    side, line = corner.side * scale, max(2, round(wide / 400))
    left, top = corner.left * scale, corner.top * scale
    _lead(picture, corner, shows, line, ringed=ringed)
    sheet = Image.new("RGBA", inset.size, _PAPER)
    sheet.alpha_composite(inset)
    radius = side / 16
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, side - 1, side - 1), radius, fill=255)
    sheet.putalpha(mask.resize(inset.size, Image.Resampling.BOX))
    picture.alpha_composite(sheet, (corner.left, corner.top))
    fine = Image.new("RGBA", (wide, wide))
    pen = ImageDraw.Draw(fine)
    box = (left, top, left + side - 1, top + side - 1)
    pen.rounded_rectangle(box, radius, outline=_INK, width=line)
    height = max(11.0, picture.width / 30) * scale
    place = (left + 0.5 * height, top + side - 0.5 * height)
    _times(pen, place, f"{times:.0f}", ImageFont.load_default(height), height)
    over(picture, fine)


def _times(
    pen: "ImageDraw.ImageDraw",
    place: tuple[float, float],
    text: str,
    font: "FreeTypeFont | ImageFont",
    height: float,
) -> None:
    """Write how much is magnified, and a cross for "times", which Pillow's font does not have."""
    rim, stroke = max(2, round(height / 8)), max(2, round(height / 10))
    pen.text(place, text, _INK, font, anchor="ls", stroke_width=rim, stroke_fill=_RIM)
    x = place[0] + pen.textlength(text, font=font) + 0.38 * height
    y, arm = place[1] - 0.3 * height, 0.17 * height
    for ink, width in ((_RIM, stroke + 2 * rim), (_INK, stroke)):
        for turn in (1, -1):
            pen.line((x - arm, y - turn * arm, x + arm, y + turn * arm), fill=ink, width=width)


def _lead(picture: "Image", corner: Corner, shows: Ring, line: int, *, ringed: bool) -> None:
    """Draw a line from the ring to the inset, and the ring unless it is there."""
    from PIL import Image, ImageDraw

    middle = np.array([corner.left, corner.top]) + corner.side / 2
    centre = np.array([shows.x, shows.y])
    towards = middle - centre
    distance = float(np.hypot(*towards))
    if distance <= shows.radius:
        return
    start = centre + towards / distance * (shows.radius + 1)
    wide = picture.width * OVERSAMPLED
    fine = Image.new("RGBA", (wide, wide))
    pen = ImageDraw.Draw(fine)
    path = (np.stack((start, middle)) * OVERSAMPLED).reshape(-1).tolist()
    for ink, width in ((_RIM, 3 * line), (_INK, line)):
        pen.line(path, fill=ink, width=width)
        if not ringed:
            reach = shows.radius * OVERSAMPLED + width / 2
            x, y = (centre * OVERSAMPLED).tolist()
            pen.ellipse((x - reach, y - reach, x + reach, y + reach), outline=ink, width=width)
    over(picture, fine)
