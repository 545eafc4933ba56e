"""The agent's own clock: seconds that only grow. It says how long, never what time it is."""

import random
import time
from collections.abc import Callable

Clock = Callable[[], float]


def steady_seconds() -> float:
    """Seconds since the machine started, its sleep included where the system can tell.

    A machine that slept between a permit and the start must see that the permit is old.
    """
    boot_clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot_clock is None else time.clock_gettime(boot_clock)


def begun(since: float | None, now: float) -> float:
    """Return when a span began: now, where it begins now or the clock was set back behind it."""
    return now if since is None else min(since, now)


class Backoff:
    """When to try again: twice as late each time, with jitter, up to a limit."""

    def __init__(self, clock: Clock, first_seconds: float, most_seconds: float) -> None:
        self._clock = clock
        self._first = first_seconds
        self._most = most_seconds
        self._delay = 0.0
        self._next = 0.0

    @property
    def ready(self) -> bool:
        """Whether the next try is due; at once where the clock was set back."""
        return not 0 < self._next - self._clock() <= self._most

    def failed(self) -> None:
        """Take note of a failure."""
        self._delay = min(max(self._delay * 2, self._first), self._most)
        self._next = self._clock() + self._delay * random.uniform(0.7, 1.0)

    def worked(self) -> None:
        """Take note of a success."""
        self._delay = self._next = 0.0
