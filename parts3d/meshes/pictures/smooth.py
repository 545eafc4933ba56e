"""Smooth normals for drawing: round faces look round, edges stay edges."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected, group_equal
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.topology import weld

CREASE_DEG = 32.0


@dataclass(frozen=True, slots=True, eq=False)
class SmoothFacets:
    """Facets that have an area, with a normal at each corner.

    Args:
        corners: float32 (f, 3, 3), mm.
        normals: float32 (f, 3, 3), unit normal at each corner.
        patch: int32 (f,), the smooth patch a facet belongs to; patches meet at creases.
        facets: int64 (f,), the mesh's number of each facet.
        vertices: int32 (f, 3), which corners are one point: 0 and up, none left out.
    """

    corners: NDArray[np.float32]
    normals: NDArray[np.float32]
    patch: NDArray[np.int32]
    facets: NDArray[np.int64]
    vertices: NDArray[np.int32]


def smooth(mesh: Mesh) -> SmoothFacets:
    """Join facets that meet at less than ``CREASE_DEG`` into patches; average normals in each.

    Weighted by area, so that a large flat face keeps its normal beside a fine fillet.
    """
    topology = weld(mesh)
    corners = mesh.triangles[topology.facets]
    if len(corners) == 0:
        none = np.zeros(0, dtype=np.int32)
        return SmoothFacets(corners, corners, none, none.astype(np.int64), none.reshape(0, 3))
    wide = corners.astype(np.float64)
    doubled = np.cross(wide[:, 1] - wide[:, 0], wide[:, 2] - wide[:, 0])
    lengths = np.linalg.norm(doubled, axis=1, keepdims=True)
    flat = np.divide(doubled, lengths, out=np.zeros_like(doubled), where=lengths > 0)
    one, other = topology.neighbours[:, 0], topology.neighbours[:, 1]
    agree = np.einsum("ij,ij->i", flat[one], flat[other]) > np.cos(np.radians(CREASE_DEG))
    _, patch = connected(len(corners), one[agree], other[agree])
    vertex = np.ascontiguousarray(topology.faces.reshape(-1)).view(np.uint32)
    shared = group_equal([vertex, np.repeat(patch, 3).view(np.uint32)]).labels()
    weights = np.repeat(doubled, 3, axis=0)
    sums = np.stack([np.bincount(shared, weights=weights[:, axis]) for axis in range(3)], axis=1)
    sizes = np.linalg.norm(sums, axis=1, keepdims=True)
    normals = np.divide(sums, sizes, out=np.zeros_like(sums), where=sizes > 0)[shared]
    return SmoothFacets(
        corners,
        normals.reshape(-1, 3, 3).astype(np.float32),
        patch,
        topology.facets.astype(np.int64),
        topology.faces.astype(np.int32, copy=False),
    )
