"""Tasks and sweepers: how a noun's ``tasks.py`` declares what a worker does.

::

    @task("slicing.slice")
    def slice_one(context: Context, slice_id: str) -> None:
        '''Does nothing if the row says that it is done: everything is rung twice.'''

    @sweeper
    def ring_waiting_slices(context: Context, now: datetime) -> None:
        '''Reads row states and rings again what nobody has answered.'''

A task carries identifiers only; the row is the truth. A sweeper is short, and safe to run
in two workers at once.
"""

import importlib.util
import logging
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Concatenate, ParamSpec

from parts3d.context import Context
from parts3d.errors import Parts3dError

_log = logging.getLogger(__name__)

# In the order of an order's life; a noun without a tasks.py is passed over.
NOUNS = (
    "accounts",
    "meshes",
    "catalogue",
    "slicing",
    "quotes",
    "points",
    "promises",
    "orders",
    "jobs",
    "jobs.keeping",
    "units",
    "notices",
)

Rest = ParamSpec("Rest")
Task = Callable[Concatenate[Context, Rest], None]
Sweeper = Callable[[Context, datetime], None]


class Registry:
    """Tasks by name, and sweepers in the order of their nouns."""

    def __init__(self) -> None:
        self.tasks: dict[str, Task[...]] = {}
        self.sweepers: list[Sweeper] = []

    def task(self, name: str) -> Callable[[Task[Rest]], Task[Rest]]:
        """Declare a task ``noun.verb``; the function stays callable as it is."""

        def declare(function: Task[Rest]) -> Task[Rest]:
            if name in self.tasks:
                raise ValueError(f"Two tasks are called {name}.")
            self.tasks[name] = function
            return function

        return declare

    def sweeper(self, function: Sweeper) -> Sweeper:
        """Declare what every sweep does."""
        self.sweepers.append(function)
        return function

    def sweep(self, context: Context, now: datetime) -> int:
        """Run every sweeper; one that fails is logged and stops no other.

        Returns:
            How many failed.
        """
        failed = 0
        for run in self.sweepers:
            try:
                run(context, now)
            except Parts3dError as error:
                failed += 1
                _log.warning("%s.%s: %s", run.__module__, run.__qualname__, error)
            except Exception:  # noqa: BLE001  # one sweeper never stops the others
                failed += 1
                _log.exception("%s.%s failed", run.__module__, run.__qualname__)
        return failed


registry = Registry()
task = registry.task
sweeper = registry.sweeper


def load_tasks(package: str = "parts3d") -> Registry:
    """Import every noun's ``tasks.py``, so that what it declares is registered."""
    for noun in NOUNS:
        name = f"{package}.{noun}.tasks"
        if importlib.util.find_spec(f"{package}.{noun}") and importlib.util.find_spec(name):
            import_module(name)
    return registry
