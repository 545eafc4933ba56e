"""Rays into a mesh by Embree, and what they see.

The scene is scaled to a diagonal of 1 and stands on z = 0 around the origin; lengths are shares of
that diagonal.
"""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.pictures.camera import Camera
from parts3d.meshes.pictures.smooth import SmoothFacets

Floats = NDArray[np.float32]

_RAYS_AT_ONCE = 1 << 18


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What rays hit; arrays of shape (n,) or (n, 3), one row a ray that hit something.

    Args:
        ray: int64, number of the ray.
        depth: along the camera's axis.
        point: where.
        normal: smooth, unit, towards the camera.
        flat: the facet's own normal, unit, towards the camera.
        facet: int32, row of the facets drawn.
        patch: int32, smooth patch of that facet.
    """

    ray: NDArray[np.int64]
    depth: Floats
    point: Floats
    normal: Floats
    flat: Floats
    facet: NDArray[np.int32]
    patch: NDArray[np.int32]

    def __len__(self) -> int:
        """Return how many rays hit."""
        return len(self.ray)

    def some(self, rows: NDArray[np.int64]) -> "Seen":
        """Return some rows only."""
        return Seen(*(getattr(self, layer.name)[rows] for layer in fields(Seen)))


def dot(one: Floats, other: Floats) -> Floats:
    """Products of rows, float32 (n, 3) each (or one of them (3,)); three terms beat einsum."""
    return np.asarray(
        one[..., 0] * other[..., 0] + one[..., 1] * other[..., 1] + one[..., 2] * other[..., 2]
    )


def unit(vectors: Floats) -> Floats:
    """Return the vectors, float32 (..., 3), at length 1 (zero stays zero)."""
    lengths = np.sqrt(dot(vectors, vectors))[..., None]
    return np.asarray(vectors / np.maximum(lengths, np.float32(1e-12)), dtype=np.float32)


class Scene:
    """The facets in Embree's tree."""

    def __init__(self, facets: SmoothFacets) -> None:
        """Build the tree."""
        from embreex.mesh_construction import TriangleMesh
        from embreex.rtcore_scene import EmbreeScene

        self.facets = facets
        self._embree: Any = EmbreeScene()
        # Shared points take Embree half the time of loose corners.
        number = facets.vertices.reshape(-1)
        points = np.zeros((int(number.max(initial=-1)) + 1, 3), dtype=np.float32)
        points[number] = facets.corners.reshape(-1, 3)
        TriangleMesh(self._embree, points, facets.vertices)

    def cast(self, camera: Camera, directions: Floats) -> Seen:
        """Send rays, float32 (m, 3), from the camera's eye; in slices, to bound memory."""
        slices = [
            self._cast(camera, directions[at : at + _RAYS_AT_ONCE], at)
            for at in range(0, max(1, len(directions)), _RAYS_AT_ONCE)
        ]
        if len(slices) == 1:
            return slices[0]
        return Seen(
            *(
                np.concatenate([getattr(part, layer.name) for part in slices])
                for layer in fields(Seen)
            )
        )

    def _cast(self, camera: Camera, directions: Floats, first: int) -> Seen:
        eye = camera.eye.astype(np.float32)
        eyes = np.empty(directions.shape, dtype=np.float32)
        eyes[:] = eye
        found = self._embree.run(eyes, directions, output=1)
        ray = np.flatnonzero(found["primID"] >= 0)
        facet = found["primID"][ray]
        u, v = found["u"][ray, None], found["v"][ray, None]
        corner = self.facets.normals[facet]
        normal = corner[:, 0] * (1 - u - v)
        normal += corner[:, 1] * u
        normal += corner[:, 2] * v
        towards = directions[ray]
        depth = found["tfar"][ray]
        flat = unit(found["Ng"][ray])
        # A surface seen from behind (a broken mesh) is drawn as if it faced the camera.
        flat *= np.where(dot(flat, towards) > 0, np.float32(-1), np.float32(1))[:, None]
        normal *= np.where(dot(normal, flat) < 0, np.float32(-1), np.float32(1))[:, None]
        return Seen(
            ray=ray + first,
            depth=depth,
            point=eye + towards * depth[:, None],
            normal=unit(normal),
            flat=flat,
            facet=facet,
            patch=self.facets.patch[facet],
        )

    def blocked(self, points: Floats, directions: Floats, reach: float) -> Floats:
        """Return how much of each ray is blocked, 1 nearby to 0 at ``reach``, float32 (n,)."""
        limits = np.full(len(points), reach, dtype=np.float32)
        ends = self._embree.run(points, directions, limits, query="DISTANCE")
        return np.asarray(1 - np.minimum(ends, reach) / np.float32(reach), dtype=np.float32)

    def hidden(self, points: Floats, eye: NDArray[np.float64], slack: float) -> NDArray[np.bool_]:
        """Return which points, float32 (n, 3), have something before them as seen from the eye.

        Args:
            points: in the scene's scale.
            eye: the camera's, (3,).
            slack: how far before a point is still the point.
        """
        if len(points) == 0:
            return np.zeros(0, dtype=np.bool_)
        towards = points - eye.astype(np.float32)
        lengths = np.sqrt(dot(towards, towards))
        eyes = np.empty(points.shape, dtype=np.float32)
        eyes[:] = eye
        directions = np.ascontiguousarray(towards / lengths[:, None])
        ends = self._embree.run(eyes, directions, query="DISTANCE")
        return np.asarray(ends < lengths - np.float32(slack))
