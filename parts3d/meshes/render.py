"""A picture of a part without a display: rays by Embree, shading by numpy, PNG by Pillow.

The scene is scaled to a diagonal of 1 first, so that every length below is a share of the part.
Shape is shown by three lights, ambient shadow (how much of the sky a point sees), fine lines at
creases and outlines, and a soft shadow on the table; the background is transparent.
"""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.ambient import KEY_LIGHT, Floats, Seen, ambient, table_shadow, unit
from parts3d.meshes.camera import Camera, frame
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.smooth import SmoothFacets, smooth

Colour = tuple[int, int, int]

# A calm blue-grey: shows light and shade better than white or black, and goes with any page.
DEFAULT_COLOUR: Colour = (118, 146, 171)
_SAMPLES = 2  # a side: four samples a pixel
_TABLE_SHADOW = np.array([0.10, 0.12, 0.16], dtype=np.float32)
# Neighbouring samples that far off each other's plane are a step: an outline within the part.
_STEP = 0.012
_FILL_LIGHT = unit(np.array([0.95, -0.25, 0.25], dtype=np.float32))
_CREASE_COS = np.float32(np.cos(np.radians(24.0)))


def render(mesh: Mesh, *, size: int = 512, colour: Colour = DEFAULT_COLOUR) -> bytes:
    """Draw a mesh as it lies, z up, and return a square PNG with a transparent background.

    Args:
        mesh: the mesh, oriented as it should be seen.
        size: pixels a side.
        colour: red, green, blue of the part, 0 to 255.
    """
    from embreex.mesh_construction import TriangleMesh
    from embreex.rtcore_scene import EmbreeScene

    facets = _scaled(smooth(mesh))
    scene = EmbreeScene()
    TriangleMesh(scene, facets.corners)
    camera = frame(facets.corners.reshape(-1, 3))
    wide = size * _SAMPLES
    steps = (np.arange(wide) + 0.5) / wide * 2 - 1
    rays = camera.rays(steps, -steps)
    seen = _look(scene, facets, camera, rays)
    ambience = ambient(scene, seen)[seen.hit]
    light = _shade(seen, _linear(colour), ambience)
    light *= 1 - 0.5 * _lines(seen)[seen.hit][:, None]
    table = table_shadow(scene, camera, steps)
    return _encode(_display(light), seen.hit, table, size)


def _scaled(facets: SmoothFacets) -> SmoothFacets:
    points = facets.corners.reshape(-1, 3).astype(np.float64)
    lower, upper = points.min(axis=0), points.max(axis=0)
    diagonal = float(np.linalg.norm(upper - lower)) or 1.0
    base = np.array([*((lower + upper) / 2)[:2], lower[2]])
    corners = ((points - base) / diagonal).astype(np.float32).reshape(-1, 3, 3)
    return SmoothFacets(corners, facets.normals, facets.patch)


def _look(scene: object, facets: SmoothFacets, camera: Camera, rays: Floats) -> Seen:
    height, width = rays.shape[:2]
    directions = rays.reshape(-1, 3)
    eyes = np.broadcast_to(camera.eye.astype(np.float32), directions.shape)
    found = scene.run(np.ascontiguousarray(eyes), directions, output=1)  # type: ignore[attr-defined]
    facet = found["primID"]
    hit = facet >= 0
    rows = facet[hit]
    u, v = found["u"][hit, None], found["v"][hit, None]
    corner = facets.normals[rows]
    normal = corner[:, 0] * (1 - u - v) + corner[:, 1] * u + corner[:, 2] * v
    towards = directions[hit]
    normal = unit(normal)
    flat = unit(found["Ng"][hit])
    # A surface seen from behind (a broken mesh) is drawn as if it faced the camera.
    flat *= -np.sign(np.einsum("ij,ij->i", flat, towards))[:, None]
    normal *= np.where(np.einsum("ij,ij->i", normal, flat) < 0, -1, 1)[:, None]
    depth = found["tfar"][hit]

    def spread(values: Floats) -> Floats:
        whole = np.zeros((height * width, *values.shape[1:]), dtype=np.float32)
        whole[hit] = values
        return whole.reshape(height, width, *values.shape[1:])

    patch = np.full(height * width, -1, dtype=np.int32)
    patch[hit] = facets.patch[rows]
    return Seen(
        hit=hit.reshape(height, width),
        point=spread(camera.eye.astype(np.float32) + towards * depth[:, None]),
        normal=spread(normal.astype(np.float32)),
        flat=spread(flat.astype(np.float32)),
        patch=patch.reshape(height, width),
        away=spread(unit(towards)),
    )


def _linear(colour: Colour) -> Floats:
    """Return a colour as amounts of light (sRGB, gamma 2.2)."""
    return np.asarray((np.array(colour) / 255) ** 2.2, dtype=np.float32)


def _shade(seen: Seen, albedo: Floats, ambience: Floats) -> Floats:
    """Light every hit: sky and table, a large key light, a cool fill, a soft gloss and rim.

    Ambient shadow takes all of the sky's light and, so that holes look deep, half of the lamps'.
    """
    normal, away = seen.normal[seen.hit], seen.away[seen.hit]
    up = normal[:, 2] * 0.5 + 0.5
    key = np.clip((normal @ KEY_LIGHT + 0.1) / 1.1, 0, None)
    fill = np.clip((normal @ _FILL_LIGHT + 0.3) / 1.3, 0, None)
    lit = (0.13 + 0.40 * up) * ambience
    lit += (0.92 * key + 0.16 * fill) * (0.5 + 0.5 * ambience)
    facing = np.clip(-np.einsum("ij,ij->i", normal, away), 0, 1)
    halfway = unit(KEY_LIGHT - away)
    gloss = 0.09 * np.clip(np.einsum("ij,ij->i", normal, halfway), 0, 1) ** 20
    rim = 0.10 * (1 - facing) ** 3 * up
    return np.asarray(albedo * lit[:, None] + ((gloss + rim) * ambience)[:, None], dtype=np.float32)


def _lines(seen: Seen) -> Floats:
    """Return where lines are drawn, 0 to 1: outlines, steps in depth, and creases."""
    strength = np.zeros(seen.hit.shape, dtype=np.float32)
    for axis in (0, 1):
        one = (slice(None, -1), slice(None))[:: 1 - 2 * axis]
        two = (slice(1, None), slice(None))[:: 1 - 2 * axis]
        both = seen.hit[one] & seen.hit[two]
        cosine = np.einsum("ijk,ijk->ij", seen.normal[one], seen.normal[two])
        crease = both & (seen.patch[one] != seen.patch[two]) & (cosine < _CREASE_COS)
        apart = seen.point[two] - seen.point[one]
        step = both & (
            np.minimum(
                np.abs(np.einsum("ijk,ijk->ij", apart, seen.flat[one])),
                np.abs(np.einsum("ijk,ijk->ij", apart, seen.flat[two])),
            )
            > _STEP
        )
        outline = seen.hit[one] != seen.hit[two]
        drawn = np.where(outline | step, np.float32(1), np.where(crease, np.float32(0.6), 0))
        strength[one] = np.maximum(strength[one], drawn)
        strength[two] = np.maximum(strength[two], drawn)
    return strength


def _display(light: Floats) -> Floats:
    """Return amounts of light as sRGB, 0 to 1, with bright parts rolled off instead of cut."""
    knee = np.float32(0.8)
    over = np.maximum(light - knee, 0)
    rolled = np.where(light > knee, knee + (1 - knee) * (1 - np.exp(-over / (1 - knee))), light)
    return np.asarray(np.clip(rolled, 0, 1) ** np.float32(1 / 2.2), dtype=np.float32)


def _encode(part: Floats, hit: NDArray[np.bool_], shadow: Floats, size: int) -> bytes:
    """Lay the part over the table's shadow, bring samples to pixels, and write a PNG."""
    from PIL import Image

    # Averaged with alpha multiplied in, or dark seams would stand round the part.
    whole = np.empty((*hit.shape, 4), dtype=np.float32)
    whole[..., :3] = _TABLE_SHADOW * shadow[..., None]
    whole[..., 3] = shadow
    whole[hit, :3] = part
    whole[hit, 3] = 1
    pixels = np.zeros((size, size, 4), dtype=np.float32)
    for row in range(_SAMPLES):
        for column in range(_SAMPLES):
            pixels += whole[row::_SAMPLES, column::_SAMPLES]
    pixels /= _SAMPLES**2
    pixels[..., :3] /= np.maximum(pixels[..., 3:], 1e-6)
    picture = Image.fromarray((np.clip(pixels, 0, 1) * 255 + 0.5).astype(np.uint8), "RGBA")
    out = BytesIO()
    picture.save(out, format="PNG", compress_level=6)
    return out.getvalue()
