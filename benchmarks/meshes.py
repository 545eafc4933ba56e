"""The figures of the mesh check, each beside its baseline in the same run, as Markdown.

``python benchmarks/meshes.py [--corpus FOLDER]``, or ``make bench-meshes CORPUS=FOLDER``. Each
measurement has a process of its own, for its peak memory; times are medians of warm runs, in CPU
time, which other work on the machine disturbs least, with the wall clock's beside it.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

sys.path.insert(0, str(Path(__file__).parent))
from baselines import models, trimesh_checks

ONE_CORE = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMBA")}
SIZES = (100_000, 1_000_000, 5_000_000)


@dataclass(frozen=True)
class Figure:
    """Median CPU and wall milliseconds, and the peak memory of the process, MB."""

    cpu_ms: float
    wall_ms: float
    peak_mb: float


def main() -> int:
    """Measure all and print the table, or (``--measure``) one thing in this process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--corpus", type=Path, help="folder of real parts (.stl)")
    parser.add_argument(
        "--measure", nargs=3, metavar=("WHAT", "PATH", "RUNS"), help=argparse.SUPPRESS
    )
    asked = parser.parse_args()
    if asked.measure:
        what, path, runs = asked.measure
        print(json.dumps(vars(timed(WHAT[what](path), int(runs)))))
        return 0
    from parts3d.meshes.kernels.compiled import compile_kernels

    if trouble := compile_kernels():
        print(f"The kernels cannot be compiled here ({trouble}): these are numpy's figures.\n")
    print(machine(), "\n")
    print("| what | ours | baseline | ratio | at least | aim |\n|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="parts3d-bench-") as folder:
        large_meshes(Path(folder))
        small_meshes(Path(folder))
    real_parts(asked.corpus)
    return 0


def large_meshes(folder: Path) -> None:
    """Topology against trimesh and admesh; memory and growth."""
    ours: dict[int, Figure] = {}
    for size in SIZES:
        path = folder / f"{size}.stl"
        models.write_stl(models.bumpy_tori(size, bodies=4), path)
        ours[size] = measured("topology", path, 5)
        if size == SIZES[0]:
            continue
        name = f"topology, {size // 1_000_000} M triangles"
        theirs = measured("trimesh", path, 1)
        row(name + ", against trimesh", ours[size], theirs, "10 x", "15 x")
        if admesh := shutil.which("admesh"):
            row(
                name + ", against admesh",
                ours[size],
                program([admesh, str(path)], 3),
                "1.3 x",
                "2 x",
            )
        else:
            print(
                f"| {name}, against admesh | {ours[size].cpu_ms:.0f} ms | admesh is missing "
                "(Debian: apt install admesh) | | 1.3 x | 2 x |"
            )
        path.unlink()
    peak = ours[SIZES[-1]].peak_mb
    print(f"| memory, 5 M triangles, whole process | {peak:.0f} MB | | | 1000 MB | 600 MB |")
    growth = ours[SIZES[-1]].cpu_ms / ours[SIZES[0]].cpu_ms / (SIZES[-1] / SIZES[0])
    print(f"| growth from 100 k to 5 M triangles, over linear | {growth:.2f} | | | 1.3 | |")


def small_meshes(folder: Path) -> None:
    """A picture, and a cold process."""
    path = folder / "ten-thousand.stl"
    models.write_stl(models.bumpy_tori(10_000), path)
    alone("picture at 512 px, 10 k triangles", measured("picture", path, 7), 250, 100)
    models.write_stl(models.bumpy_tori(1_600), path)
    command = [str(Path(sys.executable).with_name("parts3d")), "check", str(path), "--json"]
    alone("`parts3d check` of one small part, cold process", program(command, 5), 1500, 700)


def real_parts(corpus: Path | None) -> None:
    """All findings of each real part; the median over the parts."""
    if corpus is None:
        print("| median real part, all findings | no corpus given | | | 60 ms | 25 ms |")
        return
    from parts3d.errors import Unreadable
    from parts3d.meshes.report import report

    times = []
    for path in sorted(path for path in corpus.rglob("*") if path.suffix.lower() == ".stl"):
        data = path.read_bytes()
        try:
            times.append(timed(lambda data=data, path=path: report(path.name, data), 3))
        except Unreadable:
            continue
    cpu = statistics.median(figure.cpu_ms for figure in times)
    wall = statistics.median(figure.wall_ms for figure in times)
    alone(f"median of {len(times)} real parts, all findings, warm", Figure(cpu, wall, 0), 60, 25)


def topology(path: str) -> Callable[[], object]:
    """Read, weld, edges, shells, volume: what ``topology_ms`` counts."""
    from parts3d.meshes.files import read_binary_stl
    from parts3d.meshes.measure import measure

    def run() -> object:
        mesh = read_binary_stl(Path(path))
        assert mesh is not None
        return measure(mesh).volume_mm3

    return run


def picture(path: str) -> Callable[[], object]:
    """One picture at 512 px."""
    from parts3d.meshes.reader import read
    from parts3d.meshes.render import render

    mesh = read(Path(path).read_bytes())
    return lambda: render(mesh, size=512)


def by_trimesh(path: str) -> Callable[[], object]:
    """Run the baseline."""
    return lambda: trimesh_checks.check(path)


WHAT = {"topology": topology, "picture": picture, "trimesh": by_trimesh}


def timed(run: Callable[[], object], runs: int) -> Figure:
    """Run once to warm up where there is more than one run, then take medians."""
    if runs > 1:
        run()
    cpu, wall = [], []
    for _ in range(runs):
        began, used = perf_counter(), cpu_seconds(resource.RUSAGE_SELF)
        run()
        cpu.append(1000 * (cpu_seconds(resource.RUSAGE_SELF) - used))
        wall.append(1000 * (perf_counter() - began))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    return Figure(statistics.median(cpu), statistics.median(wall), peak)


def measured(what: str, path: Path, runs: int) -> Figure:
    """Measure in a process of its own."""
    ran = subprocess.run(
        [sys.executable, __file__, "--measure", what, str(path), str(runs)],
        check=True,
        capture_output=True,
        env={**os.environ, **ONE_CORE},
    )
    return Figure(**json.loads(ran.stdout))


def program(command: list[str], runs: int) -> Figure:
    """Measure a program from start to end."""

    def run() -> object:
        return subprocess.run(
            command, check=False, capture_output=True, env={**os.environ, **ONE_CORE}
        )

    cpu, wall = [], []
    run()
    for _ in range(runs):
        began, used = perf_counter(), cpu_seconds(resource.RUSAGE_CHILDREN)
        run()
        cpu.append(1000 * (cpu_seconds(resource.RUSAGE_CHILDREN) - used))
        wall.append(1000 * (perf_counter() - began))
    return Figure(statistics.median(cpu), statistics.median(wall), 0)


def cpu_seconds(who: int) -> float:
    """Return user and system time so far."""
    usage = resource.getrusage(who)
    return usage.ru_utime + usage.ru_stime


def row(name: str, ours: Figure, theirs: Figure, least: str, aim: str) -> None:
    """Print a row with a baseline; the ratio is of CPU times."""
    print(
        f"| {name} | {words(ours)} | {words(theirs)} | {theirs.cpu_ms / ours.cpu_ms:.1f} x "
        f"| {least} | {aim} |",
        flush=True,
    )


def alone(name: str, ours: Figure, least_ms: int, aim_ms: int) -> None:
    """Print a row with a limit."""
    print(f"| {name} | {words(ours)} | | | {least_ms} ms | {aim_ms} ms |", flush=True)


def words(figure: Figure) -> str:
    """Return a figure in words."""
    peak = f", {figure.peak_mb:.0f} MB" if figure.peak_mb else ""
    return f"{figure.cpu_ms:.0f} ms CPU ({figure.wall_ms:.0f} ms wall{peak})"


def machine() -> str:
    """Return processor, cores and versions, which the figures mean nothing without."""
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")
    libraries = ("numpy", "numba", "scipy", "trimesh", "embreex")
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in libraries)
    return f"{cpu}, {os.cpu_count()} cores; Python {platform.python_version()}, {versions}."


if __name__ == "__main__":
    raise SystemExit(main())
