"""Binary STL, little-endian: 80 bytes of header, a count, 50 bytes a facet."""

from collections.abc import Callable
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.coordinates import BLOCK, put_in_millimetres
from parts3d.meshes.formats.limits import Limits, no_triangles, refuse_too_many

HEADER_BYTES = 84
_HEAD_BYTES = 4096  # looked at to know a text
FACET_BYTES = 50
_FACET = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def is_binary(data: memoryview, size: int | None = None) -> bool:
    """Whether the size is exactly what the count says, whatever the first word is.

    Args:
        data: the file, or its beginning.
        size: of the whole file, bytes; None: ``data`` is all of it.
    """
    size = len(data) if size is None else size
    return len(data) >= HEADER_BYTES and size == _expected(_declared(data, "little"))


def read_binary(data: memoryview, limits: Limits) -> NDArray[np.float32]:
    """Return the corners, shape (n, 3, 3): a view into ``data``, nothing is copied.

    Raises:
        Unreadable: ``too_many_triangles`` or ``no_triangles``.
    """
    count = _count(data, limits)
    facets = np.frombuffer(data, dtype=_FACET, count=count, offset=HEADER_BYTES)
    corners: NDArray[np.float32] = facets["corners"]
    return corners


def read_binary_blocks(
    file: BinaryIO,
    head: memoryview,
    limits: Limits,
    mm_per_unit: float,
    on_block: Callable[[memoryview], object],
) -> NDArray[np.float32]:
    """Return the corners in mm of a file read block by block: its bytes never stand side by side.

    Args:
        file: open, unbuffered, behind its first ``HEADER_BYTES``.
        head: those; ``is_binary`` with the file's size.
        limits: caps.
        mm_per_unit: millimetres that one unit of the file is.
        on_block: called with each block of bytes behind the head, to hash them.

    Raises:
        Unreadable: ``too_many_triangles`` or ``no_triangles``; ``truncated`` when the file ends
            early after all; and what ``in_millimetres`` raises.
        OSError: the file cannot be read.
    """
    count = _count(head, limits)
    corners = np.empty((count, 3, 3), dtype=np.float32)
    facets = np.empty(min(BLOCK, count), dtype=_FACET)
    for start in range(0, count, BLOCK):
        rows = slice(start, min(start + BLOCK, count))
        block = facets[: rows.stop - start]
        view = memoryview(block.view(np.uint8).data)
        got = 0
        while got < len(view):
            more = file.readinto(view[got:])  # type: ignore[attr-defined]  # BinaryIO lacks it
            if not more:
                at = HEADER_BYTES + FACET_BYTES * start + got
                raise Unreadable(
                    f"The file ends after {at} bytes, in triangle {start + got // FACET_BYTES}; "
                    f"it had {_expected(count)} when it was opened. Wait until it is written, "
                    "and try again.",
                    code="truncated",
                    place=f"byte {at}, facet {start + got // FACET_BYTES}",
                )
            got += more
        on_block(view)
        put_in_millimetres(block["corners"], mm_per_unit, corners[rows], start)
    return corners


def not_binary(data: memoryview) -> Unreadable:
    """Say why bytes that are of no known kind are no binary STL either."""
    size = len(data)
    begins_as_stl = bytes(data[:5]).lower() == b"solid"
    if not begins_as_stl and size >= HEADER_BYTES and _is_text(bytes(data[:_HEAD_BYTES])):
        return Unreadable(
            "This is a text and no model. Export the model as STL, 3MF or OBJ and upload that.",
            code="not_stl",
            place="byte 0",
        )
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


def _is_text(head: bytes) -> bool:
    """Whether these are letters, digits and ends of lines only; letters of other scripts too."""
    return not any(byte < ord(" ") and byte not in b"\t\n\f\r" for byte in head)


def _count(head: memoryview, limits: Limits) -> int:
    count = _declared(head, "little")
    refuse_too_many(count, limits, place="byte 80")
    if count == 0:
        raise no_triangles()
    return count


def _declared(data: memoryview, order: str) -> int:
    return int.from_bytes(data[80:84], "big" if order == "big" else "little")


def _expected(count: int) -> int:
    return HEADER_BYTES + FACET_BYTES * count
