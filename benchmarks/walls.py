"""How long the searches for thin walls, pins and small holes take, and their peak memory.

Run ``python benchmarks/walls.py [FACETS ...]``: a tube of about so many facets each, warm, best
of three; above a million facets once. Peak memory is the process's so far, so give small first.
"""

import resource
import sys
import time

import numpy as np

from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.features import find_small_features
from parts3d.meshes.searches.round_holes import find_small_holes
from parts3d.meshes.searches.thickness import measure_thickness
from parts3d.meshes.searches.walls import find_thin_walls, reach_for
from parts3d.meshes.shape import Shape, shape_of

_ONCE_ABOVE = 1_000_000


def _tube(facets: int) -> Shape:
    """Return a rippled tube with a wall of 1.2 mm, closed."""
    around = max(8, int(np.sqrt(facets / 4)))
    angle = np.arange(around + 1) / around * 2 * np.pi
    along = np.arange(around) / (around - 1) * 100
    ripple = 0.2 * np.sin(along / 3)
    radii = np.concatenate((20 + ripple, (18.8 + ripple)[::-1], [20.0 + ripple[0]]))
    heights = np.concatenate((along, along[::-1], [along[0]]))
    points = np.stack(
        [
            np.outer(np.cos(angle), radii),
            np.outer(np.sin(angle), radii),
            np.broadcast_to(heights, (len(angle), len(heights))),
        ],
        axis=2,
    ).astype(np.float32)
    points[-1] = points[0]
    a, b, c, d = points[:-1, :-1], points[1:, :-1], points[1:, 1:], points[:-1, 1:]
    triangles = np.concatenate(
        [np.stack(three, axis=2).reshape(-1, 3, 3) for three in ((a, b, c), (a, c, d))]
    )
    mesh = Mesh(triangles)
    return shape_of(mesh, measure(mesh))


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main(sizes: list[int]) -> None:
    """Print one line a size."""
    printing = Printing()
    print("facets      thickness ms   walls and pins ms   holes ms   peak MB (before)")
    for size in sizes:
        shape = _tube(size)
        before = _peak_mb()
        best = np.full(3, np.inf)
        for _ in range(1 if size > _ONCE_ABOVE else 4):
            start = time.perf_counter()
            thickness = measure_thickness(shape, reach_for(printing))
            measured = time.perf_counter()
            find_thin_walls(shape, printing, thickness)
            find_small_features(shape, printing, thickness)
            found = time.perf_counter()
            find_small_holes(shape, printing)
            took = np.diff([start, measured, found, time.perf_counter()])
            best = np.minimum(best, took)
        walls, features, holes = best * 1000
        print(
            f"{len(shape.areas_mm2):<12}{walls:>12.1f}{features:>20.1f}{holes:>11.1f}"
            f"{_peak_mb():>10.0f} ({before:.0f})"
        )


if __name__ == "__main__":
    main([int(size) for size in sys.argv[1:]] or [1_626, 165_000, 1_000_000])
