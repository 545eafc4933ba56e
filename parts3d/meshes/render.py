"""A picture of a part without a display: rays by Embree, shading by numpy, PNG by Pillow.

The scene is scaled to a diagonal of 1 first, so that every length is a share of the part. Shape is
shown by three lights, ambient shadow (how much of the sky a point sees), fine lines at creases and
outlines, and a soft shadow on the table; the background is transparent. One ray a pixel, and four
where the picture changes from pixel to pixel.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.mesh import Mesh
from parts3d.meshes.pictures.ambient import Ambience, ambience, table_shadow
from parts3d.meshes.pictures.camera import FILL, Camera, frame
from parts3d.meshes.pictures.coarse import drawable
from parts3d.meshes.pictures.png import image_of, png_of
from parts3d.meshes.pictures.scale_bar import draw_dimensions
from parts3d.meshes.pictures.scene import Floats, Scene, Seen
from parts3d.meshes.pictures.shading import STEP, display, linear, lines, shade
from parts3d.meshes.pictures.smooth import SmoothFacets, smooth

Colour = tuple[int, int, int]

# A calm blue-grey: shows light and shade better than white or black, and goes with any page.
DEFAULT_COLOUR: Colour = (118, 146, 171)
_SAMPLES = 4  # a pixel, where it needs several
_TABLE_SHADOW = np.array([0.10, 0.12, 0.16], dtype=np.float32)
_GRID_POINTS = 128  # of ambient shadow, a side
_GRID_STEPS = (2, 6)  # pixels between them, at least and at most
_SAMPLES_AT_ONCE = 1 << 20
_FILL_WITH_DIMENSIONS = 0.6


@dataclass(frozen=True, slots=True, eq=False)
class Paint:
    """What colour each facet has.

    Args:
        palette: float32 (p, 3), amounts of light.
        facet: uint8 (f,), row of the palette for each facet drawn; None: all the first.
    """

    palette: Floats
    facet: NDArray[np.uint8] | None = None

    def of(self, seen: Seen) -> Floats:
        """Return the colours of what is seen, float32 (3,) or (n, 3)."""
        if self.facet is None:
            return np.asarray(self.palette[0])
        return np.asarray(self.palette[self.facet[seen.facet]])


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Facets as they are drawn: scaled to a diagonal of 1, standing on z = 0.

    Args:
        facets: float32 corners in the scene's scale.
        base: mm, what became the origin.
        diagonal: mm, what became 1.
    """

    facets: SmoothFacets
    base: NDArray[np.float64]
    diagonal: float

    def place(self, points_mm: NDArray[np.floating]) -> Floats:
        """Bring points in mm, (..., 3), to the scene's scale."""
        return ((points_mm.astype(np.float64) - self.base) / self.diagonal).astype(np.float32)


def placed(mesh: Mesh, like: Placed | None = None) -> Placed | None:
    """Make a mesh ready to draw; None where nothing has a size to be drawn.

    Args:
        mesh: the mesh.
        like: a mesh whose place and scale are to be taken, instead of its own.
    """
    facets = smooth(drawable(mesh))
    if len(facets.corners) == 0:
        return None
    points = facets.corners.reshape(-1, 3)
    lower, upper = (np.asarray(end, np.float64) for end in (points.min(axis=0), points.max(axis=0)))
    diagonal = float(np.linalg.norm(upper - lower)) or 1.0
    base = np.array([*((lower + upper) / 2)[:2], lower[2]])
    if like is not None:
        base, diagonal = like.base, like.diagonal
    scaled = (points.astype(np.float64) - base) / diagonal
    corners = scaled.astype(np.float32).reshape(-1, 3, 3)
    whole = replace(facets, corners=corners)
    return Placed(whole, base, diagonal)


def render(
    mesh: Mesh, *, size: int = 512, colour: Colour = DEFAULT_COLOUR, dimensions: bool = False
) -> bytes:
    """Draw a mesh as it lies, z up, and return a square PNG with a transparent background.

    Args:
        mesh: the mesh, oriented as it should be seen.
        size: pixels a side.
        colour: red, green, blue of the part, 0 to 255.
        dimensions: whether lines beside the part say its size in mm.
    """
    ready = placed(mesh)
    if ready is None:
        return png_of(image_of(np.zeros((size, size, 4), dtype=np.float32)))
    points = ready.facets.corners.reshape(-1, 3)
    camera = frame(points, fill=_FILL_WITH_DIMENSIONS if dimensions else FILL)
    picture = image_of(draw(Scene(ready.facets), camera, size, Paint(linear(colour)[None])))
    if not dimensions:
        return png_of(picture)
    x_mm, y_mm, z_mm = (mesh.upper_mm - mesh.lower_mm).tolist()
    box = points.min(axis=0), points.max(axis=0)
    draw_dimensions(picture, camera, box, (x_mm, y_mm, z_mm))
    return png_of(picture)


def draw(
    scene: Scene,
    camera: Camera,
    size: int,
    paint: Paint,
    painted: NDArray[np.uint8] | None = None,
    *,
    table: bool = True,
) -> Floats:
    """Draw a scene; float32 (size, size, 4): colour times alpha, and alpha, 0 to 1.

    Args:
        scene: the part.
        camera: where it is seen from.
        size: pixels a side.
        paint: its colours.
        painted: uint8 (size, size); gets the palette's row that each pixel's middle shows.
        table: whether there is a table to take a shadow.
    """
    steps = (np.arange(size) + 0.5) / size * 2 - 1
    # Rays are sent only where the part is: the rest is table.
    rows, columns = (_window(size, share) for share in reversed(camera.part_half))
    across, along = steps[columns], -steps[rows]
    shape = (len(along), len(across))
    seen = scene.cast(camera, camera.rays(across, along).reshape(-1, 3))
    numbers = np.full(shape, -1, dtype=np.int32)
    numbers.reshape(-1)[seen.ray] = np.arange(len(seen), dtype=np.int32)
    step = min(max(_GRID_STEPS[0], round(size / _GRID_POINTS)), _GRID_STEPS[1])
    if painted is not None and paint.facet is not None:
        there = np.zeros(shape, dtype=np.uint8)
        there.reshape(-1)[seen.ray] = paint.facet[seen.facet]
        painted[rows, columns] = there
    around = ambience(scene, seen, numbers, step)
    changes = _changes(seen, numbers)
    picture = np.zeros((size, size, 4), dtype=np.float32)
    if table:
        covered = np.zeros((size, size), dtype=np.bool_)
        covered[rows, columns] = numbers >= 0
        shadow = table_shadow(scene, camera, steps, covered)
        np.multiply(shadow[..., None], _TABLE_SHADOW, out=picture[..., :3])
        picture[..., 3] = shadow
    window = picture[rows, columns]
    plain = seen.some(np.flatnonzero(~changes.reshape(-1)[seen.ray]))
    row, column = np.divmod(plain.ray, shape[1])
    sky = around.at(row.astype(np.float32), column.astype(np.float32), plain)
    light = shade(plain, camera, paint.of(plain), sky)
    window[row, column, :3] = display(light)
    window[row, column, 3] = 1
    pixel = 2 / size
    high = max(1, _SAMPLES_AT_ONCE // (_SAMPLES * shape[1]))
    for top in range(0, shape[0], high):
        strip = slice(top, min(top + high, shape[0]))
        _refine(scene, camera, paint, around, changes, (across, along, pixel), strip, window)
    return picture


def _window(size: int, share: float) -> slice:
    """Return the pixels that the middle share of the picture takes."""
    margin = max(0, int((1 - share) / 2 * size) - 2)
    return slice(margin, size - margin)


def _changes(seen: Seen, numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Mark the pixels at and next to a change of patch or depth."""
    patch = np.full(numbers.shape, -1, dtype=np.int32)
    depth = np.zeros(numbers.shape, dtype=np.float32)
    patch.reshape(-1)[seen.ray] = seen.patch
    depth.reshape(-1)[seen.ray] = seen.depth
    marked = np.zeros(numbers.shape, dtype=np.bool_)
    for one, two in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ):
        change = (patch[one] != patch[two]) | (np.abs(depth[one] - depth[two]) > STEP)
        marked[one] |= change
        marked[two] |= change
    return marked


def _refine(
    scene: Scene,
    camera: Camera,
    paint: Paint,
    around: Ambience,
    changes: NDArray[np.bool_],
    places: tuple[NDArray[np.float64], NDArray[np.float64], float],
    strip: slice,
    window: Floats,
) -> None:
    """Draw the marked pixels of a strip of rows from four samples each, with lines.

    Samples 0 and 1 of a pixel are the upper left and right one, 2 and 3 the lower ones. One row
    above and below the strip is looked at too, for its lines.
    """
    across, along, pixel = places
    top = max(0, strip.start - 1)
    marked = changes[top : strip.stop + 1]
    row, column = np.nonzero(marked)
    if len(row) == 0:
        return
    shift = np.array([[-0.25, -0.25], [0.25, -0.25], [-0.25, 0.25], [0.25, 0.25]])
    rays = camera.directions(
        (across[column][:, None] + shift[:, 0] * pixel).reshape(-1),
        (along[row + top][:, None] - shift[:, 1] * pixel).reshape(-1),
    )
    seen = scene.cast(camera, rays)
    number = np.full((marked.shape[0] + 1, marked.shape[1] + 1), -1, dtype=np.int64)
    number[row, column] = np.arange(len(row)) * _SAMPLES
    here, right, below = number[row, column], number[row, column + 1], number[row + 1, column]
    with_right, with_below = right >= 0, below >= 0
    beside, under = here[with_right], here[with_below]
    first = (here, here + 2, here, here + 1, beside + 1, beside + 3, under + 2, under + 3)
    second = (
        *(here + 1, here + 3, here + 2, here + 3),
        *(right[with_right], right[with_right] + 2),
        *(below[with_below], below[with_below] + 1),
    )
    drawn = lines(seen, len(rays), np.concatenate(first), np.concatenate(second))
    within = (row + top >= strip.start) & (row + top < strip.stop)
    seen = seen.some(np.flatnonzero(within[seen.ray // _SAMPLES]))
    at, sample = np.divmod(seen.ray, _SAMPLES)
    down = (row[at] + top + shift[sample, 1]).astype(np.float32)
    aside = (column[at] + shift[sample, 0]).astype(np.float32)
    light = shade(seen, camera, paint.of(seen), around.at(down, aside, seen))
    light *= 1 - np.float32(0.5) * drawn[seen.ray][:, None]
    colours = np.zeros((len(rays), 4), dtype=np.float32)
    colours[:] = window[row + top, column].repeat(_SAMPLES, 0)
    colours[seen.ray, :3] = display(light)
    colours[seen.ray, 3] = 1
    mean = colours.reshape(-1, _SAMPLES, 4).mean(axis=1)
    window[row[within] + top, column[within]] = mean[within]
