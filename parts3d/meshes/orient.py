"""Turn a mesh as the recipe says, put it on the bed, and write the one STL a slicer sees."""

from math import atan2, cos, degrees, hypot, radians, sin

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.mesh import Mesh, Vector

_HEADER = b"parts3d, millimetres, on the bed".ljust(80)
_FACET = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])
_QUARTER_DEG = 90.0
# A thousandth of a degree is 2 micrometres on a part of 250 mm, and reads well in a manifest.
_ANGLE_DECIMALS = 3


def rotation_matrix(degrees: Vector) -> NDArray[np.float64]:
    """Rotation about x, then y, then z (fixed axes), float64 (3, 3), for column vectors.

    Quarter turns are exact: no -1e-17 that would lift an edge off the bed.

    Args:
        degrees: angles about x, y, z.
    """
    (cx, sx), (cy, sy), (cz, sz) = (_cos_sin(angle) for angle in degrees)
    about_x = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]], dtype=np.float64)
    about_y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]], dtype=np.float64)
    about_z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]], dtype=np.float64)
    return about_z @ about_y @ about_x


def _cos_sin(degrees: float) -> tuple[float, float]:
    quarters, rest = divmod(degrees, _QUARTER_DEG)
    if rest == 0:
        return ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0))[int(quarters) % 4]
    return cos(radians(degrees)), sin(radians(degrees))


def laying(down: Vector, spin_deg: float = 0.0) -> Vector:
    """Return the ``orientation_deg`` that turns a direction to face the bed, then spins about z.

    Args:
        down: direction in the file's coordinates, any length but zero, that shall be -z.
        spin_deg: turn about z after that.
    """
    x, y, z = down
    # First about x until the direction has no y, then about y until it has no x.
    about_x = atan2(-y + 0.0, -z)
    about_y = atan2(x, hypot(y, z))
    return _short(degrees(about_x)), _short(degrees(about_y)), _short(spin_deg)


def _short(angle: float) -> float:
    """Bring an angle to (-180, 180] degrees, rounded."""
    angle = round(angle % 360.0, _ANGLE_DECIMALS)
    return angle if angle <= 2 * _QUARTER_DEG else round(angle - 360.0, _ANGLE_DECIMALS)


def rotate(mesh: Mesh, degrees: Vector) -> Mesh:
    """Rotate about x, then y, then z, in degrees, about the origin."""
    turn = rotation_matrix(degrees)
    source = mesh.triangles
    turned = np.empty(source.shape, dtype=np.float32)
    for axis in range(3):
        # Term by term, not by a matrix product: equal points must stay equal to the bit.
        turned[..., axis] = (
            source[..., 0] * turn[axis, 0]
            + source[..., 1] * turn[axis, 1]
            + source[..., 2] * turn[axis, 2]
        )
    return Mesh(turned + np.float32(0), mesh.format)


def drop_to_bed(mesh: Mesh) -> Mesh:
    """Move the centre of the box to x = y = 0 and its underside to z = 0 exactly."""
    lower, upper = mesh.lower_mm, mesh.upper_mm
    centre = (lower + upper) / 2
    shift = np.array([centre[0], centre[1], lower[2]])
    moved = (mesh.triangles.astype(np.float64) - shift).astype(np.float32)
    return Mesh(moved + np.float32(0), mesh.format)


def orient(mesh: Mesh, degrees: Vector) -> Mesh:
    """Lay a mesh as a recipe's ``orientation_deg`` says, on the middle of the bed."""
    return drop_to_bed(rotate(mesh, degrees))


def write_stl(mesh: Mesh) -> bytes:
    """Write a binary STL (little-endian, unit normals): the only file a slicer is given."""
    corners = mesh.triangles.astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    normals = np.divide(normals, lengths, out=np.zeros_like(normals), where=lengths > 0)
    facets = np.zeros(len(corners), dtype=_FACET)
    facets["normal"] = normals
    facets["corners"] = mesh.triangles
    return _HEADER + len(corners).to_bytes(4, "little") + facets.tobytes()
