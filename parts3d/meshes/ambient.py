"""Ambient shadow: how much of the sky a point sees, on the part and on the table under it.

Lengths are shares of the part's diagonal; the part stands on z = 0 around the origin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.camera import Camera

Floats = NDArray[np.float32]

_COARSE = 4  # ambient shadow is sampled once for so many samples a side
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


def ambient(scene: object, seen: Seen) -> Floats:
    """Return the share of the sky each sample sees, 0.3 to 1: coarse rays, spread edge-aware."""
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
    return np.asarray(1 - 0.95 * _spread(coarse.reshape(height, width), hit, seen, cut))


def _spread(coarse: Floats, hit: NDArray[np.bool_], seen: Seen, cut: tuple[slice, slice]) -> Floats:
    """Bring coarse values to all samples, mixing only those that lie on the same plane."""
    normal, point = seen.normal[cut], seen.point[cut]
    smooth_values = _mix(coarse, hit, normal, point, (hit, normal, point), 1, range(-2, 3))
    return _mix(
        smooth_values, hit, normal, point, (seen.hit, seen.normal, seen.point), _COARSE, range(2)
    )


def _mix(
    values: Floats,
    hit: NDArray[np.bool_],
    normal: Floats,
    point: Floats,
    target: tuple[NDArray[np.bool_], Floats, Floats],
    scale: int,
    taps: range,
) -> Floats:
    """Average values around each target sample, weighted by distance and by likeness of place."""
    to_hit, to_normal, to_point = target
    rows, columns = np.nonzero(to_hit)
    normals, points = to_normal[rows, columns], to_point[rows, columns]
    near_row = (rows - np.float32(scale // 2)) / np.float32(scale)
    near_column = (columns - np.float32(scale // 2)) / np.float32(scale)
    near_row, near_column = near_row.astype(np.float32), near_column.astype(np.float32)
    base_row = np.floor(near_row).astype(np.int32)
    base_column = np.floor(near_column).astype(np.int32)
    total = np.zeros(len(rows), dtype=np.float32)
    weight = np.full(len(rows), 1e-6, dtype=np.float32)
    for down in taps:
        for right in taps:
            row = np.clip(base_row + down, 0, hit.shape[0] - 1)
            column = np.clip(base_column + right, 0, hit.shape[1] - 1)
            off = np.einsum("ij,ij->i", points - point[row, column], normals)
            like = np.clip(np.einsum("ij,ij->i", normals, normal[row, column]), 0, 1)
            like = np.square(np.square(np.square(like)))  # to the 8th
            far = (row - near_row) ** 2 + (column - near_column) ** 2
            amount = (
                like
                * np.exp(-far * np.float32(2 / len(taps)) - (off / 0.01) ** 2)
                * hit[row, column]
            )
            total += (amount * values[row, column]).astype(np.float32)
            weight += amount.astype(np.float32)
    mixed = np.zeros(to_hit.shape, dtype=np.float32)
    mixed[rows, columns] = total / weight
    return mixed


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
    border = np.clip((1 - np.abs(steps)) / 0.3, 0, 1).astype(np.float32)
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
