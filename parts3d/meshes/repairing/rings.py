"""The rings of a seam, and the volume of an open surface."""

from collections import defaultdict

import numpy as np

from parts3d.meshes.repairing.surface import Edges, Surface, edges_of

Ring = list[int]
TRIANGLE = 3


def rings_of(edges: Edges) -> list[Ring]:
    """Simple rings that together run the seam backwards; a point passed twice cuts one off."""
    seam = np.flatnonzero(edges.net)
    onward: dict[int, list[int]] = defaultdict(list)
    for low, high, net in zip(
        edges.low[seam].tolist(), edges.high[seam].tolist(), edges.net[seam].tolist(), strict=True
    ):
        start, end = (high, low) if net > 0 else (low, high)
        onward[start] += [end] * abs(net)
    rings = []
    for begin in sorted(onward):
        while onward[begin]:
            path, at = [begin], {begin: 0}
            while True:
                following = onward[path[-1]].pop()
                if following not in at:
                    at[following] = len(path)
                    path.append(following)
                    continue
                cut = at[following]
                rings.append(path[cut:])
                for point in path[cut + 1 :]:
                    del at[point]
                del path[cut + 1 :]
                if cut == 0:
                    break
    return [ring for ring in rings if len(ring) >= TRIANGLE]


def signed_volume_mm3(surface: Surface) -> float:
    """Volume by the divergence theorem, each hole closed by a cone over its rim's centre.

    The cones make it independent of the origin; for a flat hole they are exact.
    """
    corners = surface.corners_mm
    volume = np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() / 6
    edges = edges_of(surface.faces)
    points = surface.vertices.astype(np.float64)
    middle = (points.min(axis=0) + points.max(axis=0)) / 2
    for ring in rings_of(edges):
        rim = points[ring] - middle
        cone = np.cross(rim, np.roll(rim, -1, axis=0)).sum(axis=0) @ rim.mean(axis=0)
        volume += cone / 6
    return float(volume)
