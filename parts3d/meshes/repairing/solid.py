"""The steps that manifold3d does: join open edges its way, and unite bodies."""

from typing import TYPE_CHECKING

import numpy as np

from parts3d.meshes.repairing.facing import winding
from parts3d.meshes.repairing.surface import LID, Surface, edges_of, patches_of

if TYPE_CHECKING:
    from manifold3d import Manifold

_INSIDE = 0.5
_MOST_BODIES = 500


def merged(surface: Surface, reach_mm: float) -> Surface | None:
    """Join by manifold3d's ``merge`` and take what it makes of it; None where it cannot."""
    body = _manifold(surface, reach_mm)
    return None if body is None else _surface(body)


def united(surface: Surface) -> tuple[Surface, int] | None:
    """Unite the closed bodies of a surface to one outside, hollows kept; count the bodies.

    Each shell that faces outwards, less the hollows that lie in it, is one body. None where a
    shell is open, or there are more than 500.
    """
    edges = edges_of(surface.faces)
    count, shell_of = patches_of(surface.faces, edges)
    if count > _MOST_BODIES:
        return None
    corners = surface.corners_mm
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2]))
    volumes = np.bincount(shell_of, weights=volume, minlength=count)
    rows = [np.flatnonzero(shell_of == shell) for shell in range(count)]
    outer = [shell for shell in np.argsort(volumes).tolist() if volumes[shell] > 0]
    bodies: dict[int, list[int]] = {shell: [shell] for shell in outer}
    for hollow in np.flatnonzero(volumes < 0).tolist():
        point = corners[rows[hollow][0]].mean(axis=0)
        host = next((s for s in outer if winding(corners[rows[s]], point) > _INSIDE), None)
        if host is None:
            return None
        bodies[host].append(hollow)
    solids = []
    for shells in bodies.values():
        mask = np.isin(shell_of, shells)
        solid = _manifold(surface.only(mask), 0.0)
        if solid is None:
            return None
        solids.append(solid)
    if not solids:
        return None
    from manifold3d import Manifold, OpType

    result = _surface(Manifold.batch_boolean(solids, OpType.Add))
    return None if result is None else (result, len(solids))


def _manifold(surface: Surface, reach_mm: float) -> "Manifold | None":
    from manifold3d import Error, Manifold, Mesh

    used, numbers = np.unique(surface.faces, return_inverse=True)
    mesh = Mesh(
        np.ascontiguousarray(surface.vertices[used]),
        np.ascontiguousarray(numbers.reshape(-1, 3).astype(np.uint32)),
        tolerance=reach_mm,
    )
    mesh.merge()
    body = Manifold(mesh)
    if body.status() != Error.NoError or body.is_empty():
        return None
    return body


def _surface(body: "Manifold") -> Surface | None:
    mesh = body.to_mesh()
    points = np.asarray(mesh.vert_properties, dtype=np.float32)[:, :3]
    faces = np.asarray(mesh.tri_verts, dtype=np.int64)
    if len(faces) == 0:
        return None
    return Surface(np.ascontiguousarray(points), faces, np.full(len(faces), LID, dtype=np.int64))
