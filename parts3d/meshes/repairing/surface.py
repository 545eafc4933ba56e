"""The welded surface that the steps of a repair hand on, and its edges.

The *seam* of a surface is what is left of its edges when those that facets pass both ways are
cancelled: a closed surface has none, however often it touches itself.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected, group_equal
from parts3d.meshes.mesh import Mesh

Faces = NDArray[np.int64]
LID = -1


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """Facets over numbered points.

    Args:
        vertices: float32 (v, 3), mm; steps number them anew but never move them.
        faces: int64 (f, 3).
        source: int64 (f,), facet of the first surface that each came from, ``LID`` for a new one.
    """

    vertices: NDArray[np.float32]
    faces: Faces
    source: NDArray[np.int64]

    def only(self, keep: NDArray[np.bool_]) -> "Surface":
        """Return the facets marked."""
        return replace(self, faces=self.faces[keep], source=self.source[keep])

    def turned(self, turn: NDArray[np.bool_]) -> "Surface":
        """Return it with the marked facets turned round."""
        faces = self.faces.copy()
        faces[turn] = faces[turn][:, ::-1]
        return replace(self, faces=faces)

    @property
    def corners_mm(self) -> NDArray[np.float64]:
        """Corners of each facet about the middle of the box, float64 (f, 3, 3)."""
        points = self.vertices.astype(np.float64)
        middle = (points.min(axis=0) + points.max(axis=0)) / 2
        return np.asarray((points - middle)[self.faces])

    @property
    def diagonal_mm(self) -> float:
        """Diagonal of the bounding box."""
        points = self.vertices.astype(np.float64)
        return float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))

    def mesh(self) -> Mesh:
        """Write the facets out, each begun at its lowest point number, in the surface's order."""
        lead = np.argmin(self.faces, axis=1)
        rows = np.arange(len(self.faces))
        turned = np.stack([self.faces[rows, (lead + step) % 3] for step in range(3)], axis=1)
        return Mesh(np.ascontiguousarray(self.vertices[turned]))


@dataclass(frozen=True, slots=True, eq=False)
class Edges:
    """All edges of a surface.

    Args:
        low: int64 (e,), lower vertex of each edge.
        high: int64 (e,), its higher vertex.
        counts: int64 (e,), how many facets have it.
        net: int64 (e,), how often facets pass it from low to high, less from high to low.
        order: int64 (3 f,), half-edges (3 x facet + corner) edge after edge.
        starts: int64 (e,), where in ``order`` each edge begins.
    """

    low: NDArray[np.int64]
    high: NDArray[np.int64]
    counts: NDArray[np.int64]
    net: NDArray[np.int64]
    order: NDArray[np.int64]
    starts: NDArray[np.int64]

    @property
    def closed(self) -> bool:
        """Whether the surface has no seam."""
        return not self.net.any()

    @property
    def seam_total(self) -> int:
        """How many edges the seam has, each as often as it is passed."""
        return int(np.abs(self.net).sum())

    def of_halves(self) -> NDArray[np.int64]:
        """The edge of each half-edge, int64 (3 f,)."""
        edge = np.empty(len(self.order), dtype=np.int64)
        edge[self.order] = np.repeat(np.arange(len(self.starts)), self.counts)
        return edge

    def pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
        """Facets that share an edge of exactly two, and whether both pass it the same way."""
        two = self.counts == 2  # noqa: PLR2004 - an edge of a closed surface has two facets
        at = self.starts[two]
        return self.order[at] // 3, self.order[at + 1] // 3, self.net[two] != 0


def edges_of(faces: Faces) -> Edges:
    """Find the edges of facets."""
    start = faces.reshape(-1)
    end = faces[:, [1, 2, 0]].reshape(-1)
    low, high = np.minimum(start, end), np.maximum(start, end)
    groups = group_equal([low.astype(np.uint32), high.astype(np.uint32)])
    ways = np.where(start < end, 1, -1)[groups.order]
    net = np.add.reduceat(ways, groups.starts) if len(ways) else ways
    first = groups.order[groups.starts]
    return Edges(
        low[first],
        high[first],
        groups.counts,
        np.asarray(net, dtype=np.int64),
        groups.order,
        groups.starts,
    )


def surface_of(mesh: Mesh) -> tuple[Surface, int]:
    """Weld points of equal bits and drop collapsed facets; return how many were."""
    # Adding zero makes -0 and 0 the same bits.
    corners = mesh.triangles.reshape(-1, 3) + np.float32(0)
    bits = corners.view(np.uint32)
    groups = group_equal([np.ascontiguousarray(bits[:, axis]) for axis in range(3)])
    faces = groups.labels().reshape(-1, 3).astype(np.int64)
    surface = Surface(
        corners[groups.order[groups.starts]], faces, np.arange(len(faces), dtype=np.int64)
    )
    surface, dropped = without_collapsed(surface)
    return replace(surface, source=np.arange(len(surface.faces))), dropped


def without_collapsed(surface: Surface) -> tuple[Surface, int]:
    """Drop facets two of whose corners are one point."""
    a, b, c = surface.faces.T
    whole = (a != b) & (b != c) & (c != a)
    dropped = int(len(whole) - np.count_nonzero(whole))
    return (surface.only(whole) if dropped else surface), dropped


def without_copies(surface: Surface) -> tuple[Surface, int, int]:
    """Keep one facet of each set over the same three points, by how most of them turn.

    As many facing one way as the other enclose nothing and all go, but for one where most of the
    three edges have an odd number of facets: without it they would be open.

    Returns:
        The surface, how many copies were dropped, how many facets without thickness.
    """
    ordered = np.sort(surface.faces, axis=1)
    groups = group_equal([ordered[:, column].astype(np.uint32) for column in range(3)])
    counts = groups.counts
    if (counts == 1).all():
        return surface, 0, 0
    a, b, c = surface.faces.T
    rising = np.where(((a < b) & (b < c)) | ((b < c) & (c < a)) | ((c < a) & (a < b)), 1, -1)
    net = np.add.reduceat(rising[groups.order], groups.starts)
    group = np.repeat(np.arange(len(counts)), counts)
    first_row = groups.order[groups.starts]
    ways = np.sign(net)
    back_to_back = np.flatnonzero(net == 0)
    if len(back_to_back):
        edges = edges_of(surface.faces)
        odd = (edges.counts % 2 == 1)[edges.of_halves()].reshape(-1, 3).sum(axis=1) > 1
        closing = back_to_back[odd[first_row[back_to_back]]]
        ways[closing] = rising[first_row[closing]]
    fits = rising[groups.order] == ways[group]
    candidates = np.flatnonzero(fits)
    _, first = np.unique(group[candidates], return_index=True)
    keep = np.zeros(len(ordered), dtype=np.bool_)
    keep[groups.order[candidates[first]]] = True
    sheets = int(counts[ways == 0].sum())
    return surface.only(keep), int(len(keep) - keep.sum() - sheets), sheets


def patches_of(faces: Faces, edges: Edges) -> tuple[int, NDArray[np.int32]]:
    """Sets of facets joined over edges of exactly two: their number, and each facet's."""
    one, other, _ = edges.pairs()
    return connected(len(faces), one, other)
