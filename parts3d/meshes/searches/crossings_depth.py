"""How deep two facets cut through each other, and where."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.searches.crossings_pairs import Flags, Rows, Surface
from parts3d.meshes.searches.predicates import Points

_PORTION = 1 << 14
# An axis made of almost parallel edges shows rounding, not a direction.
_PARALLEL = 1e-7


def depths_mm(surface: Surface, one: Rows, other: Rows, lying: Flags) -> NDArray[np.float64]:
    """The shortest way to push the two facets of each pair apart, mm, float64 (k,).

    It is the smallest overlap along the normals, the cross products of edges and the edges' normals
    in their planes (separating axes; Gottschalk, Lin and Manocha, "OBBTree", 1996). For a pair in
    one plane only the ways within the plane count.
    """
    depths = np.empty(len(one))
    for at in range(0, len(one), _PORTION):
        part = slice(at, at + _PORTION)
        depths[part] = _depths(surface, one[part], other[part], lying[part])
    return depths


def _depths(surface: Surface, one: Rows, other: Rows, lying: Flags) -> NDArray[np.float64]:
    a, b = surface.vertices[surface.faces[one]], surface.vertices[surface.faces[other]]
    middle = a[:, :1]
    a, b = a - middle, b - middle
    normals = [_unit(surface.normals[one]), _unit(surface.normals[other])]
    edges_of = [
        [_unit(corners[:, (at + 1) % 3] - corners[:, at]) for at in range(3)] for corners in (a, b)
    ]
    depths = np.full(len(one), np.inf)
    for normal, edges in zip(normals, edges_of, strict=True):
        for edge in edges:
            _shorten(depths, a, b, np.cross(normal, edge))
    across = np.flatnonzero(~lying)
    a, b, shortest = a[across], b[across], depths[across]
    for normal in normals:
        _shorten(shortest, a, b, normal[across])
    for edge in edges_of[0]:
        for other_edge in edges_of[1]:
            _shorten(shortest, a, b, np.cross(edge[across], other_edge[across]))
    depths[across] = shortest
    return depths


def _unit(vectors: Points) -> Points:
    largest = np.abs(vectors).max(axis=1, keepdims=True)
    scaled = np.divide(vectors, largest, out=np.zeros_like(vectors), where=largest > 0)
    lengths = np.sqrt(np.einsum("ij,ij->i", scaled, scaled))[:, None]
    return np.asarray(np.divide(scaled, lengths, out=np.zeros_like(vectors), where=lengths > 0))


def _shorten(depths: NDArray[np.float64], a: Points, b: Points, axis: Points) -> None:
    lengths = np.sqrt(np.einsum("ij,ij->i", axis, axis))
    reach_a = np.einsum("kci,ki->kc", a, axis)
    reach_b = np.einsum("kci,ki->kc", b, axis)
    overlap = np.minimum(
        reach_a.max(axis=1) - reach_b.min(axis=1), reach_b.max(axis=1) - reach_a.min(axis=1)
    )
    usable = lengths > _PARALLEL
    overlap = np.divide(overlap, lengths, out=np.full_like(overlap, np.inf), where=usable)
    np.minimum(depths, np.maximum(overlap, 0), out=depths)


def segments_mm(surface: Surface, one: Rows, other: Rows) -> NDArray[np.float32]:
    """Where pairs in different planes cut through each other, float32 (k, 2, 3)."""
    along = np.cross(_unit(surface.normals[one]), _unit(surface.normals[other]))
    ends_one = _ends(surface, other, one)
    ends_other = _ends(surface, one, other)
    points = np.concatenate((ends_one, ends_other), axis=1)
    place = np.einsum("kci,ki->kc", points - points[:, :1], along)
    # Of the four ends the two in the middle bound what both stretches have.
    order = np.argsort(place, axis=1)[:, 1:3]
    return np.asarray(np.take_along_axis(points, order[:, :, None], axis=1), dtype=np.float32)


def _ends(surface: Surface, plane: Rows, facet: Rows) -> Points:
    """The two points where a facet's outline goes through another's plane, float64 (k, 2, 3)."""
    corners = surface.vertices[surface.faces[facet]]
    origin = surface.vertices[surface.faces[plane, 0]]
    heights = np.einsum("kci,ki->kc", corners - origin[:, None], _unit(surface.normals[plane]))
    # The corner alone on its side, or the one furthest from the plane where rounding hides it.
    rows = np.arange(len(facet))
    side = heights > 0
    lone = np.where(side.sum(axis=1) == 1, np.argmax(side, axis=1), np.argmin(side, axis=1))
    start, height = corners[rows, lone], heights[rows, lone]
    ends = []
    for step in (1, 2):
        end = (lone + step) % 3
        fall = height - heights[rows, end]
        share = np.divide(height, fall, out=np.zeros_like(fall), where=fall != 0)
        share = np.clip(share, 0, 1)[:, None]
        ends.append(start + share * (corners[rows, end] - start))
    return np.stack(ends, axis=1)
