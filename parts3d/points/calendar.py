"""Hours compiled to numbers: for whoever asks them thousands of times. Pure.

A calendar is the open stretches of some weeks as two sorted arrays of minutes since 1970 (UTC), so
that exceptions, holidays and the change of the clocks, which ``Hours`` has worked out, are in it.
Minutes are floats; a million of them still resolve a microsecond.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from parts3d.points.hours import Hours

Minutes = NDArray[np.float64]
_WINDOW = timedelta(days=28)
_EPOCH = datetime(1970, 1, 5, tzinfo=UTC)


def minutes_of(at: datetime) -> float:
    """Return an aware moment as minutes since 1970."""
    return at.timestamp() / 60


def moment_of(minutes: float) -> datetime:
    """Return minutes since 1970 as a moment in UTC, to the nearest second."""
    return datetime.fromtimestamp(round(minutes * 60), UTC)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Open stretches in order, none touching the next; ``math.inf`` stands for "not in here".

    Args:
        opens: their first minutes.
        closes: the minutes at which they end.
        before: open minutes before each stretch, for adding open time.
    """

    opens: Minutes
    closes: Minutes
    before: Minutes

    def next_open(self, at: Minutes | float) -> Minutes:
        """Return ``at`` itself where open, else the next opening; the closing minute is closed."""
        at = np.asarray(at, dtype=np.float64)
        index = np.searchsorted(self.closes, at, side="right")
        found: Minutes = np.maximum(at, np.append(self.opens, np.inf)[index])
        return found

    def is_open(self, at: Minutes | float) -> NDArray[np.bool_]:
        """Tell where it is open."""
        return np.asarray(self.next_open(at) == at, dtype=np.bool_)

    def add_open_time(self, at: Minutes | float, minutes: Minutes | float) -> Minutes:
        """Return the earliest moment with so many open minutes after ``at`` behind it.

        No minutes at all: ``at``, open or not. Never goes down when either argument goes up.
        """
        at, minutes = np.broadcast_arrays(
            np.asarray(at, dtype=np.float64), np.asarray(minutes, dtype=np.float64)
        )
        if not len(self.opens):
            return np.where(minutes > 0, np.inf, at)
        index = np.minimum(np.searchsorted(self.closes, at, side="right"), len(self.opens) - 1)
        behind = self.before[index] + np.clip(
            at - self.opens[index], 0, self.closes[index] - self.opens[index]
        )
        wanted = behind + minutes
        upto = self.before + (self.closes - self.opens)
        last = np.searchsorted(upto, wanted, side="left")
        beyond = last == len(upto)
        last = np.minimum(last, len(upto) - 1)
        found = np.where(beyond, np.inf, self.opens[last] + (wanted - self.before[last]))
        return np.where(minutes > 0, np.maximum(found, at), at)


def calendar(
    hours: Hours, start: datetime, end: datetime, *, bridging_minutes: float = 0
) -> Calendar:
    """Return the stretches that end after ``start`` and begin before ``end``, or a few more.

    Args:
        hours: what to compile.
        start: aware.
        end: aware.
        bridging_minutes: gaps up to this long (a lunch break) do not end a stretch.
    """
    first = (start - _EPOCH) // _WINDOW
    last = (end - _EPOCH) // _WINDOW
    return _compiled(hours, first, last, bridging_minutes)


@lru_cache(maxsize=20_000)
def _compiled(hours: Hours, first: int, last: int, bridging_minutes: float) -> Calendar:
    # A week more on both sides: whatever runs over the edge of the window stays whole.
    start = _EPOCH + first * _WINDOW - timedelta(days=7)
    end = _EPOCH + (last + 1) * _WINDOW + timedelta(days=7)
    bridging = timedelta(minutes=bridging_minutes)
    found: list[list[float]] = []
    for opens_at, closes_at in hours.open_intervals(start, end):
        opens, closes = minutes_of(opens_at), minutes_of(closes_at)
        if found and opens - found[-1][1] <= bridging.total_seconds() / 60:
            found[-1][1] = closes
        else:
            found.append([opens, closes])
    stretches = np.array(found, dtype=np.float64).reshape(-1, 2)
    opens_at_all, closes_at_all = stretches[:, 0].copy(), stretches[:, 1].copy()
    lengths = closes_at_all - opens_at_all
    before = np.concatenate(([0.0], np.cumsum(lengths)[:-1])) if len(lengths) else lengths
    for array in (opens_at_all, closes_at_all, before):
        array.flags.writeable = False
    return Calendar(opens_at_all, closes_at_all, before)
