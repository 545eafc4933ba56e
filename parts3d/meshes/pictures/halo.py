"""Marked areas grow by a pixel and get a light rim, so that small copies show narrow ones."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

_RIM = (255, 255, 255)
_RIM_ALPHA = 0.9
_SOFTNESS = 1 / 320  # of the picture: the blur from whose heights the outlines are read
# Heights of the blurred area: where the colour starts and is full, and the rim outside it.
_COLOUR = (0.22, 0.45)
_RIM_AT = (0.03, 0.10)


def draw_halos(
    picture: "Image", painted: NDArray[np.uint8], colours: Mapping[int, tuple[int, int, int]]
) -> None:
    """Outline the marked areas of a picture, in place.

    Args:
        picture: square, with transparency.
        painted: uint8 (size, size), what each pixel's middle shows.
        colours: of the values of ``painted`` that are marks, the last on top.
    """
    from PIL import Image, ImageFilter

    size = picture.width
    softness = max(1.0, size * _SOFTNESS)
    reach = 2 + round(3 * softness)
    for value, colour in colours.items():
        mask = painted == value
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        if len(rows) == 0:
            continue
        top, bottom = max(0, rows[0] - reach), min(size, rows[-1] + reach + 1)
        left, right = max(0, columns[0] - reach), min(size, columns[-1] + reach + 1)
        area = mask[top:bottom, left:right]
        grown = Image.fromarray(_grown(area).astype(np.uint8) * np.uint8(255))
        height = np.asarray(grown.filter(ImageFilter.GaussianBlur(softness))) / np.float32(255)
        for ink, (low, high), strength in (
            (_RIM, _RIM_AT, _RIM_ALPHA),
            (colour, _COLOUR, 1.0),
        ):
            alpha = np.clip((height - low) / (high - low), 0, 1) * np.float32(255 * strength)
            alpha[area] = 0
            sheet = Image.new("RGBA", grown.size, ink)
            sheet.putalpha(Image.fromarray(alpha.astype(np.uint8)))
            picture.alpha_composite(sheet, (int(left), int(top)))


def _grown(area: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return an area with its neighbours, so that lines of single pixels become wholes."""
    tall = area.copy()
    tall[1:] |= area[:-1]
    tall[:-1] |= area[1:]
    wide = tall.copy()
    wide[:, 1:] |= tall[:, :-1]
    wide[:, :-1] |= tall[:, 1:]
    return wide
