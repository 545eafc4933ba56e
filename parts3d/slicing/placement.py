"""Put a model where a slicer expects it. Pure: bytes in, bytes out.

A slicer sees only an STL that we wrote: rotated as the recipe says, centred on x = y = 0,
standing on z = 0. CuraEngine does none of it by itself and says nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Invalid
from parts3d.meshes.reader import read
from parts3d.slicing.profiles import Profile, fits

_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_SKIRT_ROOM_MM = 3.0
_OPEN_SHARE = 1e-4


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A model as the slicer gets it: binary STL, and what it measures (mm, mm³).

    The volume is 0 when the surface is not closed.
    """

    stl: bytes
    size_x_mm: float
    size_y_mm: float
    height_mm: float
    volume_mm3: float


def rotation_matrix(degrees: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return the 3x3 rotation about x, then y, then z (fixed axes), angles in degrees."""
    x, y, z = np.radians(degrees)
    cx, sx, cy, sy, cz, sz = np.cos(x), np.sin(x), np.cos(y), np.sin(y), np.cos(z), np.sin(z)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
    matrix: NDArray[np.float64] = about_z @ about_y @ about_x
    return matrix


def place(stl: bytes, orientation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> PlacedPart:
    """Rotate, centre and drop a model to the bed.

    Args:
        stl: an STL file in mm; it passes the mesh gate here once more.
        orientation_deg: rotation about x, then y, then z.

    Raises:
        Unreadable: it is no STL that can be read; see ``meshes.reader.read``.
    """
    corners = read(stl).triangles.astype(np.float64) @ rotation_matrix(orientation_deg).T
    count = len(corners)
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    corners -= np.array([(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]])
    edges_a, edges_b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normals = np.cross(edges_a, edges_b)
    # Six times the signed volume of each tetrahedron with the origin (divergence theorem).
    volume = abs(float(np.einsum("ij,ij->", corners[:, 0], normals))) / 6
    # The normals of a closed surface cancel out; an open one has no volume to speak of.
    if np.abs(normals.sum(axis=0)).max() > _OPEN_SHARE * np.abs(normals).sum():
        volume = 0.0
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    written = np.zeros(count, dtype=_FACET)
    written["normal"] = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    written["corners"] = corners
    size = high - low
    header = b"parts3d".ljust(80, b" ") + count.to_bytes(4, "little")
    return PlacedPart(
        header + written.tobytes(), float(size[0]), float(size[1]), float(size[2]), volume
    )


def require_fit(part: PlacedPart, profile: Profile, brim_mm: float = 0.0) -> None:
    """Refuse a part that is larger than the printer, with its brim or skirt.

    Raises:
        Invalid: says both sizes.
    """
    bounds = ((0.0, 0.0, 0.0), (part.size_x_mm, part.size_y_mm, part.height_mm))
    margin = max(_SKIRT_ROOM_MM, brim_mm)
    if not fits(bounds, profile, margin_mm=margin):
        raise Invalid(
            f"The part measures {part.size_x_mm:.1f} x {part.size_y_mm:.1f} x "
            f"{part.height_mm:.1f} mm and needs {margin:g} mm around it; {profile.name} prints "
            f"{profile.bed_x_mm:g} x {profile.bed_y_mm:g} x {profile.height_mm:g} mm.",
            code="does_not_fit",
        )
