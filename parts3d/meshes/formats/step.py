"""STEP through the optional extra ``step``: cascadio's OpenCASCADE makes the triangles.

Its C++ reads bytes by strangers, so it runs only where ``Limits.allow_step`` says that the process
may do nothing else. OpenCASCADE turns the file's units into its own, and writes glTF in metres.
"""

import json
import os
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.formats.limits import Limits, no_triangles, refuse_too_many

# Chords may leave the true surface by so much: half of what a printer's step is.
DEFLECTION_MM = 0.02
_ANGLE_RADIANS = 0.2
_MM_PER_METRE = 1000.0
_START = b"ISO-10303-21"
_END = b"END-ISO-10303-21"
_TAIL_BYTES = 100_000
_GLTF_DEPTH = 64
_FLOAT, _UINT32, _UINT16, _UINT8 = 5126, 5125, 5123, 5121
_INDEX_TYPES = {_UINT32: "<u4", _UINT16: "<u2", _UINT8: "u1"}


def looks_like_step(data: memoryview) -> bool:
    """Whether the bytes begin as ISO 10303-21 prescribes."""
    return bytes(data[:200]).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(_START)


def read_step(data: memoryview, limits: Limits) -> NDArray[np.float64]:
    """Return triangles of every solid and shell, shape (n, 3, 3), mm.

    Raises:
        Unreadable: ``step_needs_child`` where it is not allowed, ``step_not_installed`` without
            the extra, ``truncated`` without the closing line, ``bad_step``, ``no_triangles``,
            ``too_many_triangles``.
    """
    if not limits.allow_step:
        raise Unreadable(
            "A STEP file is read only by the check in a process of its own. Check it with "
            "'parts3d check', or export it as STL.",
            code="step_needs_child",
            place="byte 0",
        )
    if find_spec("cascadio") is None:
        raise Unreadable(
            "This is a STEP file. Reading it needs the extra 'step': pip install 'parts3d[step]'. "
            "Or export it as STL or 3MF.",
            code="step_not_installed",
            place="byte 0",
        )
    if _END not in bytes(data[-_TAIL_BYTES:]):
        raise Unreadable(
            "The STEP file ends without 'END-ISO-10303-21': it was cut off. Upload the whole file "
            "or export it again.",
            code="truncated",
            place=f"byte {len(data)}",
        )
    corners = glb_corners(_glb(bytes(data)), limits)
    return corners * _MM_PER_METRE


def _glb(data: bytes) -> bytes:
    import cascadio

    with _silent():
        made: bytes = cascadio.load(
            data, "step", tol_linear=DEFLECTION_MM, tol_angular=_ANGLE_RADIANS, use_parallel=False
        )
    if not made:
        raise Unreadable(
            "The STEP file has no solid that can be read. Export it again as STEP AP214 or AP242, "
            "or as STL.",
            code="bad_step",
            place="byte 0",
        )
    return made


@contextmanager
def _silent() -> Iterator[None]:
    """Keep the library's C++ from writing to this process's stdout, where an answer goes."""
    sys.stdout.flush()
    kept = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nowhere)


def glb_corners(glb: bytes, limits: Limits) -> NDArray[np.float64]:
    """Return the triangles of a GLB's scene, (n, 3, 3), in metres.

    glTF 2.0 has y up, but cascadio leaves the model as it was drawn, and so does this.

    Raises:
        Unreadable: ``bad_step`` when it is not the GLB that cascadio writes.
    """
    try:
        (json_bytes,) = struct.unpack_from("<I", glb, 12)
        document = json.loads(glb[20 : 20 + json_bytes])
        binary = memoryview(glb)[20 + json_bytes + 8 :]
        pieces = _Scene(document, binary, limits).pieces()
    except (ValueError, KeyError, IndexError, TypeError, struct.error, RecursionError):
        raise Unreadable(
            "The STEP file's surfaces cannot be turned into triangles. Export it as STL or 3MF.",
            code="bad_step",
            place="byte 0",
        ) from None
    if not pieces:
        raise no_triangles()
    return np.concatenate(pieces)


class _Scene:
    """A glTF document, and the pieces of its scene placed by their nodes."""

    def __init__(self, document: dict[str, Any], binary: memoryview, limits: Limits) -> None:
        self._document = document
        self._binary = binary
        self._limits = limits
        self._count = 0
        self._pieces: list[NDArray[np.float64]] = []

    def pieces(self) -> list[NDArray[np.float64]]:
        scene = self._document["scenes"][self._document.get("scene", 0)]
        for node in scene.get("nodes", []):
            self._node(node, np.eye(4), 0)
        return self._pieces

    def _node(self, number: int, outer: NDArray[np.float64], depth: int) -> None:
        if depth > _GLTF_DEPTH:
            raise ValueError(depth)
        node = self._document["nodes"][number]
        matrix = outer @ _matrix_of(node)
        if "mesh" in node:
            for primitive in self._document["meshes"][node["mesh"]]["primitives"]:
                self._primitive(primitive, matrix)
        for child in node.get("children", []):
            self._node(child, matrix, depth + 1)

    def _primitive(self, primitive: dict[str, Any], matrix: NDArray[np.float64]) -> None:
        if primitive.get("mode", 4) != 4:  # noqa: PLR2004 - glTF's number for triangles
            return
        points = self._accessor(primitive["attributes"]["POSITION"], 3).astype(np.float64)
        indices = (
            self._accessor(primitive["indices"], 1)[:, 0].astype(np.int64)
            if "indices" in primitive
            else np.arange(len(points))
        )
        self._count += len(indices) // 3
        refuse_too_many(self._count, self._limits, place="byte 0")
        moved = points @ matrix[:3, :3].T + matrix[:3, 3]
        corners = moved[indices.reshape(-1, 3)]
        if np.linalg.det(matrix[:3, :3]) < 0:
            corners = corners[:, ::-1]
        self._pieces.append(corners)

    def _accessor(self, number: int, width: int) -> NDArray[Any]:
        accessor = self._document["accessors"][number]
        view = self._document["bufferViews"][accessor["bufferView"]]
        kind = accessor["componentType"]
        item = np.dtype("<f4" if kind == _FLOAT and width > 1 else _INDEX_TYPES[kind])
        begin = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        stride = view.get("byteStride", width * item.itemsize)
        return np.ndarray(
            (accessor["count"], width), item, self._binary, begin, (stride, item.itemsize)
        )


def _matrix_of(node: dict[str, Any]) -> NDArray[np.float64]:
    if "matrix" in node:
        return np.array(node["matrix"], dtype=np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    x, y, z, w = node.get("rotation", (0.0, 0.0, 0.0, 1.0))
    turn = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    matrix[:3, :3] = turn * np.array(node.get("scale", (1.0, 1.0, 1.0)))
    matrix[:3, 3] = node.get("translation", (0.0, 0.0, 0.0))
    return matrix
