"""Lets a long-running process settle: what it has loaded is no garbage, so nobody looks it over.

A full collection walks through every object there is, and nobody else moves meanwhile. Of a web
process nearly all are modules, routes and statements that stay, or requests of waiting agents,
which leave no cycles: with a thousand it took 0.2 to 0.3 s every 10 to 20 s, and whoever came
meanwhile stood in line afterwards. The young ones are collected as ever.
"""

import gc
import threading

# A full collection after so many of the middle one: four times an hour with a thousand agents.
_MIDDLE_TO_FULL = 1000


def settle(*, after: threading.Thread) -> threading.Thread:
    """Set aside what is loaded once ``after`` has ended, in a thread that ends by itself."""

    def set_aside() -> None:
        after.join()
        gc.collect()
        gc.freeze()
        young, middle, _ = gc.get_threshold()
        gc.set_threshold(young, middle, _MIDDLE_TO_FULL)

    thread = threading.Thread(target=set_aside, name="settling", daemon=True)
    thread.start()
    return thread
