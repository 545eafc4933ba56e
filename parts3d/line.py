"""A line for what may wait its turn, so that what is urgent need not wait for it.

Threads of one process share one processor. A thousand agents ask forty times a second, and after
each pause all who came meanwhile ask at once: in as many threads they would all be slow together,
and with them whoever was just told of a job.
"""

from collections.abc import Callable
from functools import partial
from typing import ParamSpec, TypeVar

from anyio import CapacityLimiter
from anyio.lowlevel import RunVar
from anyio.to_thread import run_sync

P = ParamSpec("P")
T = TypeVar("T")

# Enough for one to compute while the others wait for the database; fewer than it has connections
# kept open, as opening one takes longer than what it is opened for.
AT_ONCE = 6
_line: RunVar[CapacityLimiter] = RunVar("parts3d_line")


async def in_line(function: Callable[P, T], *args: P.args, **named: P.kwargs) -> T:
    """Run a function in a thread when its turn comes, in the order of asking."""
    limiter = _line.get(None)
    if limiter is None:
        limiter = CapacityLimiter(AT_ONCE)
        _line.set(limiter)
    return await run_sync(partial(function, *args, **named), limiter=limiter)
