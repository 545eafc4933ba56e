"""Binary STL, little-endian: 80 bytes of header, a count, 50 bytes a facet."""

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.limits import Limits, no_triangles, refuse_too_many

HEADER_BYTES = 84
FACET_BYTES = 50
_FACET = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def is_binary(data: memoryview) -> bool:
    """Whether the size is exactly what the count says, whatever the first word is."""
    return len(data) >= HEADER_BYTES and len(data) == _expected(_declared(data, "little"))


def read_binary(data: memoryview, limits: Limits) -> NDArray[np.float32]:
    """Return the corners, shape (n, 3, 3): a view into ``data``, nothing is copied.

    Raises:
        Unreadable: ``too_many_triangles`` or ``no_triangles``.
    """
    count = _declared(data, "little")
    refuse_too_many(count, limits, place="byte 80")
    if count == 0:
        raise no_triangles()
    facets = np.frombuffer(data, dtype=_FACET, count=count, offset=HEADER_BYTES)
    corners: NDArray[np.float32] = facets["corners"]
    return corners


def not_binary(data: memoryview) -> Unreadable:
    """Say why bytes that are of no known kind are no binary STL either."""
    size = len(data)
    begins_as_stl = bytes(data[:5]).lower() == b"solid"
    if size < HEADER_BYTES:
        return Unreadable(
            f"The file has {size} bytes and is no text; a binary STL has at least "
            f"{HEADER_BYTES}. It was cut off or is no STL; export it again as STL.",
            code="truncated" if begins_as_stl else "not_stl",
            place=f"byte {size}",
        )
    turned = _declared(data, "big")
    if _expected(turned) == size:
        return Unreadable(
            f"The file's numbers are stored back to front (big-endian: {turned} triangles that "
            "way). STL is little-endian; export it again with another program, or as ASCII STL.",
            code="big_endian",
            place="byte 80",
        )
    declared = _declared(data, "little")
    expected = _expected(declared)
    if size < expected:
        whole = (size - HEADER_BYTES) // FACET_BYTES
        return Unreadable(
            f"The file says it has {declared} triangles ({expected} bytes), but it ends after "
            f"{size} bytes, in triangle {whole}. It was cut off or is no STL; upload the "
            "whole file or export it again.",
            code="truncated",
            place=f"byte {size}, facet {whole}",
        )
    return Unreadable(
        f"The file says it has {declared} triangles ({expected} bytes), but it goes on to "
        f"{size} bytes. The count is wrong or it is no STL; export it again as STL.",
        code="wrong_size",
        place=f"byte {expected}",
    )


def _declared(data: memoryview, order: str) -> int:
    return int.from_bytes(data[80:84], "big" if order == "big" else "little")


def _expected(count: int) -> int:
    return HEADER_BYTES + FACET_BYTES * count
