"""How long the search for facets that cut through each other takes.

Run ``python benchmarks/crossings.py [FILE...]``: made models of growing size, clean and with
overlapping bodies, then the files given.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.reader import read
from parts3d.meshes.searches.crossings import Crossings, crossings_of
from parts3d.meshes.topology import Topology, weld

_SIDES = (28, 290, 700)


def wavy_torus(steps: int, at: float = 0.0) -> NDArray[np.float32]:
    """A closed surface of 2 * steps * steps facets, mm."""
    turn = np.arange(steps) / steps * 2 * np.pi
    around, across = np.meshgrid(turn, turn, indexing="ij")
    radius = 40 + 12 * np.cos(across) * (1 + 0.1 * np.sin(9 * around))
    points = np.stack(
        (radius * np.cos(around) + at, radius * np.sin(around), 12 * np.sin(across)), axis=2
    )
    a, b = points, np.roll(points, -1, axis=0)
    c, d = np.roll(b, -1, axis=1), np.roll(points, -1, axis=1)
    facets = np.stack((np.stack((a, b, c), axis=2), np.stack((a, c, d), axis=2)), axis=2)
    return np.asarray(facets.reshape(-1, 3, 3), dtype=np.float32)


def timed(topology: Topology, rounds: int) -> tuple[float, Crossings]:
    """Best of some rounds after one to warm up, ms."""
    found = crossings_of(topology)
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        found = crossings_of(topology)
        best = min(best, time.perf_counter() - start)
    return best * 1000, found


def main() -> None:
    """Print one line for each model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    files = parser.parse_args().files
    print(f"{'model':40} {'facets':>9} {'ms':>9} {'us/facet':>9} {'cutting':>8}")
    models: list[tuple[str, Topology]] = []
    if not files:
        for steps in _SIDES:
            one = wavy_torus(steps)
            models.append((f"clean, {steps} steps", weld(Mesh(one))))
            two = np.concatenate((one, wavy_torus(steps, at=50.3)))
            models.append((f"two that overlap, {steps} steps", weld(Mesh(two))))
    models += [(file.name, measure(read(file.read_bytes())).topology) for file in files]
    for name, topology in models:
        count = len(topology.faces)
        took_ms, found = timed(topology, 2 if count > 100_000 else 9)  # noqa: PLR2004 - big ones vary little
        each_us = 1000 * took_ms / count
        print(f"{name:40} {count:9} {took_ms:9.1f} {each_us:9.2f} {len(found.facets):8}")


if __name__ == "__main__":
    main()
