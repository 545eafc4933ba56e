"""Which facets meet at an edge, and the shells they make, by numpy or by the kernels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected, group_equal
from parts3d.meshes.kernels import compiled


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """Edges, neighbours and shells of facets none of which has collapsed; see ``Topology``.

    ``suspect_count`` is the number of edges at which a facet may be there twice: those with two
    facets the same way, or with more than two. A clean mesh is spared the search.
    """

    neighbours: NDArray[np.int32]
    same_way: NDArray[np.bool_]
    open_edges: NDArray[np.int32]
    shell_of: NDArray[np.int32]
    edge_count: int
    non_manifold_count: int
    unbalanced_count: int
    shell_count: int
    suspect_count: int


def join(faces: NDArray[np.int32], vertex_count: int, *, by_kernels: bool) -> Joined:
    """Find edges, neighbours and shells.

    Bodies that touch along a line stay apart; a fin on a surface belongs to it: the facets of an
    edge of more than two are of one shell only where they are not balanced.
    """
    if by_kernels:
        neighbours, same_way, open_edges, shell_of, totals = compiled.join_facets(
            faces, vertex_count
        )
        return Joined(neighbours, same_way, open_edges, shell_of, *totals)
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
    neighbours = np.stack((one // 3, other // 3), axis=1)
    shell_count, shell_of = connected(
        len(faces),
        np.concatenate((neighbours[:, 0], *(knot[:-1] for knot in knots))),
        np.concatenate((neighbours[:, 1], *(knot[1:] for knot in knots))),
        by_kernels=False,
    )
    return Joined(
        neighbours=neighbours.astype(np.int32),
        same_way=same_way,
        open_edges=np.stack((start[single], end[single]), axis=1),
        shell_of=shell_of,
        edge_count=len(counts),
        non_manifold_count=int(np.count_nonzero(many)),
        unbalanced_count=unbalanced,
        shell_count=shell_count,
        suspect_count=int(np.count_nonzero(many)) + int(np.count_nonzero(same_way)),
    )
