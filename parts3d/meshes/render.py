"""A picture of a part without a display: rays by Embree, shading by numpy, PNG by Pillow.

The scene is scaled to a diagonal of 1 first, so that every length below is a share of the part.
Shape is shown by three lights, ambient shadow (how much of the sky a point sees), fine lines at
creases and outlines, and a soft shadow on the table; the background is transparent.
"""

from dataclasses import fields
from io import BytesIO

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.ambient import ALIGNMENT, KEY_LIGHT, Floats, Seen, ambient, table_shadow, unit
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
    # Rays are sent only where the part is: the rest is table.
    rows, columns = (_window(wide, share) for share in reversed(camera.part_half))
    seen = _look(scene, facets, camera, camera.rays(steps[columns], -steps[rows]))
    light = _shade(seen, _linear(colour), ambient(scene, seen, _SAMPLES)[seen.hit])
    light *= 1 - 0.5 * _lines(seen)[seen.hit][:, None]
    whole = _table(table_shadow(scene, camera, steps))
    window = whole[rows, columns]
    window[seen.hit, :3] = _display(light)
    window[seen.hit, 3] = 1
    return _encode(whole, size)


def _window(wide: int, share: float) -> slice:
    """Return the samples that the middle share of the picture takes, in whole coarse steps."""
    margin = int((1 - share) / 2 * wide) - _SAMPLES
    margin = max(0, margin // ALIGNMENT * ALIGNMENT)
    return slice(margin, wide - margin)


def _scaled(facets: SmoothFacets) -> SmoothFacets:
    points = facets.corners.reshape(-1, 3).astype(np.float64)
    lower, upper = points.min(axis=0), points.max(axis=0)
    diagonal = float(np.linalg.norm(upper - lower)) or 1.0
    base = np.array([*((lower + upper) / 2)[:2], lower[2]])
    corners = ((points - base) / diagonal).astype(np.float32).reshape(-1, 3, 3)
    return SmoothFacets(corners, facets.normals, facets.patch)


def _look(scene: object, facets: SmoothFacets, camera: Camera, rays: Floats) -> Seen:
    """Send one ray a pixel, then one a sample where the picture changes from pixel to pixel."""
    height, width = rays.shape[0] // _SAMPLES, rays.shape[1] // _SAMPLES
    blocks = rays.reshape(height, _SAMPLES, width, _SAMPLES, 3)
    once = _cast(
        scene, facets, camera, (blocks[:, 0, :, 0] + blocks[:, -1, :, -1]) * np.float32(0.5)
    )
    changes = _changes(once).repeat(_SAMPLES, 0).repeat(_SAMPLES, 1)
    again = _cast(scene, facets, camera, rays[changes])
    layers = {}
    for layer in fields(Seen):
        fine = getattr(once, layer.name).repeat(_SAMPLES, 0).repeat(_SAMPLES, 1)
        fine[changes] = getattr(again, layer.name)
        layers[layer.name] = fine
    return Seen(**layers)


def _changes(seen: Seen) -> NDArray[np.bool_]:
    """Mark the pixels at and next to a change of patch or depth."""
    marked = np.zeros(seen.hit.shape, dtype=np.bool_)
    for one, two in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None))),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None))),
    ):
        change = (seen.patch[one] != seen.patch[two]) | (
            np.abs(seen.depth[one] - seen.depth[two]) > _STEP
        )
        marked[one] |= change
        marked[two] |= change
    return marked


def _cast(scene: object, facets: SmoothFacets, camera: Camera, rays: Floats) -> Seen:
    """Send rays, float32 (..., 3), from the eye; the layers have the rays' shape."""
    shape = rays.shape[:-1]
    directions = np.ascontiguousarray(rays.reshape(-1, 3))
    eye = camera.eye.astype(np.float32)
    eyes = np.ascontiguousarray(np.broadcast_to(eye, directions.shape))
    found = scene.run(eyes, directions, output=1)  # type: ignore[attr-defined]
    hit = found["primID"] >= 0
    rows = found["primID"][hit]
    u, v = found["u"][hit, None], found["v"][hit, None]
    corner = facets.normals[rows]
    normal = unit(corner[:, 0] * (1 - u - v) + corner[:, 1] * u + corner[:, 2] * v)
    towards = directions[hit]
    flat = unit(found["Ng"][hit])
    # A surface seen from behind (a broken mesh) is drawn as if it faced the camera.
    flat *= -np.sign(np.einsum("ij,ij->i", flat, towards))[:, None]
    normal *= np.where(np.einsum("ij,ij->i", normal, flat) < 0, np.float32(-1), 1)[:, None]
    depth = found["tfar"][hit]

    def spread(values: Floats) -> Floats:
        whole = np.zeros((len(hit), *values.shape[1:]), dtype=np.float32)
        whole[hit] = values
        return whole.reshape(*shape, *values.shape[1:])

    patch = np.full(len(hit), -1, dtype=np.int32)
    patch[hit] = facets.patch[rows]
    return Seen(
        hit=hit.reshape(shape),
        depth=spread(depth),
        point=spread(eye + towards * depth[:, None]),
        normal=spread(normal),
        flat=spread(flat),
        patch=patch.reshape(shape),
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
    lit = (0.10 + 0.36 * up) * ambience
    lit += (1.30 * key + 0.20 * fill) * (0.5 + 0.5 * ambience)
    facing = np.clip(-np.einsum("ij,ij->i", normal, away), 0, 1)
    halfway = unit(KEY_LIGHT - away)
    gloss = 0.09 * np.clip(np.einsum("ij,ij->i", normal, halfway), 0, 1) ** 16
    rim = 0.10 * (1 - facing) ** 3 * up
    return np.asarray(albedo * lit[:, None] + ((gloss + rim) * ambience)[:, None], dtype=np.float32)


def _lines(seen: Seen) -> Floats:
    """Return where lines are drawn, 0 to 1: outlines, steps in depth, and creases."""
    strength = np.zeros(seen.hit.shape, dtype=np.float32)
    width = seen.hit.shape[1]
    flat_strength = strength.reshape(-1)
    normal, flat, point = (values.reshape(-1, 3) for values in (seen.normal, seen.flat, seen.point))
    for one, two, stride in (
        ((slice(None, -1), slice(None)), (slice(1, None), slice(None)), width),
        ((slice(None), slice(None, -1)), (slice(None), slice(1, None)), 1),
    ):
        # A cheap look at depth and patch first; what remains is a few samples in a hundred.
        changes = (seen.patch[one] != seen.patch[two]) | (
            np.abs(seen.depth[one] - seen.depth[two]) > _STEP
        )
        rows, columns = np.nonzero(changes)
        near = rows * width + columns
        far = near + stride
        both = seen.hit.reshape(-1)[near] & seen.hit.reshape(-1)[far]
        crease = np.einsum("ij,ij->i", normal[near], normal[far]) < _CREASE_COS
        crease &= seen.patch.reshape(-1)[near] != seen.patch.reshape(-1)[far]
        apart = point[far] - point[near]
        off = np.minimum(
            np.abs(np.einsum("ij,ij->i", apart, flat[near])),
            np.abs(np.einsum("ij,ij->i", apart, flat[far])),
        )
        drawn = np.where(~both | (off > _STEP), 1, np.where(crease, 0.6, 0)).astype(np.float32)
        flat_strength[near] = np.maximum(flat_strength[near], drawn)
        flat_strength[far] = np.maximum(flat_strength[far], drawn)
    return strength


def _display(light: Floats) -> Floats:
    """Return amounts of light as sRGB, 0 to 1, with bright parts rolled off instead of cut."""
    knee = np.float32(0.8)
    over = np.maximum(light - knee, 0)
    rolled = np.where(light > knee, knee + (1 - knee) * (1 - np.exp(-over / (1 - knee))), light)
    return np.asarray(np.clip(rolled, 0, 1) ** np.float32(1 / 2.2), dtype=np.float32)


def _table(shadow: Floats) -> Floats:
    """Return the empty table, float32 (h, w, 4): colour times alpha, and alpha."""
    return np.asarray(shadow[..., None] * np.append(_TABLE_SHADOW, np.float32(1)))


def _encode(whole: Floats, size: int) -> bytes:
    """Bring samples to pixels and write a PNG.

    Colours come multiplied by alpha, or dark seams would stand round the part.
    """
    from PIL import Image

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
