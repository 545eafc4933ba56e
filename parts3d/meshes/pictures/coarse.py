"""Fewer triangles for a picture or the browser, where the file has more than either can show."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.mesh import Mesh

# Above that a picture's tree and normals would take more memory than the picture is worth.
DRAWABLE_TRIANGLES = 1_500_000
_CELLS = 480  # along the longest side: about a pixel of a 512 px picture
_FACETS_AT_ONCE = 1 << 18
_BITS = 20


def drawable(mesh: Mesh) -> Mesh:
    """Return the mesh, or a coarser one where it has more than ``DRAWABLE_TRIANGLES``.

    Its facets' numbers are then not the file's.
    """
    return mesh if len(mesh.triangles) <= DRAWABLE_TRIANGLES else clustered(mesh, _CELLS)


def clustered(mesh: Mesh, cells: int) -> Mesh:
    """Move all corners in one cell of a grid to their mean, and drop what collapses.

    Rossignac and Borrel, "Multi-resolution 3D approximations for rendering complex scenes", 1993.
    Linear in time; memory is that of the facets that are left.

    Args:
        mesh: at least one facet.
        cells: cells along the longest side, at most 2**20.
    """
    lower = mesh.lower_mm
    cell = float((mesh.upper_mm - lower).max()) / cells or 1.0
    kept = [
        _spanning(_cells(mesh.triangles[at : at + _FACETS_AT_ONCE], lower, cell))
        for at in range(0, len(mesh.triangles), _FACETS_AT_ONCE)
    ]
    corners = np.concatenate(kept)
    del kept
    if len(corners) == 0:
        return Mesh(mesh.triangles[:1].copy(), mesh.format)
    places = np.unique(corners)
    sums = np.zeros((len(places), 3))
    counts = np.zeros(len(places))
    for at in range(0, len(mesh.triangles), _FACETS_AT_ONCE):
        points = mesh.triangles[at : at + _FACETS_AT_ONCE].reshape(-1, 3)
        keys = _cells(points, lower, cell)
        number = np.minimum(np.searchsorted(places, keys), len(places) - 1)
        known = places[number] == keys
        number, points = number[known], points[known]
        counts += np.bincount(number, minlength=len(places))
        for axis in range(3):
            sums[:, axis] += np.bincount(number, points[:, axis], minlength=len(places))
    means = (sums / counts[:, None]).astype(np.float32)
    faces = np.searchsorted(places, corners.reshape(-1)).reshape(-1, 3)
    return Mesh(means[faces], mesh.format)


def _cells(
    points: NDArray[np.float32], lower: NDArray[np.float64], cell: float
) -> NDArray[np.int64]:
    """Return the cell of each point, (..., 3), as one number."""
    steps = ((points - lower) / cell).astype(np.int64)
    return np.asarray((steps[..., 0] << 2 * _BITS) | (steps[..., 1] << _BITS) | steps[..., 2])


def _spanning(corners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the facets whose corners lie in three cells."""
    a, b, c = corners.T
    return np.asarray(corners[(a != b) & (b != c) & (c != a)])
