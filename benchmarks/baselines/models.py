"""Meshes for the benchmarks, made on the spot and written as binary STL."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_FACET = np.dtype([("normal", "<f4", (3,)), ("corners", "<f4", (3, 3)), ("attribute", "<u2")])


def bumpy_tori(facets: int, bodies: int = 1) -> NDArray[np.float32]:
    """At least so many facets, float32 (n, 3, 3), mm: closed wavy tori, one above the other."""
    steps = int(np.ceil((facets / bodies / 2) ** 0.5))
    turn = np.arange(steps) / steps * 2 * np.pi
    radius = 8 * (1 + 0.1 * np.sin(7 * turn)[:, None] * np.cos(5 * turn)[None])
    around = 20 + radius * np.cos(turn)[None]
    height = radius * np.sin(turn)[None]
    points = np.stack(
        (np.cos(turn)[:, None] * around, np.sin(turn)[:, None] * around, height), axis=2
    ).astype(np.float32) + np.float32(0)
    a, d = points, np.roll(points, -1, axis=1)
    b, c = np.roll(a, -1, axis=0), np.roll(d, -1, axis=0)
    one = np.stack((np.stack((a, b, c), axis=2), np.stack((a, c, d), axis=2)), axis=2)
    one = one.reshape(-1, 3, 3)
    shift = np.zeros((bodies, 1, 1, 3), dtype=np.float32)
    shift[:, 0, 0, 2] = np.arange(bodies) * 20
    return np.asarray((one[None] + shift).reshape(-1, 3, 3), dtype=np.float32)


def write_stl(triangles: NDArray[np.float32], path: Path) -> None:
    """Write a binary STL."""
    facets = np.zeros(len(triangles), dtype=_FACET)
    facets["corners"] = triangles
    with path.open("wb") as file:
        file.write(bytes(80) + len(triangles).to_bytes(4, "little"))
        facets.tofile(file)
