"""Sums over facets in one pass, compiled. Called by ``compiled`` alone."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.kernels.compiled_jit import (
    FACES,
    FLAGS,
    LABELS,
    POINTS,
    VECTOR,
    compiled_as,
    types,
)


@compiled_as(
    types.Tuple((types.float64, types.int64))(
        POINTS,
        FACES,
        LABELS,
        VECTOR,
        FLAGS,
        types.int64[::1],
        types.float64[::1],
        types.float64[::1],
        types.float32[:, ::1],
        types.float32[:, ::1],
    )
)
def sum_facets(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, not values of ours
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    shell_of: NDArray[np.int32],
    centre: NDArray[np.float64],
    against: NDArray[np.bool_],
    facets: NDArray[np.int64],
    volumes: NDArray[np.float64],
    turned: NDArray[np.float64],
    lower: NDArray[np.float32],
    upper: NDArray[np.float32],
) -> tuple[float, int]:
    """Return area and slivers (facets without area), and write each shell's sums, in one pass.

    Args:
        vertices: mm.
        faces: vertex numbers.
        shell_of: shell of each facet.
        centre: what volumes are taken about, mm.
        against: facets whose volume counts the other way in ``turned``; or empty.
        facets: zeros; each shell's number of facets is added.
        volumes: zeros; each shell's volume is added, as its facets face.
        turned: zeros; the same with the facets of ``against`` turned.
        lower: infinite, (s, 3); the lower corner of each shell's box is written.
        upper: minus infinite, (s, 3); the upper corner.
    """
    area = 0.0
    slivers = 0
    for facet in range(len(faces)):
        a, b, c = faces[facet, 0], faces[facet, 1], faces[facet, 2]
        x, y, z = vertices[a, 0] - centre[0], vertices[a, 1] - centre[1], vertices[a, 2] - centre[2]
        ux = vertices[b, 0] - centre[0] - x
        uy = vertices[b, 1] - centre[1] - y
        uz = vertices[b, 2] - centre[2] - z
        wx = vertices[c, 0] - centre[0] - x
        wy = vertices[c, 1] - centre[1] - y
        wz = vertices[c, 2] - centre[2] - z
        nx, ny, nz = uy * wz - uz * wy, uz * wx - ux * wz, ux * wy - uy * wx
        doubled = np.sqrt(nx * nx + ny * ny + nz * nz)
        area += doubled
        slivers += doubled == 0
        volume = (x * nx + y * ny + z * nz) / 6
        shell = shell_of[facet]
        facets[shell] += 1
        volumes[shell] += volume
        turned[shell] += -volume if len(against) and against[facet] else volume
        for axis in range(3):
            p, q, r = vertices[a, axis], vertices[b, axis], vertices[c, axis]
            low, high = min(p, q, r), max(p, q, r)
            # Read far more often than written, so that one facet need not wait for another.
            lower[shell, axis] = min(lower[shell, axis], low)
            upper[shell, axis] = max(upper[shell, axis], high)
    return area / 2, slivers


@compiled_as(types.void(POINTS, types.float64[::1], types.float64[::1]))
def box_of(
    points: NDArray[np.float32], lower: NDArray[np.float64], upper: NDArray[np.float64]
) -> None:
    """Widen a box until it holds all points."""
    for point in range(len(points)):
        for axis in range(3):
            at = np.float64(points[point, axis])
            lower[axis] = min(lower[axis], at)
            upper[axis] = max(upper[axis], at)


@compiled_as(types.int64(FACES))
def count_collapsed(faces: NDArray[np.int32]) -> int:
    """Count facets two of whose corners are one vertex."""
    count = 0
    for facet in range(len(faces)):
        a, b, c = faces[facet, 0], faces[facet, 1], faces[facet, 2]
        count += (a == b) | (b == c) | (c == a)
    return count
