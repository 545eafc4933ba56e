"""Patches that hang on a surface by edges of three or more facets: take off, or turn round."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.repairing.holes import is_small
from parts3d.meshes.repairing.surface import Edges, Surface, edges_of, patches_of

_MOST_PATCHES = 400


def settle_patches(surface: Surface) -> tuple[Surface, int, int, NDArray[np.int64]]:
    """Take off small patches, or turn patches, where that shortens the seam; greedily.

    A patch is a set of facets joined over edges of two; only those at a seam's edge of three or
    more are looked at, the smallest first, and at most 400. One that is small against the part
    (as a hole may be, see ``holes``) may go: it encloses nothing.

    Returns:
        The surface, how many facets went, how many were turned, the ``source`` of those gone.
    """
    edges = edges_of(surface.faces)
    knots = (edges.net != 0) & (edges.counts > 2)  # noqa: PLR2004 - more than two facets
    gone = np.zeros(0, dtype=np.int64)
    if not knots.any():
        return surface, 0, 0, gone
    _, patch_of = patches_of(surface.faces, edges)
    edge_of_half = edges.of_halves()
    at_knot = np.unique(patch_of[np.flatnonzero(knots[edge_of_half]) // 3])
    sizes = np.bincount(patch_of)
    patches = at_knot[np.lexsort((at_knot, sizes[at_knot]))][:_MOST_PATCHES]
    ways = np.where(surface.faces < surface.faces[:, [1, 2, 0]], 1, -1).reshape(-1)
    net = edges.net.copy()
    keep = np.ones(len(surface.faces), dtype=np.bool_)
    turn = np.zeros(len(surface.faces), dtype=np.bool_)
    order = np.argsort(patch_of, kind="stable")
    stops = np.cumsum(sizes)
    diagonal = surface.diagonal_mm
    for patch in patches.tolist():
        rows = order[stops[patch] - sizes[patch] : stops[patch]]
        edge, share = _rim(rows, edge_of_half, ways)
        now = int(np.abs(net[edge]).sum())
        off = int(np.abs(net[edge] - share).sum())
        round_ = int(np.abs(net[edge] - 2 * share).sum())
        points = surface.vertices[np.unique(surface.faces[rows])].astype(np.float64)
        if off < now and off <= round_ and is_small(points, diagonal):
            keep[rows] = False
            net[edge] -= share
        elif round_ < now:
            turn[rows] = True
            net[edge] -= 2 * share
    turn &= keep
    gone = surface.source[~keep]
    return surface.turned(turn).only(keep), len(gone), int(turn.sum()), gone


def _rim(
    rows: NDArray[np.int64], edge_of_half: NDArray[np.int64], ways: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Edges that facets pass on balance, and how often."""
    halves = (3 * rows[:, None] + np.arange(3)).reshape(-1)
    edge, inverse = np.unique(edge_of_half[halves], return_inverse=True)
    share = np.bincount(inverse.reshape(-1), weights=ways[halves]).astype(np.int64)
    return edge[share != 0], share[share != 0]


def cut_out(surface: Surface, edges: Edges) -> tuple[Surface, int]:
    """Take out all facets at seam edges that three or more facets have, to be filled anew."""
    knots = (edges.net != 0) & (edges.counts > 2)  # noqa: PLR2004 - more than two facets
    if not knots.any():
        return surface, 0
    keep = np.ones(len(surface.faces), dtype=np.bool_)
    keep[np.flatnonzero(knots[edges.of_halves()]) // 3] = False
    return surface.only(keep), int(len(keep) - keep.sum())
