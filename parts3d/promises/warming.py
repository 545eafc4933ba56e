"""Lets a process load the compiled futures behind its work, so that no first customer waits.

Where they were never compiled on this machine that takes half a minute of processor time; a child
does it then, so that pages are answered meanwhile.
"""

import subprocess
import sys
import threading
from pathlib import Path

from parts3d.promises import futures
from parts3d.promises.futures.compile_now import compile_now


def warm_up() -> threading.Thread:
    """Compile the futures if need be, and load them, in a thread that ends by itself."""
    thread = threading.Thread(target=_warm, name="futures", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    # Compiling holds Python's lock; loading what was kept takes a second.
    if not _is_kept():
        subprocess.run(
            [sys.executable, "-m", "parts3d.promises.futures.compile_now"],
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    compile_now()


def _is_kept() -> bool:
    """Tell whether numba has kept the loop beside its file, as ``make setup`` lets it."""
    source = Path(futures.__file__).with_name("loop.py")
    kept = source.with_name("__pycache__").glob("loop.futures-*.nbi")
    return any(one.stat().st_mtime >= source.stat().st_mtime for one in kept)
