"""numba's compiler where it is at hand; without it the same loops run as they are, slower."""

import importlib
from collections.abc import Callable
from typing import TypeVar, cast

Function = TypeVar("Function", bound=Callable[..., object])


def njit(function: Function) -> Function:
    """Compile a function when it is first called, and keep that beside its file."""
    try:
        numba = importlib.import_module("numba")
    except ImportError:
        return function
    return cast("Function", numba.njit(cache=True, error_model="numpy")(function))
