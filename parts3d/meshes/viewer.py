"""The mesh for the browser's 3D view: a small GLB of the part as it is printed.

Points are welded and indexed (about 12 bytes a triangle, a quarter of an STL); above
``MOST_TRIANGLES`` the mesh is simplified. The browser shades facets flat and draws sharp edges.
"""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.glb import Group, write_glb
from parts3d.meshes.grouping import group_equal
from parts3d.meshes.mesh import Mesh, Vector
from parts3d.meshes.orient import orient
from parts3d.meshes.pictures.coarse import DRAWABLE_TRIANGLES, clustered
from parts3d.meshes.pictures.shading import linear

MEDIA_TYPE = "model/gltf-binary"
MOST_TRIANGLES = 100_000
PART, MARKED = "part", "marked"
_COLOURS = {PART: (118, 146, 171), MARKED: (213, 60, 0)}
_CELLS = 480  # a first thinning of meshes too large to simplify in bounded memory
_AGGRESSIVENESS = 5.0  # fast-simplification's own scale, 0 to 10: lower keeps the shape better

Faces = NDArray[np.int32]


def viewer_mesh(
    mesh: Mesh,
    orientation_deg: Vector = (0.0, 0.0, 0.0),
    marked: NDArray[np.int64] | None = None,
) -> bytes:
    """Return the viewer's bytes, of ``MEDIA_TYPE``, lying on z = 0 as the part is printed.

    Args:
        mesh: the file's mesh.
        orientation_deg: as the recipe says.
        marked: facets to show in the warning material, by the mesh's numbers. They are never
            simplified away: a mesh above ``MOST_TRIANGLES`` has the rest simplified.
    """
    lying = orient(mesh, orientation_deg)
    chosen = np.zeros(len(mesh.triangles), dtype=np.bool_)
    if marked is not None:
        chosen[marked] = True
    points, groups = np.zeros((0, 3), dtype=np.float32), []
    for name, triangles in (
        (PART, lying.triangles[~chosen]),
        (MARKED, lying.triangles[chosen]),
    ):
        if len(triangles) == 0:
            continue
        vertices, faces = _indexed(triangles)
        if name == PART and len(faces) > MOST_TRIANGLES:
            vertices, faces = _simplified(triangles)
        red, green, blue = linear(_COLOURS[name]).tolist()
        groups.append(Group(name, (red, green, blue), faces + len(points)))
        points = np.concatenate((points, vertices))
    return write_glb(points, groups)


def _indexed(triangles: NDArray[np.float32]) -> tuple[NDArray[np.float32], Faces]:
    """Weld corners that are equal to the bit and drop facets that collapse (but not the last)."""
    corners = triangles.reshape(-1, 3) + np.float32(0)
    bits = corners.view(np.uint32)
    same = group_equal([np.ascontiguousarray(bits[:, axis]) for axis in range(3)])
    faces = same.labels().reshape(-1, 3)
    a, b, c = faces.T
    whole = faces[(a != b) & (b != c) & (c != a)]
    return corners[same.order[same.starts]], whole if len(whole) else faces[:1]


def _simplified(triangles: NDArray[np.float32]) -> tuple[NDArray[np.float32], Faces]:
    """Simplify by quadric error (Garland and Heckbert, 1997) to ``MOST_TRIANGLES``."""
    from fast_simplification import simplify

    if len(triangles) > DRAWABLE_TRIANGLES:
        triangles = clustered(Mesh(triangles), _CELLS).triangles
    vertices, faces = _indexed(triangles)
    if len(faces) <= MOST_TRIANGLES:
        return vertices, faces
    fewer, kept = simplify(vertices, faces, target_count=MOST_TRIANGLES, agg=_AGGRESSIVENESS)
    if len(kept) == 0:
        return vertices, faces
    return np.asarray(fewer, dtype=np.float32), np.asarray(kept, dtype=np.int32)
