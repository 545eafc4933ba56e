"""Lines and rings drawn over a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.pictures.camera import Camera
from parts3d.meshes.pictures.scene import Floats, Scene

Colour = tuple[int, int, int]
Circle = tuple[float, float, float]

_OVERSAMPLED = 2
_PIECES = 40_000  # of all lines together
_PIECE = 0.02  # of the part's diagonal
_SLACK = 4e-3
_FAINT = 90  # alpha of what is hidden


@dataclass(frozen=True, slots=True, eq=False)
class Stroke:
    """Lines of one colour: float32 (k, 2, 3) in the scene's scale."""

    segments: Floats
    colour: Colour


def ring(camera: Camera, points: Floats, size: int, small: float) -> Circle | None:
    """Return a ring (x, y, radius in pixels) round points that are hard to see, else None.

    Args:
        camera: where it is seen from.
        points: float32 (n, 3), what is to be found.
        size: pixels a side of the picture.
        small: what is larger than that share of the picture needs no ring.
    """
    if len(points) == 0:
        return None
    places = camera.pixels(points, size)
    lower, upper = places.min(axis=0), places.max(axis=0)
    extent = float((upper - lower).max())
    if extent > small * size:
        return None
    x, y = (lower + upper) / 2
    return float(x), float(y), extent / 2 + small * size / 2


def strokes_over(
    picture: Floats,
    scene: Scene,
    camera: Camera,
    strokes: Sequence[Stroke],
    rings: Sequence[tuple[Circle, Colour]],
) -> bytes:
    """Draw lines and rings over a picture and return the PNG; hidden pieces come out faint.

    Args:
        picture: float32 (size, size, 4), colour times alpha, and alpha.
        scene: what may hide a line.
        camera: where it is seen from.
        strokes: lines; beyond 40,000 pieces some are left out, evenly.
        rings: circles in pixels.
    """
    from PIL import Image, ImageDraw

    from parts3d.meshes.render import encode

    size = len(picture)
    wide = size * _OVERSAMPLED
    over = Image.new("RGBA", (wide, wide))
    pen = ImageDraw.Draw(over)
    width = max(2, round(wide / 170))
    for stroke in strokes:
        pieces = _pieces(stroke.segments)
        hidden = scene.hidden(pieces.mean(axis=1), camera.eye, _SLACK)
        places = camera.pixels(pieces, wide)
        for behind in (True, False):
            colour = (*stroke.colour, _FAINT if behind else 255)
            for one, two in places[hidden == behind].tolist():
                pen.line([*one, *two], fill=colour, width=width)
    for circle, ink in rings:
        x, y, radius = (_OVERSAMPLED * value for value in circle)
        for extra, shown in ((width, (255, 255, 255)), (0, ink)):
            reach = radius + extra / 2
            box = [x - reach, y - reach, x + reach, y + reach]
            pen.ellipse(box, outline=(*shown, 255), width=width + extra)
    with Image.open(BytesIO(encode(picture))) as below:
        whole = below.convert("RGBA")
    fine = over.convert("RGBa").resize((size, size), Image.Resampling.BOX).convert("RGBA")
    whole.alpha_composite(fine)
    out = BytesIO()
    whole.save(out, format="PNG", compress_level=4)
    return out.getvalue()


def _pieces(segments: Floats) -> Floats:
    """Cut lines into pieces short enough to be hidden or seen as a whole."""
    if len(segments) > _PIECES:
        segments = segments[np.linspace(0, len(segments) - 1, _PIECES).astype(np.int64)]
    lengths = np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1)
    most = max(1, _PIECES // len(segments))
    counts: NDArray[np.int64] = np.clip(np.ceil(lengths / _PIECE), 1, most).astype(np.int64)
    row = np.repeat(np.arange(len(segments)), counts)
    step = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (segments[:, 1] - segments[:, 0])[row] / counts[row, None]
    start = segments[row, 0] + along * step[:, None]
    return np.stack((start, start + along), axis=1).astype(np.float32)
