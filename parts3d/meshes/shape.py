"""What every search for findings starts from: the mesh, its measures, and its facets' normals."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.measure import Measures
from parts3d.meshes.mesh import Mesh

_BLOCK = 65_536
_SAMPLED = 100_000


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


def boxes_behind_one_another(shape: Shape) -> float:
    """How many facets' boxes a line along an axis meets within the part, on average, at least 1.

    What a ray through the part costs: 5 to 130 in real parts, thousands where loose facets lie in
    heaps.
    """
    facets = shape.measures.topology.facets
    step = 1 + len(facets) // _SAMPLED
    corners = shape.mesh.triangles[facets[::step]]
    sizes = np.ptp(corners, axis=1).astype(np.float64)
    whole = np.ptp(corners.reshape(-1, 3), axis=0).astype(np.float64)
    faces = np.roll(sizes, 1, axis=1) * np.roll(sizes, 2, axis=1)
    of_the_whole = np.roll(whole, 1) * np.roll(whole, 2)
    deep = step * faces.sum(axis=0) / np.maximum(of_the_whole, np.finfo(np.float64).tiny)
    return max(1.0, float(deep.max()))
