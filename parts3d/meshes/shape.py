"""What every search for findings starts from: the mesh, its measures, and its facets' normals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.measure import Measures
from parts3d.meshes.mesh import Mesh

_BLOCK = 65_536


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """A measured mesh, as it lies.

    Args:
        mesh: all facets of the file.
        measures: box, shells, topology.
        areas_mm2: float64 (n,), area of each facet of the file.
        normals: float32 (n, 3), unit, outwards where the mesh as a whole is the right way round;
            zero for a facet without area.
    """

    mesh: Mesh
    measures: Measures
    areas_mm2: NDArray[np.float64]
    normals: NDArray[np.float32]


def shape_of(mesh: Mesh, measures: Measures) -> Shape:
    """Compute areas and outward normals of a measured mesh, a block of facets at a time."""
    triangles = mesh.triangles
    outward = -1.0 if measures.signed_volume_mm3 < 0 else 1.0
    areas = np.empty(len(triangles), dtype=np.float64)
    normals = np.empty((len(triangles), 3), dtype=np.float32)
    for start in range(0, len(triangles), _BLOCK):
        rows = slice(start, start + _BLOCK)
        corners = triangles[rows].astype(np.float64)
        doubled = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.sqrt(np.einsum("ij,ij->i", doubled, doubled))
        areas[rows] = lengths / 2
        lengths[lengths == 0] = 1
        normals[rows] = doubled * (outward / lengths)[:, None]
    return Shape(mesh, measures, areas, normals)
