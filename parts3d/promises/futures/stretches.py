"""Stretches of time that are open, as the futures read them: minutes since the epoch. Pure."""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from math import inf

import numpy as np
from numpy.typing import NDArray

from parts3d.points.calendar import Calendar, calendar
from parts3d.points.hours import Hours

Floats = NDArray[np.float64]


def calendar_add(opens: Floats, closes: Floats, at: float, minutes: float) -> float:
    """Return the earliest moment with so many open minutes after ``at`` behind it."""
    if minutes <= 0:
        return at
    first = int(np.searchsorted(closes, at, side="right"))
    for begin, end in zip(opens[first:].tolist(), closes[first:].tolist(), strict=True):
        start = max(at, begin)
        if start + minutes <= end:
            return float(start + minutes)
        minutes -= end - start
    return inf


def stretches_after(
    hours: Hours, window: tuple[datetime, datetime], minute: float, bridging: float = 0
) -> Floats:
    """Return (2, n) the stretches that end after a minute; at least one, so that it has a shape."""
    compiled = calendar(hours, *window, bridging_minutes=bridging)
    first = int(compiled.closes.searchsorted(minute, side="right"))
    if first == len(compiled.closes):
        return np.full((2, 1), inf)
    return _stacked(_Identity(compiled), first)


@dataclass(frozen=True, slots=True, eq=False)
class _Identity:
    """A calendar as a key; the library of calendars gives the same one for the same hours."""

    calendar: Calendar

    def __hash__(self) -> int:
        return id(self.calendar)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.calendar is self.calendar


@lru_cache(maxsize=4096)
def _stacked(whose: _Identity, first: int) -> Floats:
    return np.array((whose.calendar.opens[first:], whose.calendar.closes[first:]))
