"""How long pictures take, warm, on one core: ``python -m benchmarks.pictures``."""

import os
import resource
import time
from collections.abc import Callable

import numpy as np

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.overlay import render_marked
from parts3d.meshes.render import render
from parts3d.meshes.thumbnails import thumbnails
from parts3d.meshes.viewer import viewer_mesh


def ribbed_ring(around: int, along: int) -> Mesh:
    """Return a closed ring with ribs of ``2 * around * along`` triangles."""
    turn = np.arange(around) / around * 2 * np.pi
    roll = np.arange(along) / along * 2 * np.pi
    width = 8 + 1.5 * np.sign(np.sin(12 * turn))[:, None]
    radius = 30 + width * np.cos(roll)
    points = np.stack(
        (radius * np.cos(turn)[:, None], radius * np.sin(turn)[:, None], width * np.sin(roll)),
        axis=2,
    ).astype(np.float32)
    across, after = np.roll(points, -1, 0), np.roll(points, -1, 1)
    beyond = np.roll(across, -1, 1)
    one, two = np.stack((points, across, beyond), 2), np.stack((points, beyond, after), 2)
    return Mesh(np.concatenate((one, two)).reshape(-1, 3, 3))


def milliseconds(work: Callable[[], object], runs: int = 5) -> float:
    """Return the best of some runs after one to warm up."""
    work()
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append((time.perf_counter() - start) * 1000)
    return min(times)


def main() -> None:
    """Print the figures."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    part, large = ribbed_ring(100, 50), ribbed_ring(1000, 500)
    marks = [Finding(Code.THIN_WALLS, Severity.WARNING, facets=np.arange(200))]
    picture = render(part, size=640)
    rows: list[tuple[str, Callable[[], object], int]] = [
        ("512 px, 10 k triangles", lambda: render(part), 5),
        ("512 px, with dimensions", lambda: render(part, dimensions=True), 5),
        ("512 px, with marks", lambda: render_marked(part, marks), 5),
        ("1600 px, 10 k triangles", lambda: render(part, size=1600), 2),
        ("thumbnails of 640 px", lambda: thumbnails(picture), 5),
        ("GLB, 10 k triangles", lambda: viewer_mesh(part), 5),
        ("512 px, 1 M triangles", lambda: render(large), 1),
        ("GLB, 1 M triangles", lambda: viewer_mesh(large), 1),
    ]
    for name, work, runs in rows:
        took = milliseconds(work, runs)
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"{name:28} {took:8.0f} ms   peak so far {peak:6.0f} MB")
    print(f"GLB of 10 k triangles: {len(viewer_mesh(part)) / 1024:.0f} kB")
    print(f"GLB of 1 M triangles: {len(viewer_mesh(large)) / 1024:.0f} kB")


if __name__ == "__main__":
    main()
