"""The gate: STL bytes in, a ``Mesh`` or an ``Unreadable`` out. No library sees the bytes before.

What numpy-stl, trimesh and the slicers do with hostile files (silent half meshes, gigabytes of
memory) is why this is our own: every size is compared before anything is allocated.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.ascii_stl import looks_like_text, read_ascii
from parts3d.meshes.mesh import MM_PER_UNIT, Mesh, Unit

HEADER_BYTES = 84
FACET_BYTES = 50
COORDINATE_LIMIT_MM = 1000.0
_FACET = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps of the gate; a file beyond one is refused before it is parsed."""

    max_bytes: int = 320_000_000
    max_triangles: int = 6_000_000
    max_line_bytes: int = 4096


DEFAULT_LIMITS = Limits()
# For files by others: a part of a household appliance has some ten thousand triangles.
UPLOAD_LIMITS = Limits(max_bytes=64_000_000, max_triangles=1_000_000)


def read(data: bytes, *, unit: Unit = "mm", limits: Limits = DEFAULT_LIMITS) -> Mesh:
    """Read an STL file, binary (little-endian) or ASCII.

    A file is binary when its size is exactly what its count says, whatever its first word is.

    Args:
        data: the whole file.
        unit: what one unit of the file means; STL itself does not say.
        limits: caps on bytes, triangles and the length of a line.

    Raises:
        Unreadable: with a stable code, the place (byte, line or facet) and the remedy.
    """
    if not data:
        raise Unreadable("The file is empty. Export the model again as STL.", code="empty_file")
    if len(data) > limits.max_bytes:
        raise Unreadable(
            f"The file has {len(data)} bytes; at most {limits.max_bytes} are read. "
            "Export it with a coarser resolution.",
            code="too_many_bytes",
            place=f"byte {limits.max_bytes}",
        )
    if _is_binary(data):
        count = _declared(data)
        _refuse_too_many(count, limits, place="byte 80")
        facets = np.frombuffer(data, dtype=_FACET, count=count, offset=HEADER_BYTES)
        corners: NDArray[np.float32] = np.ascontiguousarray(facets["corners"], dtype=np.float32)
        mesh_format = "stl_binary"
    elif looks_like_text(data):
        corners = read_ascii(
            data, max_line_bytes=limits.max_line_bytes, max_triangles=limits.max_triangles
        )
        mesh_format = "stl_ascii"
    else:
        raise _not_binary_either(data)
    if len(corners) == 0:
        raise Unreadable(
            "The file has no triangles. Export the model again; nothing was selected, perhaps.",
            code="no_triangles",
            place="facet 0",
        )
    _refuse_bad_coordinates(corners, unit)
    scaled = corners * np.float32(MM_PER_UNIT[unit])
    scaled += np.float32(0.0)  # -0.0 becomes 0.0, so that equal points have equal bits
    return Mesh(scaled, "stl_binary" if mesh_format == "stl_binary" else "stl_ascii")


def _declared(data: bytes) -> int:
    return int.from_bytes(data[80:84], "little")


def _is_binary(data: bytes) -> bool:
    return len(data) >= HEADER_BYTES and len(data) == HEADER_BYTES + FACET_BYTES * _declared(data)


def _refuse_too_many(count: int, limits: Limits, *, place: str) -> None:
    if count > limits.max_triangles:
        raise Unreadable(
            f"The file has {count} triangles; at most {limits.max_triangles} are read. "
            "Export it with a coarser resolution.",
            code="too_many_triangles",
            place=place,
        )


def _not_binary_either(data: bytes) -> Unreadable:
    """Say why bytes that are no text are no binary STL either."""
    if data.startswith(b"PK\x03\x04"):
        return Unreadable(
            "This is a zip or 3MF file, not an STL. Export the model as STL.",
            code="not_stl",
            place="byte 0",
        )
    if len(data) < HEADER_BYTES:
        return Unreadable(
            f"The file has {len(data)} bytes and is no text; a binary STL has at least "
            f"{HEADER_BYTES}. It was cut off or is no STL; export it again as STL.",
            code="truncated" if data[:5].lower() == b"solid" else "not_stl",
            place=f"byte {len(data)}",
        )
    declared = _declared(data)
    expected = HEADER_BYTES + FACET_BYTES * declared
    if len(data) < expected:
        whole = (len(data) - HEADER_BYTES) // FACET_BYTES
        return Unreadable(
            f"The file says it has {declared} triangles ({expected} bytes), but it ends after "
            f"{len(data)} bytes, in triangle {whole}. It was cut off or is no STL; upload the "
            "whole file or export it again.",
            code="truncated",
            place=f"byte {len(data)}, facet {whole}",
        )
    return Unreadable(
        f"The file says it has {declared} triangles ({expected} bytes), but it goes on to "
        f"{len(data)} bytes. The count is wrong or it is no STL; export it again as STL.",
        code="wrong_size",
        place=f"byte {expected}",
    )


def _refuse_bad_coordinates(corners: NDArray[np.float32], unit: Unit) -> None:
    limit = COORDINATE_LIMIT_MM / MM_PER_UNIT[unit]
    # min and max carry a NaN through, so two passes without a copy see every fault.
    if corners.min() >= -limit and corners.max() <= limit:
        return
    finite = np.isfinite(corners).all(axis=(1, 2))
    if not finite.all():
        facet = int(np.argmin(finite))
        raise Unreadable(
            f"Triangle {facet} has a coordinate that is no number (NaN or infinity). "
            "The export went wrong; export the model again.",
            code="not_a_number",
            place=f"facet {facet}",
        )
    far = (np.abs(corners) > limit).any(axis=(1, 2))
    facet = int(np.argmax(far))
    worst = float(np.abs(corners[facet]).max()) * MM_PER_UNIT[unit]
    raise Unreadable(
        f"Triangle {facet} has a coordinate of {worst:.6g} mm, more than a metre from the origin. "
        "Move the model to the origin, or say which unit the file is in.",
        code="beyond_one_metre",
        place=f"facet {facet}",
    )
