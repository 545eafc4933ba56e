"""What every search for findings starts from: the mesh, its measures, and its facets' normals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.measure import Measures
from parts3d.meshes.mesh import Mesh


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
    """Compute areas and outward normals of a measured mesh."""
    triangles = mesh.triangles
    one = (triangles[:, 1] - triangles[:, 0]).astype(np.float64)
    two = (triangles[:, 2] - triangles[:, 0]).astype(np.float64)
    doubled = np.cross(one, two)
    lengths = np.sqrt(np.einsum("ij,ij->i", doubled, doubled))
    outward = -1.0 if measures.signed_volume_mm3 < 0 else 1.0
    normals = np.divide(
        doubled * outward, lengths[:, None], out=np.zeros_like(doubled), where=lengths[:, None] > 0
    )
    return Shape(mesh, measures, lengths / 2, normals.astype(np.float32))
