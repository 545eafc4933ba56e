"""Which points are one, which facets meet, and which belong together.

Terms: a *facet* is a triangle of the file; welding gives its corners vertex numbers; a facet two
of whose corners are one vertex has *collapsed*; a *shell* is a set of facets joined over edges
that exactly two facets share, or over knots where no two belong together more than others.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected, number_equal
from parts3d.meshes.joining import join
from parts3d.meshes.kernels import compiled
from parts3d.meshes.mesh import Mesh

# Of the bounding box's diagonal: 1 micrometre on a part of 100 mm, what ASCII digits round off.
WELD_TOLERANCE = 1e-5


@dataclass(frozen=True, slots=True, eq=False)
class Topology:
    """A welded mesh, without collapsed and duplicate facets, and its edges.

    Args:
        vertices: float32 (v, 3), mm.
        faces: int32 (f, 3), vertex numbers of the facets kept.
        facets: int32 (f,), the file's number of each facet kept.
        collapsed_count: facets dropped because two corners are one vertex.
        duplicate_count: facets dropped because the same three vertices in the same turn were
            there already.
        open_edges: int32 (k, 2), start and end vertex of edges that one facet has.
        non_manifold_count: edges that three or more facets have.
        unbalanced_count: those of them that facets do not pass as often one way as the other;
            with none of these (and no open edges) the surface is closed, only it touches itself.
        edge_count: all edges.
        neighbours: int32 (p, 2), rows of ``faces`` that share an edge of exactly two.
        same_way: bool (p,), whether the two run along the edge the same way (one is flipped).
        shell_count: number of shells.
        shell_of: int32 (f,), shell of each facet kept.
    """

    vertices: NDArray[np.float32]
    faces: NDArray[np.int32]
    facets: NDArray[np.int32]
    collapsed_count: int
    duplicate_count: int
    open_edges: NDArray[np.int32]
    non_manifold_count: int
    unbalanced_count: int
    edge_count: int
    neighbours: NDArray[np.int32]
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


def weld(mesh: Mesh, *, by_kernels: bool | None = None) -> Topology:
    """Weld corners whose coordinates are equal to the bit, and find edges and shells.

    Args:
        mesh: the mesh.
        by_kernels: whether the compiled kernels do it; None: where they are there and worth it.
            The topology is the same but for the order of vertices, edges and neighbours.
    """
    if by_kernels is None:
        by_kernels = compiled.use_compiled(len(mesh.triangles))
    corners = np.ascontiguousarray(mesh.triangles).reshape(-1, 3)
    if by_kernels:
        labels, known = compiled.label_rows(corners.view(np.uint32))
        vertices = known.view(np.float32)
    else:
        labels, firsts = number_equal(corners.view(np.uint32), by_kernels=False)
        vertices = corners[firsts]
    faces = labels.reshape(-1, 3)
    facets = np.arange(len(faces), dtype=np.int32)
    return _connect(vertices, faces, facets, 0, 0, by_kernels=by_kernels)


def weld_hairlines(exact: Topology, *, by_kernels: bool | None = None) -> Topology:
    """Weld the ends of open edges that lie within the tolerance of each other.

    Only vertices on open edges move together, so fine detail elsewhere stays. Eight grids, each
    shifted by half a cell in some axes, see every pair closer than ``WELD_TOLERANCE`` times the
    box's diagonal in at least one of them; the work is linear, whatever the file. Where nothing
    is that close, the same object is returned.
    """
    if by_kernels is None:
        by_kernels = compiled.use_compiled(len(exact.faces))
    on_open_edge = np.zeros(len(exact.vertices), dtype=np.bool_)
    on_open_edge[exact.open_edges] = True
    at = np.flatnonzero(on_open_edge)
    if len(at) == 0:
        return exact
    lowest = exact.vertices.min(axis=0)
    spread = exact.vertices.max(axis=0).astype(np.float64) - lowest
    tolerance = max(float(np.linalg.norm(spread)) * WELD_TOLERANCE, 1e-9)
    steps = (exact.vertices[at] - lowest).astype(np.float64) / tolerance
    first: list[NDArray[np.int64]] = []
    second: list[NDArray[np.int64]] = []
    for shift in range(8):
        offset = np.array([shift & 1, shift >> 1 & 1, shift >> 2 & 1], dtype=np.float64)
        cells = np.floor((steps + offset) / 2).astype(np.uint32)
        labels, firsts = number_equal(cells, by_kernels=by_kernels)
        leader = firsts[labels].astype(np.int64)
        follows = np.flatnonzero(leader != np.arange(len(leader)))
        first.append(leader[follows])
        second.append(follows)
    if not any(map(len, first)):
        return exact
    _, cluster = connected(
        len(at), np.concatenate(first), np.concatenate(second), by_kernels=by_kernels
    )
    return _connect(
        exact.vertices,
        _as_one(exact.vertices, at, cluster)[exact.faces],
        exact.facets,
        exact.collapsed_count,
        exact.duplicate_count,
        by_kernels=by_kernels,
    )


def _as_one(
    vertices: NDArray[np.float32], at: NDArray[np.int64], cluster: NDArray[np.int32]
) -> NDArray[np.int32]:
    """Number the vertices so that each cluster has the number of its first by x, y and z.

    By place and not by number, so that a mesh measures the same in whatever order its facets come.
    """
    renumber = np.arange(len(vertices), dtype=np.int32)
    sizes = np.bincount(cluster)
    moving = np.flatnonzero(sizes[cluster] > 1)
    own, places = cluster[moving], vertices[at[moving]]
    order = np.lexsort((places[:, 2], places[:, 1], places[:, 0], own))
    begins = np.concatenate(([True], own[order][1:] != own[order][:-1]))
    first_of = np.zeros(len(sizes), dtype=np.int32)
    firsts = moving[order[begins]]
    first_of[cluster[firsts]] = at[firsts]
    renumber[at[moving]] = first_of[own]
    return renumber


def _connect(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    facets: NDArray[np.int32],
    collapsed_before: int,
    duplicates_before: int,
    *,
    by_kernels: bool,
) -> Topology:
    """Drop collapsed and duplicate facets, and find edges, neighbours and shells."""
    collapsed = 0
    if not by_kernels or compiled.count_collapsed(faces):
        a, b, c = faces[:, 0], faces[:, 1], faces[:, 2]
        whole = (a != b) & (b != c) & (c != a)
        collapsed = int(len(faces) - np.count_nonzero(whole))
        if collapsed:
            faces, facets = faces[whole], facets[whole]
    joined = join(faces, len(vertices), by_kernels=by_kernels)
    if joined.suspect_count:
        kept = _first_of_each(faces, by_kernels=by_kernels)
        if len(kept) < len(faces):
            del joined
            return _connect(
                vertices,
                faces[kept],
                facets[kept],
                collapsed_before + collapsed,
                duplicates_before + len(faces) - len(kept),
                by_kernels=by_kernels,
            )
    return Topology(
        vertices=vertices,
        faces=faces,
        facets=facets,
        collapsed_count=collapsed_before + collapsed,
        duplicate_count=duplicates_before,
        open_edges=joined.open_edges,
        non_manifold_count=joined.non_manifold_count,
        unbalanced_count=joined.unbalanced_count,
        edge_count=joined.edge_count,
        neighbours=joined.neighbours,
        same_way=joined.same_way,
        shell_count=joined.shell_count,
        shell_of=joined.shell_of,
    )


def _first_of_each(faces: NDArray[np.int32], *, by_kernels: bool) -> NDArray[np.int64]:
    """Rows of the first facet of each set with the same vertices in the same turn."""
    lead = np.argmin(faces, axis=1)
    rows = np.arange(len(faces))
    turned = np.stack([faces[rows, (lead + step) % 3] for step in range(3)], axis=1)
    _, firsts = number_equal(turned.view(np.uint32), by_kernels=by_kernels)
    return np.sort(firsts.astype(np.int64))
