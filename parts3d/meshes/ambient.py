"""Ambient shadow: how much of the sky a point sees, on the part and on the table under it.

Lengths are shares of the part's diagonal; the part stands on z = 0 around the origin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.camera import Camera

Floats = NDArray[np.float32]

_COARSE = 4  # ambient shadow is sampled once for so many samples a side
ALIGNMENT = 4  # a window of samples must begin and end on whole coarse steps
_SKY_RAYS = 20
_TABLE_RAYS = 48
_TABLE_GRID = 112
_REACH = 0.35  # how far ambient shadow looks
_TABLE_REACH = 0.5
_LIFT = 1.5e-3  # off the surface, so that a point does not shade itself
_TABLE_FLOOR = 0.02  # less shade than that is noise
_TABLE_DEPTH = 0.75  # the darkest the table gets


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the camera sees, sample by sample; arrays (h, w) or (h, w, 3); zero where nothing."""

    hit: NDArray[np.bool_]
    depth: Floats  # along the camera's axis
    point: Floats
    normal: Floats  # smooth, towards the camera
    flat: Floats  # the facet's own
    patch: NDArray[np.int32]
    away: Floats  # unit direction from the eye


def unit(vectors: Floats) -> Floats:
    """Return the vectors, float32 (..., 3), at length 1 (zero stays zero)."""
    lengths = np.sqrt(np.einsum("...j,...j->...", vectors, vectors))[..., None]
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-12)), dtype=np.float32)


# From the front left and above, as a window beside the table.
KEY_LIGHT = unit(np.array([-0.5, -0.45, 0.95], dtype=np.float32))


def _hemisphere(count: int) -> Floats:
    """Directions about z, spread evenly by cosine (golden angle), float32 (count, 3)."""
    index = np.arange(count) + 0.5
    radius, angle = np.sqrt(index / count), index * np.pi * (3 - np.sqrt(5))
    return np.stack(
        (radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - radius**2)), axis=1
    ).astype(np.float32)


def _blocked(scene: object, points: Floats, directions: Floats, reach: float) -> Floats:
    """Return how much of each ray is blocked, 1 nearby to 0 at ``reach``, float32 (n,)."""
    found = scene.run(points, directions, output=1)  # type: ignore[attr-defined]
    reached = np.minimum(found["tfar"], np.float32(reach)) / np.float32(reach)
    return np.asarray(np.where(found["primID"] >= 0, 1 - reached, 0), dtype=np.float32)


def ambient(scene: object, seen: Seen, samples: int) -> Floats:
    """Return the share of the sky each sample sees, 0.05 to 1, float32 (h, w).

    Rays start from a coarse grid; its values are blurred and spread to all samples, mixing only
    what lies on the same plane. In a block of ``samples`` a side that shows one patch, one
    sample stands for all.
    """
    cut = (slice(_COARSE // 2, None, _COARSE),) * 2
    hit, normal, point = seen.hit[cut], seen.flat[cut], seen.point[cut]
    at = np.flatnonzero(hit.reshape(-1))
    normals = normal.reshape(-1, 3)[at]
    points = point.reshape(-1, 3)[at] + normals * np.float32(_LIFT)
    helper = np.where(np.abs(normals[:, 2:]) < 0.9, [[0, 0, 1]], [[1, 0, 0]]).astype(np.float32)  # noqa: PLR2004 - any axis that is not the normal
    side = unit(np.cross(helper, normals))
    third = np.cross(normals, side)
    # Each sample turns the pattern; the blur below averages a block of turns.
    height, width = hit.shape
    row, column = np.divmod(at, width)
    turn = ((row % 4) * 4 + (column * 5) % 16).astype(np.float32) * np.float32(2 * np.pi / 16)
    blocked = np.zeros(len(at), dtype=np.float32)
    for x, y, z in _hemisphere(_SKY_RAYS):
        cos, sin = np.cos(turn) * x - np.sin(turn) * y, np.sin(turn) * x + np.cos(turn) * y
        rays = side * cos[:, None] + third * sin[:, None] + normals * z
        blocked += _blocked(scene, points, rays, _REACH)
    coarse = np.zeros(height * width, dtype=np.float32)
    coarse[at] = blocked / _SKY_RAYS
    grid = (hit, normal, point)
    every = np.nonzero(hit)
    soft = np.zeros_like(hit, dtype=np.float32)
    soft[every] = _mix(coarse.reshape(height, width), grid, every, _seen_at(grid, every), 1)
    first = seen.patch[::samples, ::samples].repeat(samples, 0).repeat(samples, 1)
    itself = seen.hit & (seen.patch != first)
    itself[::samples, ::samples] = seen.hit[::samples, ::samples]
    at_samples = np.nonzero(itself)
    target = _seen_at((seen.hit, seen.normal, seen.point), at_samples)
    mixed = np.zeros(seen.hit.shape, dtype=np.float32)
    mixed[at_samples] = _mix(soft, grid, at_samples, target, _COARSE)
    whole = mixed[::samples, ::samples].repeat(samples, 0).repeat(samples, 1)
    whole[at_samples] = mixed[at_samples]
    return np.asarray(1 - 0.95 * whole)


def _seen_at(
    layers: tuple[NDArray[np.bool_], Floats, Floats], at: tuple[NDArray[np.intp], ...]
) -> tuple[Floats, Floats]:
    """Return normals and points at some samples."""
    return layers[1][at], layers[2][at]


def _mix(
    values: Floats,
    grid: tuple[NDArray[np.bool_], Floats, Floats],
    at: tuple[NDArray[np.intp], ...],
    target: tuple[Floats, Floats],
    scale: int,
) -> Floats:
    """Average a grid's values around each target, weighted by distance and likeness of place.

    Args:
        values: float32 (h, w), one a grid point.
        grid: whether something was seen there, its normal and its point.
        at: row and column of the targets, in steps of which ``scale`` make one of the grid's.
        target: normal and point of the targets.
        scale: 1 blurs over five points a side, more takes the four points around.
    """
    hit, normal, point = (layer.reshape(-1, *layer.shape[2:]) for layer in grid)
    height, width = grid[0].shape
    taps = range(-2, 3) if scale == 1 else range(2)
    normals, points = target
    near = [(index - np.float32(scale // 2)) / np.float32(scale) for index in at]
    near_row, near_column = (position.astype(np.float32) for position in near)
    base_row = np.floor(near_row).astype(np.int32)
    base_column = np.floor(near_column).astype(np.int32)
    total = np.zeros(len(normals), dtype=np.float32)
    weight = np.full(len(normals), 1e-6, dtype=np.float32)
    flat_values = values.reshape(-1)
    nearer = np.float32(2 / len(taps))
    for down in taps:
        for right in taps:
            row = np.clip(base_row + down, 0, height - 1)
            column = np.clip(base_column + right, 0, width - 1)
            there = row * width + column
            off = np.einsum("ij,ij->i", points - point[there], normals)
            like = np.clip(np.einsum("ij,ij->i", normals, normal[there]), 0, 1)
            like = np.square(np.square(np.square(like)))  # to the 8th
            far = np.square(row - near_row) + np.square(column - near_column)
            off *= np.float32(100)  # a hundredth off the plane is another place
            amount = like * np.exp(-far * nearer - np.square(off)).astype(np.float32) * hit[there]
            total += amount * flat_values[there]
            weight += amount
    return total / weight


def table_shadow(scene: object, camera: Camera, steps: NDArray[np.float64]) -> Floats:
    """Return how dark the table is at each sample, 0 to ``_TABLE_DEPTH``, float32 (h, w).

    Sampled on a coarse grid, under the part too, and made smooth on the way up.
    """
    from PIL import Image

    grid = (np.arange(_TABLE_GRID) + 0.5) / _TABLE_GRID * 2 - 1
    rays = camera.rays(grid, -grid).reshape(-1, 3)
    eye = camera.eye.astype(np.float32)
    # The table is at z = 0 and the camera above it; rays to the horizon and beyond see no table.
    meets = rays[:, 2] < -1e-3  # noqa: PLR2004 - nearly level
    along = -eye[2] / np.minimum(rays[:, 2], np.float32(-1e-3))
    points = (eye + rays * along[:, None])[meets]
    points[:, 2] = -_LIFT
    dark = np.zeros(len(points), dtype=np.float32)
    # Half the rays look at all of the sky, half towards the key light: a soft shadow with a side.
    sky = _hemisphere(_TABLE_RAYS // 2)
    lamp = unit(KEY_LIGHT + np.float32(0.45) * sky * np.array([1, 1, 0], dtype=np.float32))
    for directions, reach in ((sky, _TABLE_REACH), (lamp, 2 * _TABLE_REACH)):
        for direction in directions:
            towards = np.ascontiguousarray(np.broadcast_to(direction, points.shape))
            dark += _blocked(scene, points, towards, reach)
    coarse = np.zeros(_TABLE_GRID**2, dtype=np.float32)
    coarse[meets] = np.maximum(dark / (2 * len(sky)) - _TABLE_FLOOR, 0)
    soft = Image.fromarray(_blurred(coarse.reshape(_TABLE_GRID, _TABLE_GRID)))
    fine = np.asarray(soft.resize((len(steps), len(steps)), Image.Resampling.BICUBIC))
    # Nothing reaches the picture's border, or a visible frame would stand there.
    border = np.clip((0.96 - np.abs(steps)) / 0.3, 0, 1).astype(np.float32)
    return np.asarray(np.clip(fine * border * border[:, None], 0, 1) * _TABLE_DEPTH)


def _blurred(values: Floats) -> Floats:
    """Blur a picture by the binomial 1 4 6 4 1 in both directions."""
    for axis in (0, 1):
        edge = np.pad(values, [(2, 2) if axis == side else (0, 0) for side in (0, 1)], mode="edge")
        size = values.shape[axis]
        shares = [
            share / 16 * np.take(edge, range(step, step + size), axis=axis)
            for step, share in enumerate((1, 4, 6, 4, 1))
        ]
        values = np.sum(shares, axis=0).astype(np.float32)
    return values
