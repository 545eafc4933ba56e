"""Whether the compiled kernels are at hand, where they are kept, and numpy's side of each.

Importing numba and loading the kernels takes about a second, and compiling them some seven, so a
small mesh never asks for them, and a large one takes them only where a stamp in the cache folder
says that they were compiled there for this machine. Everything works without them, in numpy.
``python -m parts3d.meshes.kernels.compiled`` compiles them; see docs/decisions/0012.
"""

import hashlib
import importlib
import importlib.metadata
import os
import platform
import secrets
import shutil
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

_KERNEL_FILES = (
    "compiled_jit",
    "compiled_rows",
    "compiled_facets",
    "compiled_sums",
    "compiled_crossings",
)
# Below this a second of numba is more than numpy needs.
COMPILED_FROM_FACETS = 100_000
_LEAST_BITS = 10
_CORNERS_A_SLOT = 4
Boxes = tuple[NDArray[np.float32], NDArray[np.float32]]
_CPU_LINES = ("model name", "cpu family", "model\t", "flags", "Features", "CPU part")


def kernel_cache_folder() -> Path:
    """Return the folder that the compiled kernels are kept in.

    ``NUMBA_CACHE_DIR`` where that is set; else beside this file, where that can be written or
    holds them; else ``parts3d/kernels`` in the user's cache folder.
    """
    if given := os.environ.get("NUMBA_CACHE_DIR"):
        return Path(given)
    beside = Path(__file__).parent / "__pycache__" / "kernels"
    if (beside / _stamp()).is_file() or os.access(beside.parent.parent, os.W_OK):
        return beside
    users = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path.home() raises for a user without a home
    return Path(users) / "parts3d" / "kernels"


def compile_kernels() -> str | None:
    """Compile the kernels into ``kernel_cache_folder()``, once; return what is in the way, if any.

    Takes some seven seconds the first time on a machine, next to nothing when they are there.
    """
    folder = kernel_cache_folder()
    if (folder / _stamp()).is_file():
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _load(folder)
        (folder / _stamp()).touch()
    except Exception as error:  # noqa: BLE001 - whatever numba, LLVM or the disk raise, numpy does it
        return f"{type(error).__name__}: {error}"
    _ready.cache_clear()
    return None


def use_compiled(facets: int) -> bool:
    """Say whether the kernels measure a mesh of so many facets: it is large, and they are there."""
    return facets >= COMPILED_FROM_FACETS and _ready()


@cache
def _stamp() -> str:
    """Name a set of kernels by all that numba looks at: another one is compiled anew."""
    sources = [Path(__file__).with_name(f"{name}.py") for name in _KERNEL_FILES]
    try:
        cpu = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        cpu = platform.processor()
    lines = sorted({line for line in cpu.splitlines() if line.startswith(_CPU_LINES)})
    parts = (
        *(f"{source} {source.stat().st_mtime_ns}" for source in sources),
        sys.version,
        platform.machine(),
        *(importlib.metadata.version(name) for name in ("numba", "llvmlite", "numpy")),
        *lines,
    )
    return f"kernels-{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:16]}.ready"


@cache
def _ready() -> bool:
    """Load the kernels if they were compiled; never compile them here."""
    try:
        folder = kernel_cache_folder()
        if not (folder / _stamp()).is_file():
            return False
        if os.access(folder, os.W_OK):
            _load(folder)
        else:  # numba only reads from where it could write
            with tempfile.TemporaryDirectory(prefix="parts3d-kernels-") as copy:
                shutil.copytree(folder, copy, dirs_exist_ok=True)
                _load(Path(copy))
    except Exception:  # noqa: BLE001 - a broken cache or numba must not stop a check
        return False
    return True


def _load(folder: Path) -> None:
    config: Any = importlib.import_module("numba.core.config")
    before = config.CACHE_DIR
    config.CACHE_DIR = str(folder)
    try:
        for name in _KERNEL_FILES:
            _kernels(name)
    finally:
        config.CACHE_DIR = before


def _kernels(name: str) -> ModuleType:
    """Import one file of kernels, which only ``_load`` does for the first time."""
    return importlib.import_module(f"parts3d.meshes.kernels.{name}")


@cache
def _salt() -> NDArray[np.uint64]:
    """Secret factors of this process, odd, so that nobody can prepare collisions."""
    return np.array([secrets.randbits(64) | 1 for _ in range(4)], dtype=np.uint64)


def number_rows(
    rows: NDArray[np.uint32], salt: NDArray[np.uint64] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Number equal rows alike, in the order of their first appearance.

    Args:
        rows: uint32 (n, 3), n < 2**31.
        salt: uint64 (4,); None takes this process's. Results do not depend on it.

    Returns:
        The number of each row, int32 (n,), and the row where each number first appears.
    """
    labels, known = label_rows(rows, salt)
    firsts = np.empty(len(known), dtype=np.int32)
    _kernels("compiled_rows").first_rows(labels, firsts)
    return labels, firsts


def label_rows(
    rows: NDArray[np.uint32], salt: NDArray[np.uint64] | None = None
) -> tuple[NDArray[np.int32], NDArray[np.uint32]]:
    """Do the same as ``number_rows``, and return the number of each row and each number's row.

    The table begins small, since a closed mesh names each vertex six times, and doubles when three
    quarters full: a soup of triangles pays for two more rounds.
    """
    kernels = _kernels("compiled_rows")
    salt = _salt() if salt is None else salt
    labels = np.empty(len(rows), dtype=np.int32)
    bits = max(_LEAST_BITS, (len(rows) // _CORNERS_A_SLOT).bit_length())
    known = np.empty((0, 3), dtype=np.uint32)
    done = (0, 0)
    while True:
        before = known
        known = np.empty((3 << (bits - 2), 3), dtype=np.uint32)
        known[: done[1]] = before[: done[1]]
        del before
        table = np.zeros(1 << bits, dtype=np.uint32)
        kernels.fill_table(known, done[1], table, salt)
        done = kernels.number_rows(rows, done, table, known, labels, salt)
        if done[0] == len(rows):
            known.resize((done[1], 3), refcheck=False)  # gives the rest back without a copy
            return labels, known
        del table
        bits += 1


def components(
    nodes: int, first: NDArray[np.int64], second: NDArray[np.int64]
) -> tuple[int, NDArray[np.int32]]:
    """Connected components: their number, and each node's, numbered by their first nodes."""
    labels = np.arange(nodes, dtype=np.int32)
    return int(_kernels("compiled_facets").components(labels, first, second)), labels


def join_facets(
    faces: NDArray[np.int32], vertex_count: int
) -> tuple[NDArray[np.int32], NDArray[np.bool_], NDArray[np.int32], NDArray[np.int32], list[int]]:
    """Return neighbours, same_way, open edges, shell of each facet, and counts; see ``joining``."""
    corners = 3 * len(faces)
    keys = np.empty(corners, dtype=np.int64)
    same_way = np.empty(corners // 2, dtype=np.bool_)
    # What is never written costs no memory, only address space.
    open_edges = np.empty((corners, 2), dtype=np.int32)
    shell_of = np.arange(len(faces), dtype=np.int32)
    pairs, single, *counts = _kernels("compiled_facets").join_facets(
        faces, np.zeros(vertex_count + 1, dtype=np.int32), keys, same_way, open_edges, shell_of
    )
    keys.resize(pairs, refcheck=False)
    same_way.resize(pairs, refcheck=False)
    neighbours = keys.view(np.int32).reshape(-1, 2)
    if sys.byteorder == "big":
        neighbours = np.ascontiguousarray(neighbours[:, ::-1])
    return neighbours, same_way, open_edges[:single].copy(), shell_of, counts


def count_collapsed(faces: NDArray[np.int32]) -> int:
    """Count facets two of whose corners are one vertex."""
    return int(_kernels("compiled_sums").count_collapsed(faces))


def sum_facets(
    vertices: NDArray[np.float32],
    faces: NDArray[np.int32],
    shell_of: NDArray[np.int32],
    centre: NDArray[np.float64],
    against: NDArray[np.bool_],
    shell_count: int,
) -> tuple[float, int, NDArray[np.int64], NDArray[np.float64], NDArray[np.float64], Boxes]:
    """Area, slivers, and each shell's facets, volume as it faces, and volume without ``against``.

    And the lower and upper corners of the shells' boxes, float32 (s, 3). In one pass and without
    a copy; volumes are taken about ``centre``.
    """
    facets = np.zeros(shell_count, dtype=np.int64)
    volumes, turned = np.zeros(shell_count), np.zeros(shell_count)
    lower = np.full((shell_count, 3), np.inf, dtype=np.float32)
    upper = -lower
    area, slivers = _kernels("compiled_sums").sum_facets(
        vertices, faces, shell_of, centre, against, facets, volumes, turned, lower, upper
    )
    return float(area), int(slivers), facets, volumes, turned, (lower, upper)


def box_of(points: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lower and upper corner of the points' bounding box."""
    lower, upper = np.full(3, np.inf), np.full(3, -np.inf)
    _kernels("compiled_sums").box_of(points, lower, upper)
    return lower, upper


if __name__ == "__main__":
    trouble = compile_kernels()
    sys.stdout.write(
        f"The kernels are not compiled ({trouble}); large meshes are measured by numpy, slower.\n"
        if trouble
        else f"The kernels are compiled in {kernel_cache_folder()}.\n"
    )
