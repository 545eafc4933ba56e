"""Edges, neighbours and shells: the loops of joining, compiled. Called by ``compiled`` alone."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.kernels.compiled_jit import FACES, LINKS, compiled_as, inlined, types

_HALF = 32
_LOW_HALF = 0x7FFFFFFF
_INSERTION = 24
_PAIR = 2
# Facets or links looked at together, so that the processor waits for their memory at once.
_BATCH = 64


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
def _sort(keys: NDArray[np.int64], start: int, end: int, spare: NDArray[np.int64]) -> None:
    """Sort keys[start:end]: by insertion while they are few, else by merging."""
    for low in range(start, end, _INSERTION):
        high = min(low + _INSERTION, end)
        for at in range(low + 1, high):
            key = keys[at]
            to = at
            while to > low and keys[to - 1] > key:
                keys[to] = keys[to - 1]
                to -= 1
            keys[to] = key
    width = _INSERTION
    while width < end - start:
        for low in range(start, end, 2 * width):
            middle, high = min(low + width, end), min(low + 2 * width, end)
            left, right = low, middle
            for to in range(low, high):
                if right >= high or (left < middle and keys[left] <= keys[right]):
                    spare[to - start] = keys[left]
                    left += 1
                else:
                    spare[to - start] = keys[right]
                    right += 1
        keys[start:end] = spare[: end - start]
        width *= 2


@inlined
def _put(
    keys: NDArray[np.int64], ends: NDArray[np.int32], start: np.int32, end: np.int32, facet: int
) -> None:
    """Put a half-edge into its lower vertex's list: upper vertex, facet, whether it runs up."""
    up = start < end
    low, high = (start, end) if up else (end, start)
    keys[ends[low]] = (np.int64(high) << _HALF) | (np.int64(facet) << 1) | np.int64(up)
    ends[low] += 1


@inlined
def _by_lower_vertex(
    faces: NDArray[np.int32], ends: NDArray[np.int32], keys: NDArray[np.int64]
) -> None:
    """Write all half-edges, one list for each lower vertex; and where each list ends."""
    corners = faces.reshape(-1)
    batch = np.empty((_BATCH, 3), np.int32)
    copied = batch.reshape(-1)
    for start in range(0, len(faces), _BATCH):
        size = min(_BATCH, len(faces) - start)
        # A plain copy is fetched from memory far ahead; rows of twelve bytes are not.
        for at in range(3 * size):
            copied[at] = corners[3 * start + at]
        for at in range(size):
            a, b, c = batch[at, 0], batch[at, 1], batch[at, 2]
            ends[min(a, b) + 1] += 1
            ends[min(b, c) + 1] += 1
            ends[min(c, a) + 1] += 1
    for vertex in range(len(ends) - 1):
        ends[vertex + 1] += ends[vertex]
    for facet in range(len(faces)):
        a, b, c = faces[facet, 0], faces[facet, 1], faces[facet, 2]
        _put(keys, ends, a, b, facet)
        _put(keys, ends, b, c, facet)
        _put(keys, ends, c, a, facet)


@inlined
def _join_pairs(
    parent: NDArray[np.int32],
    pairs: NDArray[np.int64],
    start: int,
    end: int,
    apart: NDArray[np.bool_],
) -> None:
    """Join what the pairs link; those whose grandparents are one are so already."""
    for at in range(end - start):
        pair = pairs[start + at]
        one, two = pair & _LOW_HALF, pair >> _HALF
        apart[at] = parent[parent[one]] != parent[parent[two]]
    for at in range(end - start):
        if apart[at]:
            pair = pairs[start + at]
            _join(parent, int(pair & _LOW_HALF), int(pair >> _HALF))


@compiled_as(
    types.UniTuple(types.int64, 7)(
        FACES,
        types.int32[::1],
        types.int64[::1],
        types.boolean[::1],
        types.int32[:, ::1],
        types.int32[::1],
    )
)
def join_facets(  # noqa: C901 - one pass; each part apart would want it all again
    faces: NDArray[np.int32],
    ends: NDArray[np.int32],
    keys: NDArray[np.int64],
    same_way: NDArray[np.bool_],
    open_edges: NDArray[np.int32],
    parent: NDArray[np.int32],
) -> tuple[int, int, int, int, int, int, int]:
    """Find edges, neighbours and shells of facets none of which has collapsed.

    Half-edges are written into one short list per lower vertex, with all that is asked of them
    later, and each list is sorted by the other vertex: no hash, linear but for vertices with very
    many facets, and two visits to memory for each half-edge, in whatever order the facets are.

    Args:
        faces: int32 (f, 3), f < 2**30.
        ends: zeros, one more than there are vertices; to work in.
        keys: int64 (3 f,), to work in; its beginning is overwritten by the neighbours, the first
            facet in the lower half of the word and the second in the upper.
        same_way: written, as in ``Topology``; room for 3 f // 2.
        open_edges: written, room for 3 f rows.
        parent: int32 (f,), 0 1 2 ...; overwritten by ``shell_of``.

    Returns:
        The numbers of neighbours and of open edges; of edges, of non-manifold and of unbalanced
        ones; of shells; and of edges at which a duplicate facet may be.
    """
    _by_lower_vertex(faces, ends, keys)
    vertex_count = len(ends) - 1
    longest = 0
    start = 0
    for vertex in range(vertex_count):
        longest = max(longest, ends[vertex] - start)
        start = ends[vertex]
    spare = np.empty(longest if longest > _INSERTION else 0, np.int64)
    apart = np.empty(_BATCH + longest, np.bool_)
    edges = pairs = joined = single = many = unbalanced = suspect = 0
    at = 0
    for vertex in range(vertex_count):
        end = int(ends[vertex])
        _sort(keys, at, end, spare)
        while at < end:
            key = keys[at]
            upper = key >> _HALF
            one = (key & _LOW_HALF) >> 1
            to = at + 1
            while to < end and keys[to] >> _HALF == upper:
                to += 1
            edges += 1
            if to - at == _PAIR:
                two = keys[at + 1]
                alike = (key & 1) == (two & 1)
                # Two keys were read for each pair written: what is overwritten is done with.
                keys[pairs] = one | (((two & _LOW_HALF) >> 1) << _HALF)
                same_way[pairs] = alike
                suspect += alike
                pairs += 1
            elif to - at == 1:
                open_edges[single, 0] = vertex if key & 1 else upper
                open_edges[single, 1] = upper if key & 1 else vertex
                single += 1
            else:
                many += 1
                balance = 0
                for step in range(at, to):
                    balance += 1 if keys[step] & 1 else -1
                if balance:
                    unbalanced += 1
                    for step in range(at + 1, to):
                        _join(parent, int(one), int((keys[step] & _LOW_HALF) >> 1))
            at = to
        if pairs - joined >= _BATCH:
            _join_pairs(parent, keys, joined, pairs, apart)
            joined = pairs
    _join_pairs(parent, keys, joined, pairs, apart)
    shells = _to_labels(parent)
    return pairs, single, edges, many, unbalanced, shells, suspect + many
