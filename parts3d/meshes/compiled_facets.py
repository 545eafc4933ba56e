"""Edges, neighbours and shells: the loops of joining, compiled. Called by ``compiled`` alone."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.compiled_jit import FACES, LINKS, compiled_as, inlined, types

_HALF = 32
_INSERTION = 24
_PAIR = 2


@inlined
def _root(parent: NDArray[np.int32], node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = int(parent[node])
    return node


@inlined
def _join(parent: NDArray[np.int32], one: int, other: int) -> None:
    """Hook the later root onto the earlier, so that a root is the first of its component."""
    one, other = _root(parent, one), _root(parent, other)
    if one < other:
        parent[other] = one
    else:
        parent[one] = other


@inlined
def _to_labels(parent: NDArray[np.int32]) -> int:
    """Turn parents into component numbers, in place; a parent never comes after its child."""
    count = 0
    for node in range(len(parent)):
        if parent[node] == node:
            parent[node] = count
            count += 1
        else:
            parent[node] = parent[parent[node]]
    return count


@compiled_as(types.int64(types.int32[::1], LINKS, LINKS))
def components(
    parent: NDArray[np.int32], first: NDArray[np.int64], second: NDArray[np.int64]
) -> int:
    """Turn 0 1 2 ... into the connected component of each node, by union-find; return how many."""
    for link in range(len(first)):
        _join(parent, int(first[link]), int(second[link]))
    return _to_labels(parent)


@inlined
def _sort(keys: NDArray[np.int64], spare: NDArray[np.int64], n: int) -> None:
    """Sort the first n: by insertion while they are few, else by merging, whatever the input."""
    for low in range(0, n, _INSERTION):
        high = min(low + _INSERTION, n)
        for at in range(low + 1, high):
            key = keys[at]
            to = at
            while to > low and keys[to - 1] > key:
                keys[to] = keys[to - 1]
                to -= 1
            keys[to] = key
    width = _INSERTION
    while width < n:
        for low in range(0, n, 2 * width):
            middle, high = min(low + width, n), min(low + 2 * width, n)
            left, right = low, middle
            for to in range(low, high):
                if right >= high or (left < middle and keys[left] <= keys[right]):
                    spare[to] = keys[left]
                    left += 1
                else:
                    spare[to] = keys[right]
                    right += 1
        keys[:n] = spare[:n]
        width *= 2


@inlined
def _by_lower_vertex(
    faces: NDArray[np.int32], ends: NDArray[np.int32], order: NDArray[np.int32]
) -> None:
    """Sort half-edges (3 x facet + corner) by their lower vertex; and where each vertex's end."""
    for facet in range(len(faces)):
        a, b, c = faces[facet, 0], faces[facet, 1], faces[facet, 2]
        ends[min(a, b) + 1] += 1
        ends[min(b, c) + 1] += 1
        ends[min(c, a) + 1] += 1
    for vertex in range(len(ends) - 1):
        ends[vertex + 1] += ends[vertex]
    for facet in range(len(faces)):
        a, b, c = faces[facet, 0], faces[facet, 1], faces[facet, 2]
        for corner, low in enumerate((min(a, b), min(b, c), min(c, a))):
            order[ends[low]] = 3 * facet + corner
            ends[low] += 1


@inlined
def _start(faces: NDArray[np.int32], half_edge: int) -> int:
    return int(faces[half_edge // 3, half_edge % 3])


@inlined
def _end(faces: NDArray[np.int32], half_edge: int) -> int:
    corner = half_edge % 3
    return int(faces[half_edge // 3, corner + 1 if corner < 2 else 0])  # noqa: PLR2004 - the last corner


@compiled_as(
    types.UniTuple(types.int64, 7)(
        FACES,
        types.int32[::1],
        types.int32[::1],
        types.int32[:, ::1],
        types.boolean[::1],
        types.int32[:, ::1],
        types.int32[::1],
    )
)
def join_facets(  # noqa: C901 - one pass; each part apart would want it all again
    faces: NDArray[np.int32],
    ends: NDArray[np.int32],
    order: NDArray[np.int32],
    neighbours: NDArray[np.int32],
    same_way: NDArray[np.bool_],
    open_edges: NDArray[np.int32],
    parent: NDArray[np.int32],
) -> tuple[int, int, int, int, int, int, int]:
    """Find edges, neighbours and shells of facets none of which has collapsed.

    Half-edges are sorted into one short list per lower vertex, and each list by the other vertex:
    no hash, linear but for vertices with very many facets, and near in memory as in the file.

    Args:
        faces: int32 (f, 3).
        ends: zeros, one more than there are vertices; to work in.
        order: int32 (3 f,), to work in.
        neighbours: written, as in ``Topology``; room for 3 f // 2 rows.
        same_way: written, the same.
        open_edges: written, room for 3 f rows.
        parent: int32 (f,), 0 1 2 ...; overwritten by ``shell_of``.

    Returns:
        The numbers of neighbours and of open edges; of edges, of non-manifold and of unbalanced
        ones; of shells; and of edges at which a duplicate facet may be.
    """
    _by_lower_vertex(faces, ends, order)
    vertex_count = len(ends) - 1
    longest = 0
    start = 0
    for vertex in range(vertex_count):
        longest = max(longest, ends[vertex] - start)
        start = ends[vertex]
    keys, spare = np.empty(longest, np.int64), np.empty(longest, np.int64)
    edges = pairs = single = many = unbalanced = suspect = 0
    start = 0
    for vertex in range(vertex_count):
        size = ends[vertex] - start
        for at in range(size):
            half_edge = order[start + at]
            other = _start(faces, half_edge)
            if other == vertex:
                other = _end(faces, half_edge)
            keys[at] = (np.int64(other) << _HALF) | half_edge
        start = ends[vertex]
        _sort(keys, spare, size)
        at = 0
        while at < size:
            upper = keys[at] >> _HALF
            to = at + 1
            while to < size and keys[to] >> _HALF == upper:
                to += 1
            edges += 1
            one = int(keys[at] & 0x7FFFFFFF)
            if to - at == 1:
                open_edges[single, 0] = _start(faces, one)
                open_edges[single, 1] = _end(faces, one)
                single += 1
            elif to - at == _PAIR:
                two = int(keys[at + 1] & 0x7FFFFFFF)
                neighbours[pairs, 0] = one // 3
                neighbours[pairs, 1] = two // 3
                same_way[pairs] = _start(faces, one) == _start(faces, two)
                suspect += same_way[pairs]
                pairs += 1
                _join(parent, one // 3, two // 3)
            else:
                many += 1
                balance = 0
                for step in range(at, to):
                    up = _start(faces, int(keys[step] & 0x7FFFFFFF)) == vertex
                    balance += 1 if up else -1
                if balance:
                    unbalanced += 1
                    for step in range(at + 1, to):
                        two = int(keys[step] & 0x7FFFFFFF)
                        _join(parent, one // 3, two // 3)
            at = to
    shells = _to_labels(parent)
    return pairs, single, edges, many, unbalanced, shells, suspect + many
