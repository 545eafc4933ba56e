"""Ambient shadow: how much of the sky a point sees, on the part and on the table under it.

Lengths are shares of the part's diagonal; the part stands on z = 0 around the origin.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.pictures.camera import Camera
from parts3d.meshes.pictures.scene import Floats, Scene, Seen, dot, unit

_SKY_RAYS = 16
_TABLE_RAYS = 28
_TABLE_GRID = 64
_REACH = 0.35  # how far ambient shadow looks
_TABLE_REACH = 0.5
_LIFT = 1.5e-3  # off the surface, so that a point does not shade itself
_TABLE_FLOOR = 0.02  # less shade than that is noise
_TABLE_DEPTH = 0.75  # the darkest the table gets
_SAME_DEPTH = 0.02

# From the front left and above, as a window beside the table.
KEY_LIGHT = unit(np.array([-0.5, -0.45, 0.95], dtype=np.float32))


def _hemisphere(count: int) -> Floats:
    """Directions about z, spread evenly by cosine (golden angle), float32 (count, 3)."""
    index = np.arange(count) + 0.5
    radius, angle = np.sqrt(index / count), index * np.pi * (3 - np.sqrt(5))
    return np.stack(
        (radius * np.cos(angle), radius * np.sin(angle), np.sqrt(1 - radius**2)), axis=1
    ).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Ambience:
    """Ambient shadow on a coarse grid over the picture's window.

    Args:
        step: pixels between grid points; the first lies at ``step // 2``.
        dark: float32 (h, w), 0 open to 1 closed.
        hit: float32 (h, w), 1 where something was seen.
        normal: float32 (h, w, 3), the facet's.
        point: float32 (h, w, 3).
        one_patch: int32 (h, w), the patch that this point and the three right and below it share;
            -2 where they do not.
    """

    step: int
    dark: Floats
    hit: Floats
    normal: Floats
    point: Floats
    one_patch: NDArray[np.int32]

    def at(self, rows: Floats, columns: Floats, seen: Seen) -> Floats:
        """Return the share of the sky that points see, 0.05 to 1, float32 (n,).

        Between four grid points of the point's own patch the mean by distance does; elsewhere
        each counts as far as it lies on the same plane.

        Args:
            rows: float32 (n,), pixels from the window's top.
            columns: float32 (n,), pixels from its left.
            seen: what is there.
        """
        row, down = self._cell(rows, self.dark.shape[0])
        column, right = self._cell(columns, self.dark.shape[1])
        width = self.dark.shape[1]
        corner = row * width + column
        next_column = np.int32(1) if width > 1 else np.int32(0)
        next_row = np.int32(width) if self.dark.shape[0] > 1 else np.int32(0)
        dark = self.dark.reshape(-1)
        taps = (
            (corner, (1 - down) * (1 - right)),
            (corner + next_column, (1 - down) * right),
            (corner + next_row, down * (1 - right)),
            (corner + next_row + next_column, down * right),
        )
        mean = np.zeros(len(seen), dtype=np.float32)
        for place, share in taps:
            mean += dark[place] * share
        mixed = np.flatnonzero(self.one_patch.reshape(-1)[corner] != seen.patch)
        points, normals = seen.point[mixed], seen.flat[mixed]
        total = np.zeros(len(mixed), dtype=np.float32)
        weight = np.full(len(mixed), 1e-6, dtype=np.float32)
        for place, share in taps:
            there = place[mixed]
            amount = _likeness(
                points,
                normals,
                self.point.reshape(-1, 3)[there],
                self.normal.reshape(-1, 3)[there],
            )
            # A little for every neighbour: thin features that no grid point met are not left bare.
            amount += np.float32(1e-4)
            amount *= (share[mixed] + np.float32(0.05)) * self.hit.reshape(-1)[there]
            total += amount * dark[there]
            weight += amount
        mean[mixed] = total / weight
        return np.asarray(1 - np.float32(0.95) * mean)

    def _cell(self, pixels: Floats, count: int) -> tuple[NDArray[np.int32], Floats]:
        """Return the grid line before each place, and how far the place is past it, 0 to 1."""
        place = (pixels - np.float32(self.step // 2)) / np.float32(self.step)
        before = np.clip(np.floor(place), 0, max(0, count - 2)).astype(np.int32)
        return before, np.clip(place - before, 0, 1).astype(np.float32)


def _likeness(points: Floats, normals: Floats, others: Floats, facing: Floats) -> Floats:
    """Return how far two places belong to one surface, 0 to 1."""
    like = np.clip(dot(normals, facing), 0, 1)
    like = np.square(np.square(np.square(like)))  # to the 8th
    # A hundredth off the plane is another place.
    off = dot(points - others, normals) * np.float32(100)
    return np.asarray(like * np.exp(-np.minimum(np.square(off), np.float32(50))))


def ambience(scene: Scene, seen: Seen, numbers: NDArray[np.int32], step: int) -> Ambience:
    """Look round from every ``step``-th pixel of the window.

    Args:
        scene: the part.
        seen: what the pixels see.
        numbers: int32 (h, w), row of ``seen`` for each pixel, -1 where nothing.
        step: pixels between looks.
    """
    half = step // 2
    rows = numbers[half::step, half::step]
    hit = rows >= 0
    at = rows[hit].astype(np.int64)
    normals = seen.flat[at]
    points = seen.point[at] + normals * np.float32(_LIFT)
    helper = np.zeros_like(normals)
    upright = np.abs(normals[:, 2]) >= 0.9  # noqa: PLR2004 - any axis that is not the normal
    helper[:, 0], helper[:, 2] = upright, ~upright
    side = unit(np.cross(helper, normals))
    third = np.cross(normals, side)
    # Each point turns the pattern; the blur below averages a block of turns.
    row, column = np.nonzero(hit)
    turn = ((row % 4) * 4 + (column * 5) % 16).astype(np.float32) * np.float32(2 * np.pi / 16)
    cosine, sine = np.cos(turn)[:, None], np.sin(turn)[:, None]
    first, second = side * cosine + third * sine, third * cosine - side * sine
    blocked = np.zeros(len(at), dtype=np.float32)
    for x, y, z in _hemisphere(_SKY_RAYS):
        blocked += scene.blocked(points, first * x + second * y + normals * z, _REACH)
    grid = hit.shape
    dark = np.zeros(grid, dtype=np.float32)
    dark[hit] = blocked / np.float32(_SKY_RAYS)
    normal, point = (np.zeros((*grid, 3), dtype=np.float32) for _ in range(2))
    normal[hit], point[hit] = normals, seen.point[at]
    patch = np.full(grid, -1, dtype=np.int32)
    patch[hit] = seen.patch[at]
    depth = np.zeros(grid, dtype=np.float32)
    depth[hit] = seen.depth[at]
    there = hit.astype(np.float32)
    for axis in (0, 1):
        dark = _blurred_on_surface(dark, there, normal, point, axis)
    return Ambience(step, dark, there, normal, point, _one_patch(patch, depth))


def _blurred_on_surface(
    dark: Floats, hit: Floats, normal: Floats, point: Floats, axis: int
) -> Floats:
    """Blur along one axis by 1 4 6 4 1, mixing only what lies on one surface."""
    total, weight = dark * np.float32(6), hit * np.float32(6) + np.float32(1e-6)
    length = dark.shape[axis]
    for offset, share in ((1, 4), (2, 1)):
        if length <= offset:
            continue
        low = (slice(None),) * axis + (slice(None, -offset),)
        high = (slice(None),) * axis + (slice(offset, None),)
        amount = _likeness(point[low], normal[low], point[high], normal[high])
        amount *= hit[low] * hit[high] * np.float32(share)
        total[low] += amount * dark[high]
        total[high] += amount * dark[low]
        weight[low] += amount
        weight[high] += amount
    return np.asarray(total / weight * hit)


def _one_patch(patch: NDArray[np.int32], depth: Floats) -> NDArray[np.int32]:
    """Return the patch that four neighbours share, each at about the same depth, else -2."""
    shared = np.full(patch.shape, -2, dtype=np.int32)
    quads = [(slice(a, a - 1 or None), slice(b, b - 1 or None)) for a in (0, 1) for b in (0, 1)]
    if min(patch.shape) > 1:
        same = np.ones((patch.shape[0] - 1, patch.shape[1] - 1), dtype=np.bool_)
        for quad in quads[1:]:
            same &= patch[quad] == patch[quads[0]]
            same &= np.abs(depth[quad] - depth[quads[0]]) < _SAME_DEPTH
        shared[:-1, :-1][same] = patch[:-1, :-1][same]
    return shared


def table_shadow(
    scene: Scene, camera: Camera, steps: NDArray[np.float64], covered: NDArray[np.bool_]
) -> Floats:
    """Return how dark the table is at each pixel, 0 to ``_TABLE_DEPTH``, float32 (h, w).

    Sampled on a coarse grid and made smooth on the way up.

    Args:
        scene: the part.
        camera: where it is seen from.
        steps: the pixels' places, -1 to 1.
        covered: bool (h, w), where the part hides the table, so that nobody need look.
    """
    from PIL import Image

    grid = (np.arange(_TABLE_GRID) + 0.5) / _TABLE_GRID * 2 - 1
    rays = camera.rays(grid, -grid).reshape(-1, 3)
    eye = camera.eye.astype(np.float32)
    # The table is at z = 0 and the camera above it; rays to the horizon and beyond see no table.
    meets = rays[:, 2] < -1e-3  # noqa: PLR2004 - nearly level
    meets &= ~_deep_inside(covered)
    along = -eye[2] / np.minimum(rays[:, 2], np.float32(-1e-3))
    points = (eye + rays * along[:, None])[meets]
    points[:, 2] = -_LIFT
    dark = np.zeros(len(points), dtype=np.float32)
    # Half the rays look at all of the sky, half towards the key light: a soft shadow with a side.
    sky = _hemisphere(_TABLE_RAYS // 2)
    lamp = unit(KEY_LIGHT + np.float32(0.45) * sky * np.array([1, 1, 0], dtype=np.float32))
    towards = np.empty(points.shape, dtype=np.float32)
    for directions, reach in ((sky, _TABLE_REACH), (lamp, 2 * _TABLE_REACH)):
        for direction in directions:
            towards[:] = direction
            dark += scene.blocked(points, towards, reach)
    coarse = np.zeros(_TABLE_GRID**2, dtype=np.float32)
    coarse[meets] = np.maximum(dark / (2 * len(sky)) - _TABLE_FLOOR, 0)
    soft = Image.fromarray(_blurred(coarse.reshape(_TABLE_GRID, _TABLE_GRID)))
    fine = np.asarray(soft.resize((len(steps), len(steps)), Image.Resampling.BICUBIC))
    # Nothing reaches the picture's border, or a visible frame would stand there.
    border = np.clip((0.96 - np.abs(steps)) / 0.3, 0, 1).astype(np.float32)
    shade = np.clip(fine * border * border[:, None], 0, 1)
    return np.asarray(shade * np.float32(_TABLE_DEPTH), dtype=np.float32)


def _deep_inside(covered: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which points of the table's grid lie behind the part, far from its outline."""
    # A single pixel of table, as in a narrow hole, opens its cell and those around.
    starts = (np.arange(_TABLE_GRID) / _TABLE_GRID * len(covered)).astype(np.int64)
    inside = np.logical_and.reduceat(np.logical_and.reduceat(covered, starts, 0), starts, 1)
    around = np.pad(inside, 4, constant_values=False)
    for axis in (0, 1):
        size = around.shape[axis] - 8 if axis == 0 else _TABLE_GRID
        layers = [np.take(around, range(step, step + size), axis=axis) for step in range(9)]
        around = np.logical_and.reduce(layers)
    return np.asarray(around.reshape(-1))


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
