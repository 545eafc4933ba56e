"""From a file's coordinates to millimetres: what is no number or far away is refused."""

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable

COORDINATE_LIMIT_MM = 1000.0
# Facets scaled and looked at together, small enough for the processor's cache.
BLOCK = 8192

Corners = NDArray[np.float32]


def in_millimetres(corners: NDArray[np.floating], mm_per_unit: float) -> Corners:
    """Return a fresh array of the corners in mm; ``corners`` may be a view into the file.

    Args:
        corners: shape (n, 3, 3), n >= 1, in the file's unit.
        mm_per_unit: millimetres that one unit of the file is.

    Raises:
        Unreadable: ``not_a_number`` or ``beyond_one_metre``, with the facet.
    """
    scaled = np.empty(corners.shape, dtype=np.float32)
    for start in range(0, len(corners), BLOCK):
        rows = slice(start, start + BLOCK)
        put_in_millimetres(corners[rows], mm_per_unit, scaled[rows], start)
    return scaled


def put_in_millimetres(
    source: NDArray[np.floating], mm_per_unit: float, into: Corners, start: int
) -> None:
    """Write a block of corners in mm; ``start`` is the file's number of its first facet.

    Raises:
        Unreadable: as ``in_millimetres`` does.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        # Adding 0 makes 0.0 of -0.0, so that equal points have equal bits.
        if mm_per_unit == 1.0:
            np.add(source, 0.0, out=into, casting="same_kind")
        else:
            np.multiply(source, mm_per_unit, out=into, casting="same_kind")
            into += np.float32(0.0)
    # min and max carry a NaN through, and no comparison holds for it.
    low, high = float(into.min()), float(into.max())
    if not (low >= -COORDINATE_LIMIT_MM and high <= COORDINATE_LIMIT_MM):
        raise _bad(source, start, mm_per_unit)


def _bad(source: NDArray[np.floating], start: int, mm_per_unit: float) -> Unreadable:
    """Name the first facet at fault of a block that begins at facet ``start``."""
    finite = np.isfinite(source).all(axis=(1, 2))
    if not finite.all():
        facet = start + int(np.argmin(finite))
        return Unreadable(
            f"Triangle {facet} has a coordinate that is no number (NaN or infinity). "
            "The export went wrong; export the model again.",
            code="not_a_number",
            place=f"facet {facet}",
        )
    largest = np.abs(source.astype(np.float64)).max(axis=(1, 2)) * mm_per_unit
    at = int(np.argmax(largest.astype(np.float32) > COORDINATE_LIMIT_MM))
    return Unreadable(
        f"Triangle {start + at} has a coordinate of {largest[at]:.6g} mm, more than a metre from "
        "the origin. Move the model to the origin, or say which unit the file is in.",
        code="beyond_one_metre",
        place=f"facet {start + at}",
    )
