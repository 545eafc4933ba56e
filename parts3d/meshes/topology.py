"""Which points are one, which facets meet, and which belong together.

Terms: a *facet* is a triangle of the file; welding gives its corners vertex numbers; a facet two
of whose corners are one vertex has *collapsed*; a *shell* is a set of facets joined over edges
that exactly two facets share, or over knots where no two belong together more than others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected, group_equal
from parts3d.meshes.mesh import Mesh

# Of the bounding box's diagonal: 1 micrometre on a part of 100 mm, what ASCII digits round off.
WELD_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """A welded mesh, without collapsed and duplicate facets, and its edges.

    Args:
        vertices: float32 (v, 3), mm.
        faces: int32 (f, 3), vertex numbers of the facets kept.
        facets: int64 (f,), the file's number of each facet kept.
        collapsed_count: facets dropped because two corners are one vertex.
        duplicate_count: facets dropped because the same three vertices in the same turn were
            there already.
        open_edges: int32 (k, 2), start and end vertex of edges that one facet has.
        non_manifold_count: edges that three or more facets have.
        unbalanced_count: those of them that facets do not pass as often one way as the other;
            with none of these (and no open edges) the surface is closed, only it touches itself.
        edge_count: all edges.
        neighbours: int64 (p, 2), rows of ``faces`` that share an edge of exactly two.
        same_way: bool (p,), whether the two run along the edge the same way (one is flipped).
        shell_count: number of shells.
        shell_of: int32 (f,), shell of each facet kept.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    facets: NDArray[np.int64]
    collapsed_count: int
    duplicate_count: int
    open_edges: NDArray[np.int32]
    non_manifold_count: int
    unbalanced_count: int
    edge_count: int
    neighbours: NDArray[np.int64]
    same_way: NDArray[np.bool_]
    shell_count: int
    shell_of: NDArray[np.int32]

    @property
    def watertight(self) -> bool:
        """Every edge joins exactly two facets (collapsed facets left out)."""
        return (
            len(self.faces) > 0
            and len(self.open_edges) == 0
            and self.non_manifold_count == 0
            and self.duplicate_count == 0
        )


def weld(mesh: Mesh) -> Topology:
    """Weld corners whose coordinates are equal to the bit, and find edges and shells."""
    corners = mesh.triangles.reshape(-1, 3)
    bits = corners.view(np.uint32)
    groups = group_equal([np.ascontiguousarray(bits[:, axis]) for axis in range(3)])
    faces = groups.labels().reshape(-1, 3)
    vertices = corners[groups.order[groups.starts]]
    del groups
    return _connect(vertices, faces, np.arange(len(faces), dtype=np.int64), 0, 0)


def weld_hairlines(exact: Topology) -> Topology:
    """Weld the ends of open edges that lie within the tolerance of each other.

    Only vertices on open edges move together, so fine detail elsewhere stays. Eight grids, each
    shifted by half a cell in some axes, see every pair closer than ``WELD_TOLERANCE`` times the
    box's diagonal in at least one of them; the work is linear, whatever the file.
    """
    at = np.unique(exact.open_edges)
    if len(at) == 0:
        return exact
    spread = exact.vertices.max(axis=0).astype(np.float64) - exact.vertices.min(axis=0)
    tolerance = max(float(np.linalg.norm(spread)) * WELD_TOLERANCE, 1e-9)
    steps = (exact.vertices[at] - exact.vertices.min(axis=0)).astype(np.float64) / tolerance
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    for shift in range(8):
        offset = np.array([shift & 1, shift >> 1 & 1, shift >> 2 & 1], dtype=np.float64)
        cells = np.floor((steps + offset) / 2).astype(np.uint32)
        groups = group_equal([np.ascontiguousarray(cells[:, axis]) for axis in range(3)])
        same_cell = np.diff(groups.labels()[groups.order]) == 0
        first.append(groups.order[:-1][same_cell])
        second.append(groups.order[1:][same_cell])
    _, cluster = connected(len(at), np.concatenate(first), np.concatenate(second))
    leader = np.full(int(cluster.max()) + 1, len(exact.vertices), dtype=np.int32)
    np.minimum.at(leader, cluster, at.astype(np.int32))
    renumber = np.arange(len(exact.vertices), dtype=np.int32)
    renumber[at] = leader[cluster]
    return _connect(
        exact.vertices,
        renumber[exact.faces],
        exact.facets,
        exact.collapsed_count,
        exact.duplicate_count,
    )


def _connect(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    facets: NDArray[np.int64],
    collapsed_before: int,
    duplicates_before: int,
) -> Topology:
    """Drop collapsed and duplicate facets, and find edges, neighbours and shells."""
    a, b, c = faces[:, 0], faces[:, 1], faces[:, 2]
    whole = (a != b) & (b != c) & (c != a)
    collapsed = int(len(faces) - np.count_nonzero(whole))
    if collapsed:
        faces, facets = faces[whole], facets[whole]
    start = faces.reshape(-1)
    end = faces[:, [1, 2, 0]].reshape(-1)
    low = np.minimum(start, end).view(np.uint32)
    high = np.maximum(start, end).view(np.uint32)
    groups = group_equal([low, high])
    del low, high
    counts = groups.counts
    single = groups.order[groups.starts[counts == 1]]
    pair = groups.starts[counts == 2]  # noqa: PLR2004 - an edge of a closed surface has two facets
    one, other = groups.order[pair], groups.order[pair + 1]
    many = counts > 2  # noqa: PLR2004 - the same two
    unbalanced = 0
    knots: list[NDArray[np.int64]] = []
    if many.any():
        ways = np.where(start < end, 1, -1)[groups.order]
        knotted = many & (np.add.reduceat(ways, groups.starts) != 0)
        unbalanced = int(np.count_nonzero(knotted))
        knots = [
            groups.order[at : at + size] // 3
            for at, size in zip(groups.starts[knotted], counts[knotted], strict=True)
        ]
    same_way = start[one] == start[other]
    # A facet that is there twice shows in its edges, so a clean mesh is spared the search.
    if many.any() or same_way.any():
        kept = _first_of_each(faces)
        if len(kept) < len(faces):
            return _connect(
                vertices,
                faces[kept],
                facets[kept],
                collapsed_before + collapsed,
                duplicates_before + len(faces) - len(kept),
            )
    neighbours = np.stack((one // 3, other // 3), axis=1)
    # Bodies that touch along a line stay apart; a fin on a surface belongs to it.
    shell_count, shell_of = connected(
        len(faces),
        np.concatenate((neighbours[:, 0], *(knot[:-1] for knot in knots))),
        np.concatenate((neighbours[:, 1], *(knot[1:] for knot in knots))),
    )
    return Topology(
        vertices=vertices,
        faces=faces,
        facets=facets,
        collapsed_count=collapsed_before + collapsed,
        duplicate_count=duplicates_before,
        open_edges=np.stack((start[single], end[single]), axis=1),
        non_manifold_count=int(np.count_nonzero(many)),
        unbalanced_count=unbalanced,
        edge_count=len(counts),
        neighbours=neighbours,
        same_way=same_way,
        shell_count=shell_count,
        shell_of=shell_of,
    )


def _first_of_each(faces: NDArray[np.int32]) -> NDArray[np.int64]:
    """Rows of the first facet of each set with the same vertices in the same turn."""
    lead = np.argmin(faces, axis=1)
    rows = np.arange(len(faces))
    columns = [
        np.ascontiguousarray(faces[rows, (lead + step) % 3]).view(np.uint32) for step in range(3)
    ]
    groups = group_equal(columns)
    return np.sort(groups.order[groups.starts])
