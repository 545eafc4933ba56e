"""Suspected crossings of a large mesh, by the compiled kernels: in little memory.

What is suspected is a little more or less than ``crossings_apart`` does, since a sum may be rounded
another way; what is decided to cross is the same.
"""

import importlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.searches.crossings_apart import MARGIN
from parts3d.meshes.searches.crossings_work import Work
from parts3d.meshes.topology import Topology

_GROUP = 4
_CURVE_BITS = 10
_FOUND = 1 << 14
# The kernel stops this often, so that work for the pairs found is counted in between.
_SLICE_STEPS = 50_000_000


def suspects_of_large(
    topology: Topology, limit_mm: float, work: Work
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]]:
    """Yield pairs of facets that may meet by more than a limit, and which may lie on each other.

    Ends early when the work is used up (``work.left`` is below zero then).
    """
    kernels = importlib.import_module("parts3d.meshes.kernels.compiled_crossings")
    vertices, faces = topology.vertices, topology.faces
    lower, upper = vertices.min(axis=0).astype(np.float64), vertices.max(axis=0).astype(np.float64)
    span = 2 * float((upper - lower).max())
    scale = (2**_CURVE_BITS - 1) / span if span > 2.0**-120 else 0.0
    keys = np.empty(len(faces), dtype=np.uint64)
    kernels.curve_keys(vertices, faces, 2 * lower, scale, keys)
    keys.sort()
    order = keys.astype(np.uint32).view(np.int32)
    del keys
    levels = [0, -(-len(faces) // _GROUP)]
    while levels[-1] - levels[-2] > 1:
        levels.append(levels[-1] + -(-(levels[-1] - levels[-2]) // _GROUP))
    starts = np.array(levels, dtype=np.int64)
    boxes = np.empty((levels[-1], 6), dtype=np.float32)
    kernels.fill_boxes(vertices, faces, order, starts, boxes)
    largest = float(max(np.abs(lower).max(), np.abs(upper).max()))
    found = np.empty((_FOUND, 3), dtype=np.int32)
    state = np.zeros(3, dtype=np.int64)
    while state[0] < starts[1]:
        steps = min(work.left, _SLICE_STEPS)
        state[2] = steps
        count = kernels.suspects(
            vertices, faces, order, starts, boxes, largest, MARGIN * limit_mm, state, found
        )
        pairs = found[:count].astype(np.int64)
        yield pairs[:, 0], pairs[:, 1], pairs[:, 2] > 0
        if not work.take(int(steps - state[2])) and state[0] < starts[1]:
            return
