"""How long the searches about how a part lies take, and the choice of its orientation.

Run: ``python benchmarks/orientation.py [STL or folder ...]``; without files, made-up parts only.
Each figure is the best of several runs in one warm process, in milliseconds.
"""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from parts3d.errors import Unreadable
from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.orientation import candidates
from parts3d.meshes.printing import Printing
from parts3d.meshes.reader import read
from parts3d.meshes.searches.bed_fit import find_bed_fit
from parts3d.meshes.searches.overhangs import find_overhangs
from parts3d.meshes.searches.stability import find_stability
from parts3d.meshes.shape import Shape, shape_of

_PLA = Printing("PLA")
_BEDS = ((250.0, 210.0, 210.0),)


def best_ms(work: Callable[[], object], runs: int = 5) -> float:
    """Return the shortest of several runs, in milliseconds."""
    times = []
    for _ in range(runs):
        began = perf_counter()
        work()
        times.append(perf_counter() - began)
    return 1000 * min(times)


def bumpy_ball(triangles: int) -> Mesh:
    """Return a closed, bumpy ball of 60 mm with about so many facets: much of it hangs over."""
    steps = max(8, round((triangles / 4) ** 0.5))
    around = np.arange(2 * steps) / (2 * steps) * 2 * np.pi
    down = np.linspace(0, np.pi, steps + 1)
    grid: NDArray[np.float64] = 30 + 1.5 * np.outer(np.sin(9 * down), np.sin(8 * around))
    grid[0] = grid[-1] = 30
    x = grid * np.outer(np.sin(down), np.cos(around))
    y = grid * np.outer(np.sin(down), np.sin(around))
    z = grid * np.cos(down)[:, None]
    points = np.stack((x, y, z), axis=2).astype(np.float32)
    points[0], points[-1] = (0, 0, 30), (0, 0, -30)
    a, c = points[:-1], points[1:]
    b, d = np.roll(a, -1, axis=1), np.roll(c, -1, axis=1)
    faces = np.concatenate((np.stack((a, c, d), 2), np.stack((a, d, b), 2))).reshape(-1, 3, 3)
    return Mesh(np.ascontiguousarray(faces, dtype=np.float32))


def searches_ms(shape: Shape) -> tuple[float, float, float]:
    """Return the times of the three searches: overhangs, stability, fit."""
    return (
        best_ms(lambda: find_overhangs(shape, _PLA)),
        best_ms(lambda: find_stability(shape, _PLA)),
        best_ms(lambda: find_bed_fit(shape, _BEDS)),
    )


def main(arguments: list[str]) -> None:
    """Print both tables."""
    print("facets     overhangs  stability  fit    candidates   (ms, bumpy ball)")
    for triangles in (1_600, 10_000, 100_000, 500_000, 1_000_000):
        mesh = bumpy_ball(triangles)
        times = searches_ms(shape_of(mesh, measure(mesh)))
        choice = best_ms(partial(candidates, mesh, printing=_PLA, beds_mm=_BEDS), 1)
        print(
            f"{len(mesh.triangles):9d} {times[0]:9.1f} {times[1]:9.1f} {times[2]:6.1f} "
            f"{choice:9.0f}"
        )
    files = [
        path
        for argument in arguments
        for path in ([Path(argument)] if Path(argument).is_file() else Path(argument).rglob("*"))
        if path.suffix.lower() == ".stl"
    ]
    sums, choices, sizes = [], [], []
    for path in files:
        try:
            mesh = read(path.read_bytes())
        except Unreadable:
            continue
        shape = shape_of(mesh, measure(mesh))
        sums.append(sum(searches_ms(shape)))
        choices.append(best_ms(lambda mesh=mesh: candidates(mesh, printing=_PLA), 1))  # type: ignore[misc]
        sizes.append(len(mesh.triangles))
    if sums:
        print(
            f"{len(sums)} files, median {median(sizes):.0f} facets: searches median "
            f"{median(sums):.1f} ms, longest {max(sums):.0f}; candidates median "
            f"{median(choices):.0f} ms, longest {max(choices):.0f}"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
