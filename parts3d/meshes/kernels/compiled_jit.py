"""How the kernels are compiled by numba: typed decorators, and the types they take.

Annotations of kernels are for readers and mypy; the signatures in front are what is compiled when
the file is imported, and what numba's cache holds. Imported only by way of ``compiled``.
"""

import importlib
from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., object])

_numba: Any = importlib.import_module("numba")
types: Any = _numba.types

ROWS = types.Array(types.uint32, 2, "C", readonly=True)
SALT = types.Array(types.uint64, 1, "C", readonly=True)
FACES = types.Array(types.int32, 2, "C", readonly=True)
LABELS = types.Array(types.int32, 1, "C", readonly=True)
FLAGS = types.Array(types.boolean, 1, "C", readonly=True)
POINTS = types.Array(types.float32, 2, "C", readonly=True)
LINKS = types.Array(types.int64, 1, "A", readonly=True)
VECTOR = types.Array(types.float64, 1, "C", readonly=True)


def compiled_as(signature: object) -> Callable[[Function], Function]:
    """Compile a kernel for one signature, or load it from the cache, without holding the GIL."""

    def compile_it(function: Function) -> Function:
        made: Function = _numba.njit(signature, cache=True, nogil=True, error_model="numpy")(
            function
        )
        return made

    return compile_it


def inlined(function: Function) -> Function:
    """Make a function that kernels of the same file may call."""
    made: Function = _numba.njit(nogil=True, error_model="numpy")(function)
    return made
