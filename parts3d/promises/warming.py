"""Lets a process load the compiled futures behind its work, so that no first customer waits.

Where they were never compiled on this machine that takes half a minute of processor time; a child
does it then, so that pages are answered meanwhile.
"""

import subprocess
import sys
import threading

from parts3d.promises.futures.compile_now import compile_now


def warm_up() -> threading.Thread:
    """Compile the futures if need be, and load them, in a thread that ends by itself."""
    thread = threading.Thread(target=_warm, name="futures", daemon=True)
    thread.start()
    return thread


def _warm() -> None:
    # Compiling holds Python's lock; loading what the child has kept takes a second or two.
    subprocess.run(
        [sys.executable, "-m", "parts3d.promises.futures.compile_now"],
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    compile_now()
