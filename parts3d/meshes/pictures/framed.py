"""The magnified piece, framed, laid into the picture, and joined to what it shows."""

from typing import TYPE_CHECKING

import numpy as np

from parts3d.meshes.pictures.clusters import Ring
from parts3d.meshes.pictures.inset import Corner
from parts3d.meshes.pictures.marks import OVERSAMPLED
from parts3d.meshes.pictures.png import over

if TYPE_CHECKING:
    from PIL.Image import Image

_PAPER = (255, 255, 255, 255)
_INK = (72, 80, 90, 255)
_RIM = (255, 255, 255, 230)


def paste_inset(
    picture: "Image", inset: "Image", corner: Corner, times: float, shows: Ring | None
) -> None:
    """Lay a magnified piece into a corner, with a frame and how much it magnifies; in place.

    Args:
        picture: the whole part, square.
        inset: the piece, square, ``corner.side`` pixels.
        corner: where.
        times: how many times larger things are in it.
        shows: the ring round what it shows; a line leads there.
    """
    from PIL import Image, ImageDraw, ImageFont

    scale = OVERSAMPLED
    wide = picture.width * scale
    side, line = corner.side * scale, max(2, round(wide / 400))
    left, top = corner.left * scale, corner.top * scale
    if shows is not None:
        _lead(picture, corner, shows, line)
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
    text = f"{times:.0f}\N{MULTIPLICATION SIGN}"
    height = max(10.0, picture.width / 34) * scale
    font = ImageFont.load_default(height)
    place = (left + 0.5 * height, top + side - 0.4 * height)
    rim = max(2, round(height / 8))
    pen.text(place, text, _INK, font, anchor="ls", stroke_width=rim, stroke_fill=_RIM)
    over(picture, fine)


def _lead(picture: "Image", corner: Corner, shows: Ring, line: int) -> None:
    """Draw a line from the ring to the inset."""
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
    over(picture, fine)
