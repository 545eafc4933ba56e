"""A magnified piece in a corner of the picture: where it goes, and what it shows."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.pictures.camera import Camera
from parts3d.meshes.pictures.clusters import Cluster
from parts3d.meshes.pictures.scene import Scene

SHARE = 0.38  # of the picture's side
_MARGIN = 0.015
_PROBES = 48  # a side, to find a corner that the part leaves free
_SCALES = (1.0, 0.88, 0.76, 0.66)
_CORNERS = ((1, 1), (-1, 1), (1, -1), (-1, -1))
_OUTER = 0.95  # the part's outline is moved no further out
_FILLED = 0.42  # of the inset, by the marks
_MAGNIFIED = (2.0, 8.0)
_MAGNIFIED_SPECK = 40.0  # what is smaller than a pixel or two is brought nearer still
_SPECK = 0.004


@dataclass(frozen=True, slots=True)
class Corner:
    """Where the inset lies: its left and upper edge and its side, pixels."""

    left: int
    top: int
    side: int


def make_room(scene: Scene, camera: Camera, size: int) -> tuple[Camera, Corner]:
    """Move the part aside, and draw it smaller if need be, so that a corner is free.

    Args:
        scene: the part.
        camera: that has it in the middle.
        size: pixels a side of the picture.
    """
    steps = (np.arange(_PROBES) + 0.5) / _PROBES * 2 - 1
    hit = scene.cast(camera, camera.rays(steps, -steps).reshape(-1, 3)).ray
    row, column = np.divmod(hit, _PROBES)
    covered = np.stack((steps[column], -steps[row]), axis=1)
    half = np.array(camera.part_half)
    inner = 1 - 2 * (SHARE + 2 * _MARGIN)
    best: tuple[float, float, NDArray[np.float64], tuple[int, int]] | None = None
    for scale in _SCALES:
        for corner in _CORNERS:
            for part in (0.0, 0.5, 1.0):
                shift = -part * np.array(corner) * np.maximum(_OUTER - half * scale, 0)
                inside = ((scale * covered + shift) * np.array(corner) > inner).all(axis=1)
                share = inside.mean() if len(inside) else 0.0
                cost = 8 * float(share) + (1 - scale) + 0.1 * part
                if best is None or cost < best[0]:
                    best = (cost, scale, shift, corner)
    assert best is not None  # noqa: S101 - there are scales and corners
    _, scale, shift, corner = best
    moved = replace(
        camera,
        half_width=camera.half_width / scale,
        centre=(
            camera.centre[0] - float(shift[0]) * camera.half_width / scale,
            camera.centre[1] - float(shift[1]) * camera.half_width / scale,
        ),
        part_half=(
            min(1.0, camera.part_half[0] * scale + abs(float(shift[0]))),
            min(1.0, camera.part_half[1] * scale + abs(float(shift[1]))),
        ),
    )
    side, margin = round(SHARE * size), round(_MARGIN * size)
    left = size - side - margin if corner[0] > 0 else margin
    top = margin if corner[1] > 0 else size - side - margin
    return moved, Corner(left, top, side)


def narrowed(cluster: Cluster, middles: NDArray[np.float64], side: int) -> tuple[Cluster, int]:
    """Return what of a cluster is looked at, no wider than can be magnified; and which middle.

    Args:
        cluster: the marks.
        middles: (n, 2), pixels of those that may be looked at.
        side: pixels a side of the inset.
    """
    centre = (cluster.lower + cluster.upper) / 2
    at = int(np.hypot(*(middles - centre).T).argmin())
    widest = _FILLED * side / _MAGNIFIED[0]
    if cluster.extent <= widest:
        return cluster, at
    lower, upper = middles[at] - widest / 2, middles[at] + widest / 2
    return Cluster(cluster.rows, lower, upper, cluster.seen), at


def zoomed(camera: Camera, cluster: Cluster, size: int, side: int) -> tuple[Camera, float]:
    """Point a camera at a cluster; return it and how many times larger things come out.

    Args:
        camera: that took the picture in which the cluster was found.
        cluster: what to look at.
        size: pixels a side of that picture.
        side: pixels a side of the inset.
    """
    extent = max(cluster.extent, 1e-6)
    most = _MAGNIFIED_SPECK if extent < _SPECK * size else _MAGNIFIED[1]
    times = min(max(_FILLED * side / extent, _MAGNIFIED[0]), most)
    x, y = ((cluster.lower + cluster.upper) / size - 1).tolist()
    centre = (camera.centre[0] + x * camera.half_width, camera.centre[1] - y * camera.half_width)
    near = replace(
        camera,
        half_width=camera.half_width * side / size / times,
        centre=centre,
        part_half=(1.0, 1.0),
    )
    return near, times
