"""Write binary glTF 2.0 (GLB): one file with indexed positions, read by every browser viewer.

The format: https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html, sections 3 and 4.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_MAGIC, _JSON, _BINARY = b"glTF", b"JSON", b"BIN\0"
_FLOAT, _UINT16, _UINT32 = 5126, 5123, 5125
_VERTICES, _INDICES = 34962, 34963  # what a buffer view is for
_SHORT_INDICES = 65_535
# glTF has y up and metres; parts have z up and mm. A quarter turn about x, xyzw.
_Z_UP = [-(0.5**0.5), 0.0, 0.0, 0.5**0.5]
_METRES = 0.001


@dataclass(frozen=True, slots=True)
class Group:
    """Triangles of one material.

    Args:
        name: of the material.
        colour: red, green, blue, 0 to 1, linear.
        faces: int (f, 3), rows of the positions; f >= 1.
    """

    name: str
    colour: tuple[float, float, float]
    faces: NDArray[np.integer]


def write_glb(positions_mm: NDArray[np.float32], groups: Sequence[Group]) -> bytes:
    """Return a GLB of one mesh with a primitive for each group.

    Without normals, which by the format means flat shading; positions stay in millimetres, and
    the node's turn and scale bring them to the format's metres with y up.

    Args:
        positions_mm: float32 (v, 3), z up.
        groups: at least one.
    """
    index = np.dtype("<u2") if len(positions_mm) <= _SHORT_INDICES else np.dtype("<u4")
    chunks = [positions_mm.astype("<f4").tobytes()]
    chunks += [group.faces.astype(index).tobytes() for group in groups]
    padded = [chunk + bytes(-len(chunk) % 4) for chunk in chunks]
    starts = np.cumsum([0, *(len(chunk) for chunk in padded)]).tolist()
    document = {
        "asset": {"version": "2.0", "generator": "parts3d"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0, "rotation": _Z_UP, "scale": [_METRES] * 3}],
        "meshes": [
            {
                "primitives": [
                    {"attributes": {"POSITION": 0}, "indices": 1 + at, "material": at}
                    for at in range(len(groups))
                ]
            }
        ],
        "materials": [
            {
                "name": group.name,
                "doubleSided": True,
                "pbrMetallicRoughness": {
                    "baseColorFactor": [*group.colour, 1.0],
                    "metallicFactor": 0.0,
                    "roughnessFactor": 0.7,
                },
            }
            for group in groups
        ],
        "accessors": [
            {
                "bufferView": 0,
                "componentType": _FLOAT,
                "count": len(positions_mm),
                "type": "VEC3",
                "min": positions_mm.min(axis=0).tolist(),
                "max": positions_mm.max(axis=0).tolist(),
            },
            *(
                {
                    "bufferView": 1 + at,
                    "componentType": _UINT16 if index.itemsize == 2 else _UINT32,  # noqa: PLR2004 - bytes of a short index
                    "count": 3 * len(group.faces),
                    "type": "SCALAR",
                }
                for at, group in enumerate(groups)
            ),
        ],
        "bufferViews": [
            {
                "buffer": 0,
                "byteOffset": starts[at],
                "byteLength": len(chunk),
                "target": _INDICES if at else _VERTICES,
            }
            for at, chunk in enumerate(chunks)
        ],
        "buffers": [{"byteLength": starts[-1]}],
    }
    words = json.dumps(document, separators=(",", ":")).encode()
    words += b" " * (-len(words) % 4)
    body = b"".join(
        len(chunk).to_bytes(4, "little") + kind + chunk
        for kind, chunk in ((_JSON, words), (_BINARY, b"".join(padded)))
    )
    return _MAGIC + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body
