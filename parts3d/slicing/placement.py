"""Put a model where a slicer expects it. Pure: bytes in, bytes out.

A slicer sees only an STL that we wrote: rotated as the recipe says, centred on x = y = 0,
standing on z = 0. CuraEngine does none of it by itself and says nothing.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Invalid
from parts3d.meshes.reader import read
from parts3d.slicing.plates import (
    EDGE_MM,
    MOST_COPIES,
    Size,
    Spot,
    copies_per_plate,
    plate_spots,
)
from parts3d.slicing.profiles import Profile

_FACET = np.dtype([("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_OPEN_SHARE = 1e-4
# What the slicers still take in at once; each copy adds its triangles to the file.
_MOST_TRIANGLES = 4_000_000
_IN_THE_MIDDLE = (Spot(0.0, 0.0, turned=False),)


@dataclass(frozen=True, slots=True)
class PlacedPart:
    """A model, or several copies of it, as the slicer gets it: binary STL and measures (mm, mm³).

    Sizes and volume are of all copies together; the volume is 0 when the surface is not closed.
    ``one_mm`` is the box of one copy as the recipe turns it, ``spots`` where the copies lie.
    """

    stl: bytes
    size_x_mm: float
    size_y_mm: float
    height_mm: float
    volume_mm3: float
    one_mm: Size
    spots: tuple[Spot, ...] = _IN_THE_MIDDLE

    @property
    def copies(self) -> int:
        """How many copies lie on the bed."""
        return len(self.spots)


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
    corners = _turned(stl, orientation_deg)
    return _written(corners, _size(corners), _IN_THE_MIDDLE)


def place_copies(
    stl: bytes,
    profile: Profile,
    *,
    orientation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0),
    copies: int = 1,
    brim_mm: float = 0.0,
) -> PlacedPart:
    """Rotate a model and lay so many copies of it on a printer's bed, as a block in the middle.

    A part that fits only when it is turned by 90 degrees on the bed is turned.

    Args:
        stl: an STL file in mm; it passes the mesh gate here once more.
        profile: the printer model's.
        orientation_deg: rotation about x, then y, then z.
        copies: how many, 1 or more.
        brim_mm: width of the brim around each copy.

    Raises:
        Unreadable: it is no STL that can be read; see ``meshes.reader.read``.
        Invalid: it is larger than the printer, or so many do not fit; says the sizes.
    """
    corners = _turned(stl, orientation_deg)
    size = _size(corners)
    most = copies_per_plate(size, profile, brim_mm)
    if most == 0:
        raise Invalid(
            f"The part measures {size[0]:.1f} x {size[1]:.1f} x "
            f"{size[2]:.1f} mm and needs {max(EDGE_MM, brim_mm):g} mm around it; {profile.name} "
            f"prints {profile.bed_x_mm:g} x {profile.bed_y_mm:g} x {profile.height_mm:g} mm.",
            code="does_not_fit",
        )
    if not 1 <= copies <= most:
        raise Invalid(
            f"{copies} copies do not lie on one plate of {profile.name}: choose from 1 to {most}.",
            code="beyond_the_plate",
            place="quantity",
        )
    if copies > 1 and copies * len(corners) > _MOST_TRIANGLES:
        fewer = max(1, _MOST_TRIANGLES // len(corners))
        raise Invalid(
            f"{copies} copies of this model have more than {_MOST_TRIANGLES:,} triangles, too "
            f"many for one plate: choose from 1 to {min(fewer, MOST_COPIES)}.",
            code="beyond_the_plate",
            place="quantity",
        )
    return _written(corners, size, tuple(plate_spots(size, profile, copies, brim_mm)))


def _turned(stl: bytes, orientation_deg: tuple[float, float, float]) -> NDArray[np.float64]:
    """Return a model's corners, (n, 3, 3), turned, its box centred on x = y = 0, z from 0."""
    corners = read(stl).triangles.astype(np.float64) @ rotation_matrix(orientation_deg).T
    low, high = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    moved: NDArray[np.float64] = corners - np.array(
        [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2, low[2]]
    )
    return moved


def _size(corners: NDArray[np.float64]) -> Size:
    x, y, z = (float(side) for side in np.ptp(corners, axis=(0, 1)))
    return x, y, z


def _written(corners: NDArray[np.float64], one_mm: Size, spots: tuple[Spot, ...]) -> PlacedPart:
    """Write a model once for each spot, and measure the whole."""
    edges_a, edges_b = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normals = np.cross(edges_a, edges_b)
    # Six times the signed volume of each tetrahedron with the origin (divergence theorem).
    volume = abs(float(np.einsum("ij,ij->", corners[:, 0], normals))) / 6
    # The normals of a closed surface cancel out; an open one has no volume to speak of.
    if np.abs(normals.sum(axis=0)).max() > _OPEN_SHARE * np.abs(normals).sum():
        volume = 0.0
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    count = len(corners)
    written = np.zeros(count * len(spots), dtype=_FACET)
    quarter = rotation_matrix((0.0, 0.0, 90.0))
    low, high = np.full(2, np.inf), np.full(2, -np.inf)
    for number, spot in enumerate(spots):
        turn = quarter if spot.turned else np.eye(3)
        copy = written[number * count : (number + 1) * count]
        copy["normal"] = normals @ turn.T
        copy["corners"] = corners @ turn.T + np.array([spot.x_mm, spot.y_mm, 0.0])
        low = np.minimum(low, copy["corners"][:, :, :2].min(axis=(0, 1)))
        high = np.maximum(high, copy["corners"][:, :, :2].max(axis=(0, 1)))
    header = b"parts3d".ljust(80, b" ") + len(written).to_bytes(4, "little")
    return PlacedPart(
        stl=header + written.tobytes(),
        size_x_mm=float(high[0] - low[0]),
        size_y_mm=float(high[1] - low[1]),
        height_mm=one_mm[2],
        volume_mm3=volume * len(spots),
        one_mm=one_mm,
        spots=spots,
    )
