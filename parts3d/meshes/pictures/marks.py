"""Lines, ghosts of hidden facets, and rings, drawn over a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.pictures.camera import Camera
from parts3d.meshes.pictures.clusters import Ring
from parts3d.meshes.pictures.scene import Floats, Scene

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

Colour = tuple[int, int, int]

OVERSAMPLED = 2
_PIECES = 40_000  # of all lines together
_PIECE = 0.02  # of the part's diagonal
_SLACK = 4e-3
_CAPS = 4000  # round ends are drawn up to so many strokes
_RIM: Colour = (255, 255, 255)
_DARK: Colour = (28, 34, 42)
_BRIGHT = 360  # of 765: on colours above it dark digits are read better
_RIM_ALPHA, _FAINT_ALPHA, _GHOST_ALPHA = 230, 170, 84


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """What is drawn in one colour.

    Args:
        colour: red, green, blue.
        segments: float32 (k, 2, 3) in the scene's scale: seen ones solid, hidden ones dashed.
        ghosts: float32 (g, 3, 3): hidden facets, shown through the part.
        rings: in pixels of the picture.
    """

    colour: Colour
    segments: Floats
    ghosts: Floats
    rings: Sequence[Ring]


def line_pixels(size: int) -> float:
    """Return the width of a mark's line in a picture of that size."""
    return max(3.5, size / 120)


def draw_marks(
    pen: "ImageDraw", size: int, scene: Scene, camera: Camera, marks: Sequence[Marks]
) -> None:
    """Draw marks; every line has a light rim, so that it is seen on any colour.

    Args:
        pen: on a transparent drawing of ``OVERSAMPLED`` times the picture's size.
        size: pixels a side of the picture.
        scene: what may hide a line.
        camera: where it is seen from.
        marks: the last lies on top.
    """
    wide = size * OVERSAMPLED
    width = line_pixels(size) * OVERSAMPLED
    for mark in marks:
        if len(mark.ghosts):
            for corners in camera.pixels(mark.ghosts, wide).reshape(-1, 6).tolist():
                pen.polygon(corners, fill=(*mark.colour, _GHOST_ALPHA))
    for mark in marks:
        seen, hidden = _strokes(mark.segments, scene, camera, wide)
        dashes = _dashed(hidden, 2.6 * width)
        for paths, share, alpha in ((dashes, 0.7, _FAINT_ALPHA), (seen, 1.0, 255)):
            _lines(pen, paths, share * width + width, (*_RIM, min(alpha, _RIM_ALPHA)))
            _lines(pen, paths, share * width, (*mark.colour, alpha))
    rings = [(ring, mark.colour) for mark in marks for ring in mark.rings]
    for ring, colour in rings:
        _ring(pen, ring, width, colour)
    for ring, colour in rings:
        if ring.places > 1:
            _count(pen, ring, size, colour)


def _lines(
    pen: "ImageDraw", paths: NDArray[np.float64], width: float, ink: tuple[int, int, int, int]
) -> None:
    """Draw straight lines, (k, 2, 2), with round ends: the shortest one is still a dot."""
    thick, half = max(1, round(width)), width / 2
    for x0, y0, x1, y1 in paths.reshape(-1, 4).tolist():
        pen.line((x0, y0, x1, y1), fill=ink, width=thick)
        if len(paths) <= _CAPS:
            pen.ellipse((x0 - half, y0 - half, x0 + half, y0 + half), fill=ink)
            pen.ellipse((x1 - half, y1 - half, x1 + half, y1 + half), fill=ink)


def _ring(pen: "ImageDraw", ring: Ring, width: float, colour: Colour) -> None:
    x, y, radius = (OVERSAMPLED * value for value in (ring.x, ring.y, ring.radius))
    for extra, ink in ((width, (*_RIM, _RIM_ALPHA)), (0.0, (*colour, 255))):
        reach = radius + (width + extra) / 2
        box = (x - reach, y - reach, x + reach, y + reach)
        if not ring.dashed:
            pen.ellipse(box, outline=ink, width=round(width + extra))
            continue
        turn = 360 / max(8, 2 * round(np.pi * radius / (3 * width)))
        swell = np.degrees(extra / 2 / radius)
        for start in np.arange(0, 360, 2 * turn).tolist():
            pen.arc(box, start - swell, start + turn + swell, fill=ink, width=round(width + extra))


def _count(pen: "ImageDraw", ring: Ring, size: int, colour: Colour) -> None:
    """Write how many places a ring holds on a badge at its upper right."""
    from PIL import ImageFont

    height = max(11.0, size / 34) * OVERSAMPLED
    font = ImageFont.load_default(height)
    text = str(ring.places)
    half_height = 0.72 * height
    half_width = max(half_height, pen.textlength(text, font=font) / 2 + 0.4 * height)
    wide = size * OVERSAMPLED
    x = min(ring.x * OVERSAMPLED + 0.71 * ring.radius * OVERSAMPLED, wide - half_width - 4)
    y = max(ring.y * OVERSAMPLED - 0.71 * ring.radius * OVERSAMPLED, half_height + 4)
    box = (x - half_width, y - half_height, x + half_width, y + half_height)
    rim = max(2, round(height / 9))
    pen.rounded_rectangle(box, half_height, fill=colour, outline=_RIM, width=rim)
    ink = _RIM if sum(colour) < _BRIGHT else _DARK
    pen.text((x, y), text, ink, font, anchor="mm")


def _strokes(
    segments: Floats, scene: Scene, camera: Camera, wide: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Cut lines where they go behind something: seen and hidden ones, pixels, (k, 2, 2) each."""
    none = np.zeros((0, 2, 2))
    if len(segments) == 0:
        return none, none
    pieces, row = _pieces(segments)
    hidden = scene.hidden(pieces.mean(axis=1), camera.eye, _SLACK)
    change = np.ones(len(row), dtype=np.bool_)
    change[1:] = (row[1:] != row[:-1]) | (hidden[1:] != hidden[:-1])
    first = np.flatnonzero(change)
    last = np.append(first[1:], len(row)) - 1
    runs = camera.pixels(np.stack((pieces[first, 0], pieces[last, 1]), axis=1), wide)
    behind = hidden[first]
    return runs[~behind], runs[behind]


def _pieces(segments: Floats) -> tuple[Floats, NDArray[np.int64]]:
    """Cut lines into pieces short enough to be hidden or seen as a whole; and whose each is."""
    if len(segments) > _PIECES:
        segments = segments[np.linspace(0, len(segments) - 1, _PIECES).astype(np.int64)]
    lengths = np.linalg.norm(segments[:, 1] - segments[:, 0], axis=1)
    most = max(1, _PIECES // len(segments))
    counts: NDArray[np.int64] = np.clip(np.ceil(lengths / _PIECE), 1, most).astype(np.int64)
    row = np.repeat(np.arange(len(segments)), counts)
    step = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
    along = (segments[:, 1] - segments[:, 0])[row] / counts[row, None]
    start = segments[row, 0] + along * step[:, None]
    return np.stack((start, start + along), axis=1).astype(np.float32), row


def _dashed(paths: NDArray[np.float64], dash: float) -> NDArray[np.float64]:
    """Cut lines, (k, 2, 2), into dashes with gaps as long; what is shorter stays whole."""
    along = paths[:, 1] - paths[:, 0]
    # An odd number of steps, so that a dash stands at either end.
    steps = np.clip(np.hypot(*along.T) / dash, 1, 400).astype(np.int64) // 2 * 2 + 1
    counts = (steps + 1) // 2
    row = np.repeat(np.arange(len(paths)), counts)
    step = 2 * (np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts))
    ends = np.stack((step, step + 1), axis=1) / steps[row, None]
    return np.asarray(paths[row, :1] + along[row, None] * ends[..., None])
