"""The gate: bytes in, a ``Mesh`` or an ``Unreadable`` out. No library sees the bytes before.

What numpy-stl, trimesh and the slicers do with hostile files (silent half meshes, gigabytes of
memory) is why this is our own: every size is compared before anything is allocated. The format
is known by the content, never by a name; each has its file in ``formats``.
"""

from mmap import mmap

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.ascii_stl import looks_like_text, read_ascii
from parts3d.meshes.formats.coordinates import in_millimetres
from parts3d.meshes.formats.limits import DEFAULT_LIMITS, UPLOAD_LIMITS, Limits, no_triangles
from parts3d.meshes.formats.obj import looks_like_obj, read_obj
from parts3d.meshes.formats.step import looks_like_step, read_step
from parts3d.meshes.formats.stl import is_binary, not_binary, read_binary
from parts3d.meshes.formats.three_mf import read_three_mf
from parts3d.meshes.formats.wrong_files import named
from parts3d.meshes.mesh import MM_PER_UNIT, Format, Mesh, Unit

__all__ = ["DEFAULT_LIMITS", "UPLOAD_LIMITS", "Data", "Limits", "format_of", "needs_child", "read"]

Data = bytes | bytearray | memoryview | mmap | NDArray[np.uint8]


def format_of(data: Data) -> Format | None:
    """Return the format that a file's content shows, None for none that is read.

    A file is binary STL when its size is exactly what its count says, whatever its first word is.
    """
    return _format_of(_view(data))


def needs_child(data: Data) -> bool:
    """Whether the file may be read only in the check's child process (STEP: C++ reads it)."""
    return format_of(data) == "step"


def read(data: Data, *, unit: Unit | None = None, limits: Limits = DEFAULT_LIMITS) -> Mesh:
    """Read a file: STL (binary, little-endian, or ASCII), 3MF, OBJ, or STEP where it is allowed.

    Args:
        data: the whole file; any buffer. A binary STL is read where it lies (``mmap`` included):
            its peak is the mesh itself, 36 bytes a triangle.
        unit: what a person said that one unit of the file means. None takes what the file says
            (3MF, STEP), else millimetres. One that contradicts the file is refused.
        limits: caps; also whether STEP is allowed here.

    Raises:
        Unreadable: with a stable code, the place (byte, line, facet or entry) and the remedy;
            ``docs/formats.md`` lists them all.
    """
    view = _view(data)
    if not view:
        raise Unreadable("The file is empty. Export the model again as STL.", code="empty_file")
    if len(view) > limits.max_bytes:
        raise Unreadable(
            f"The file has {len(view)} bytes; at most {limits.max_bytes} are read. "
            "Export it with a coarser resolution.",
            code="too_many_bytes",
            place=f"byte {limits.max_bytes}",
        )
    kind = _format_of(view)
    if kind is None:
        raise named(view) or not_binary(view)
    corners, mm_per_unit = _corners(view, kind, unit, limits)
    if len(corners) == 0:
        raise no_triangles()
    return Mesh(in_millimetres(corners, mm_per_unit), kind)


def _view(data: Data) -> memoryview:
    view: memoryview = memoryview(data)  # type: ignore[arg-type]  # an array is a buffer, too
    return view if view.format == "B" and view.ndim == 1 else view.cast("B")


def _bytes(view: memoryview) -> bytes:
    """Return the bytes of a view: the ones it was made of, where there are such."""
    whole = view.obj
    return whole if isinstance(whole, bytes) and len(whole) == len(view) else bytes(view)


def _format_of(view: memoryview) -> Format | None:
    if is_binary(view):
        return "stl_binary"
    head = bytes(view[:4])
    if head in {b"PK\x03\x04", b"PK\x05\x06"}:
        return "3mf"
    if looks_like_step(view):
        return "step"
    if looks_like_text(view):
        return "stl_ascii"
    return "obj" if looks_like_obj(view) else None


def _corners(
    view: memoryview, kind: Format, unit: Unit | None, limits: Limits
) -> tuple[NDArray[np.floating], float]:
    """Read by the format; the corners in the file's unit, and what that is in mm."""
    said = MM_PER_UNIT[unit or "mm"]
    if kind == "stl_binary":
        return read_binary(view, limits), said
    if kind == "stl_ascii":
        return read_ascii(_bytes(view), limits), said
    if kind == "obj":
        return read_obj(_bytes(view), limits), said
    if kind == "step":
        _refuse_other_unit(unit, 1.0, "STEP")
        return read_step(view, limits), 1.0
    model = read_three_mf(view, limits)
    _refuse_other_unit(unit, model.mm_per_unit, "3MF")
    return model.corners, model.mm_per_unit


def _refuse_other_unit(unit: Unit | None, mm_per_unit: float, name: str) -> None:
    if unit is not None and MM_PER_UNIT[unit] != mm_per_unit:
        raise Unreadable(
            f"A {name} file says its unit itself, and this one's is not {unit} (one unit is "
            f"{mm_per_unit:g} mm). Leave the unit out, or export the model as STL.",
            code="unit_differs",
            place="unit",
        )
