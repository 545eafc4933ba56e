"""Which side of a line or a plane a point lies on, decided without error.

Coordinates are float32, so there is a true answer. Three stages, each on what the one before left
open: float64 with a bound on its rounding (Shewchuk, "Adaptive Precision Floating-Point Arithmetic
and Fast Robust Geometric Predicates", 1997, stage A), 64-bit integers where the coordinates are
multiples of one power of two (parts drawn on a grid, coplanar walls), and Python's unbounded
integers for the rest.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Signs = NDArray[np.int8]

# Eight roundings stand between the coordinates and a determinant, 2**-53 of its terms' sum each;
# the bound is computed with the same roundings, and twice as wide to cover them.
ROUNDING = 2.0**-49
# |difference| < 2**30: products < 2**60, their difference < 2**61, and a sum of three products of
# its upper half with another difference < 2**63.
_GRID_BITS = 30
_GRID_REACH_BITS = 52
# The smallest float32 is 2**-149.
_WHOLE_BITS = 149


def orient_3d(a: Points, b: Points, c: Points, d: Points) -> Signs:
    """Signs of det(b - a, c - a, d - a): 1 where d lies on the side the normal of a, b, c shows to.

    Args:
        a: float64 (k, 3) that hold float32 values.
        b: the same.
        c: the same.
        d: the same.
    """
    u, v, w = b - a, c - a, d - a
    one, two = _cross_terms(u, v)
    value = np.einsum("ij,ij->i", one - two, w)
    bound = np.einsum("ij,ij->i", np.abs(one) + np.abs(two), np.abs(w)) * ROUNDING
    return _exactly(value, bound, (a, b, c, d), _grid_volume, _whole_volume)


def orient_2d(a: Points, b: Points, c: Points) -> Signs:
    """Signs of det(b - a, c - a): 1 where a, b, c turn left.

    Args:
        a: float64 (k, 2) that hold float32 values.
        b: the same.
        c: the same.
    """
    u, v = b - a, c - a
    one, two = u[:, 0] * v[:, 1], u[:, 1] * v[:, 0]
    bound = (np.abs(one) + np.abs(two)) * ROUNDING
    return _exactly(one - two, bound, (a, b, c), _grid_area, _whole_area)


def _cross_terms(u: Points, v: Points) -> tuple[Points, Points]:
    return u[:, [1, 2, 0]] * v[:, [2, 0, 1]], u[:, [2, 0, 1]] * v[:, [1, 2, 0]]


def cross_with_bound(u: Points, v: Points) -> tuple[Points, Points]:
    """Cross products (k, 3), and for each component the sum of its terms' sizes (k, 3).

    A determinant det(u, v, w) computed as ``(cross * w).sum()`` is surely off zero where it is
    larger than ``ROUNDING * (sizes * abs(w)).sum()``.
    """
    one, two = _cross_terms(u, v)
    return one - two, np.abs(one) + np.abs(two)


def _exactly(
    value: NDArray[np.float64],
    bound: NDArray[np.float64],
    points: tuple[Points, ...],
    on_grid: Callable[..., Signs],
    in_whole_numbers: Callable[..., int],
) -> Signs:
    signs = np.sign(value).astype(np.int8)
    # A bound of zero has only zero terms: the sign is zero for sure.
    open_rows = np.flatnonzero((np.abs(value) <= bound) & (bound > 0))
    if len(open_rows) == 0:
        return signs
    scaled, fits = _on_grid([point[open_rows] for point in points])
    if fits.any():
        signs[open_rows[fits]] = on_grid(*(point[fits] for point in scaled))
    for row in open_rows[~fits]:
        signs[row] = in_whole_numbers(*(_whole(point[row]) for point in points))
    return signs


def _on_grid(points: list[Points]) -> tuple[list[NDArray[np.int64]], NDArray[np.bool_]]:
    """Differences to the first point as integers in units of a power of two, where they are."""
    all_points = np.stack(points, axis=1)
    reach = np.abs(all_points[:, 1:] - all_points[:, :1]).max(axis=(1, 2))
    _, exponent = np.frexp(reach)
    shift = (_GRID_BITS - exponent)[:, None, None]
    # Beyond 2**52 a double holds only whole numbers, so nothing would be seen to be left over.
    scaled = np.ldexp(all_points, shift)
    fits = (np.abs(scaled) < 2.0**_GRID_REACH_BITS).all(axis=(1, 2))
    fits &= (scaled == np.rint(scaled)).all(axis=(1, 2))
    scaled[~fits] = 0
    whole = scaled.astype(np.int64)
    return [whole[:, at] - whole[:, 0] for at in range(1, len(points))], fits


def _grid_volume(u: NDArray[np.int64], v: NDArray[np.int64], w: NDArray[np.int64]) -> Signs:
    normal = u[:, [1, 2, 0]] * v[:, [2, 0, 1]] - u[:, [2, 0, 1]] * v[:, [1, 2, 0]]
    upper = ((normal >> _GRID_BITS) * w).sum(axis=1)
    lower = ((normal & ((1 << _GRID_BITS) - 1)) * w).sum(axis=1)
    upper += lower >> _GRID_BITS
    lower &= (1 << _GRID_BITS) - 1
    return np.asarray(np.where(upper == 0, np.sign(lower), np.sign(upper)), dtype=np.int8)


def _grid_area(u: NDArray[np.int64], v: NDArray[np.int64]) -> Signs:
    return np.asarray(np.sign(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]), dtype=np.int8)


def _whole(point: Points) -> list[int]:
    """A point's coordinates in units of the smallest float32."""
    whole = []
    for coordinate in point:
        top, bottom = float(coordinate).as_integer_ratio()
        whole.append((top << _WHOLE_BITS) // bottom)
    return whole


def _whole_volume(a: list[int], b: list[int], c: list[int], d: list[int]) -> int:
    ux, uy, uz = (one - other for one, other in zip(b, a, strict=True))
    vx, vy, vz = (one - other for one, other in zip(c, a, strict=True))
    wx, wy, wz = (one - other for one, other in zip(d, a, strict=True))
    value = (uy * vz - uz * vy) * wx + (uz * vx - ux * vz) * wy + (ux * vy - uy * vx) * wz
    return (value > 0) - (value < 0)


def _whole_area(a: list[int], b: list[int], c: list[int]) -> int:
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (value > 0) - (value < 0)
