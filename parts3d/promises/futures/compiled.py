"""Loads the compiled loop when it is first needed: importing numba takes about a second.

``python -m parts3d.promises.futures.compile_now`` compiles it (some ten seconds, kept beside the
file), so that the first promise does not wait for that.
"""

import importlib
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def futures_loop() -> Callable[..., None]:
    """Return ``loop.futures``."""
    loop: Any = importlib.import_module("parts3d.promises.futures.loop")
    found: Callable[..., None] = loop.futures
    return found
