"""Whether the holes of an open surface can be filled without inventing shape."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected

# A hole is filled when it is flat (then its lid is certain) or small against the part.
_FLAT = 0.01
_SMALL = 0.10


def fillable(open_edges: NDArray[np.int32], vertices: NDArray[np.float32]) -> bool:
    """Whether every hole is small, or a simple ring that is flat.

    A ring is flat when it leaves its best plane by at most 1 % of its length, and small when it
    is at most a tenth of the box's diagonal.

    Args:
        open_edges: int32 (k, 2), start and end vertex.
        vertices: float32 (v, 3), mm.
    """
    at, flat = np.unique(open_edges, return_inverse=True)
    ends = flat.reshape(-1, 2)
    leaving = np.bincount(ends[:, 0], minlength=len(at))
    arriving = np.bincount(ends[:, 1], minlength=len(at))
    simple = (leaving == 1) & (arriving == 1)
    count, ring_of = connected(len(at), ends[:, 0].astype(np.int64), ends[:, 1].astype(np.int64))
    points = vertices[at].astype(np.float64)
    diagonal = float(np.linalg.norm(vertices.max(axis=0).astype(np.float64) - vertices.min(axis=0)))
    order = np.argsort(ring_of, kind="stable")
    stops = np.cumsum(np.bincount(ring_of, minlength=count))
    for start, stop in zip(np.concatenate(([0], stops[:-1])), stops, strict=True):
        ring = points[order[start:stop]]
        size = size_mm(ring)
        is_ring = bool(simple[order[start:stop]].all())
        if not is_small(ring, diagonal) and not (is_ring and unevenness_mm(ring) <= _FLAT * size):
            return False
    return True


def size_mm(points: NDArray[np.float64]) -> float:
    """Diagonal of the box of points, mm."""
    return float(np.linalg.norm(points.max(axis=0) - points.min(axis=0)))


def is_small(ring: NDArray[np.float64], diagonal_mm: float) -> bool:
    """Whether a ring, float64 (k, 3), is small against a part of that diagonal."""
    return size_mm(ring) <= _SMALL * diagonal_mm


def is_flat(ring: NDArray[np.float64]) -> bool:
    """Whether a ring, float64 (k, 3), keeps to its best plane."""
    return unevenness_mm(ring) <= _FLAT * size_mm(ring)


def unevenness_mm(ring: NDArray[np.float64]) -> float:
    """Return the largest distance of a ring's points from their best plane, mm."""
    centred = ring - ring.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return float(np.abs(centred @ axes[:, 0]).max())
