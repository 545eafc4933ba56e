"""What a child finds when it starts: its environment, and its own copy of the compiled kernels."""

import contextlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from parts3d.meshes.kernels.compiled import COMPILED_FROM_FACETS, kernel_cache_folder

_KERNELS = "numba"
# No format needs less than this for the facets from which compiled kernels are used.
_BYTES_WITH_KERNELS = COMPILED_FROM_FACETS


def copy_kernels(size: int, folder: Path) -> None:
    """Give a child with a large file its own compiled kernels: it might alter what it runs."""
    kept = kernel_cache_folder()
    if size >= _BYTES_WITH_KERNELS and kept.is_dir():
        with contextlib.suppress(OSError, shutil.Error):  # it measures without them, too
            shutil.copytree(kept, folder / _KERNELS)


def environment_of(folder: Path, roots: Sequence[Path]) -> dict[str, str]:
    """Return all that the child's environment holds."""
    return {
        "PYTHONPATH": os.pathsep.join(map(str, roots)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "NUMBA_CACHE_DIR": str(folder / _KERNELS),
        "LANG": "C.UTF-8",
        # Each thread of a BLAS reserves address space; the check uses none of them.
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
    }
