"""Hours as minutes: compiled once, asked by bisection. Pure.

A moment is a float, minutes since midnight (Brussels) of the first simulated day. The simulated
days lie in winter time throughout, so that a day has 1440 of them; ``moment_of`` gives the real,
aware moment.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate

MINUTES_PER_DAY = 1440.0
NEVER = float("inf")

# The first measured day: a Monday. Winter time holds 35 days before it and 118 days after it.
MEASURED_FROM = datetime(2026, 11, 29, 23, 0, tzinfo=UTC)

# A gap in the hours up to this long (lunch) is no closing; ``PointSnapshot.break_minutes``.
BREAK_MINUTES = 120.0


def moment_of(minute: float, warmup_days: int) -> datetime:
    """Return the aware moment (UTC) of a simulated minute."""
    return MEASURED_FROM + timedelta(minutes=minute - warmup_days * MINUTES_PER_DAY)


def minute_of(moment: datetime, warmup_days: int) -> float:
    """Return the simulated minute of an aware moment."""
    return (moment - MEASURED_FROM).total_seconds() / 60 + warmup_days * MINUTES_PER_DAY


def minutes_of_clock(text: str) -> float:
    """Return minutes since midnight of ``"09:30"``; the caller has checked its shape."""
    hours, minutes = text.split(":")
    return int(hours) * 60.0 + int(minutes)


@dataclass(frozen=True, slots=True)
class Calendar:
    """Open stretches in order, and the same with breaks bridged.

    Args:
        opens: beginnings of open stretches, ascending.
        closes: their ends.
        text: the same hours in OSM syntax, for ``Hours.parse``.
    """

    opens: tuple[float, ...]
    closes: tuple[float, ...]
    text: str = ""
    day_opens: tuple[float, ...] = field(init=False)
    day_closes: tuple[float, ...] = field(init=False)
    before: tuple[float, ...] = field(init=False)  # open minutes before each stretch

    def __post_init__(self) -> None:
        begins: list[float] = []
        ends: list[float] = []
        for opens, closes in zip(self.opens, self.closes, strict=True):
            if ends and opens - ends[-1] <= BREAK_MINUTES:
                ends[-1] = closes
            else:
                begins.append(opens)
                ends.append(closes)
        lengths = (closes - opens for opens, closes in zip(self.opens, self.closes, strict=True))
        object.__setattr__(self, "day_opens", tuple(begins))
        object.__setattr__(self, "day_closes", tuple(ends))
        object.__setattr__(self, "before", (0.0, *accumulate(lengths)))

    def is_open(self, at: float) -> bool:
        """Tell whether it is open at ``at``; the closing minute itself is closed."""
        index = bisect_right(self.opens, at) - 1
        return index >= 0 and at < self.closes[index]

    def next_open(self, at: float) -> float:
        """Return ``at`` itself when open, else the next opening; ``NEVER`` beyond the calendar."""
        index = bisect_right(self.closes, at)
        return max(at, self.opens[index]) if index < len(self.opens) else NEVER

    def opens_after(self, at: float) -> float:
        """Return the beginning of the next stretch after ``at``; ``NEVER`` beyond the calendar."""
        index = bisect_right(self.opens, at)
        return self.opens[index] if index < len(self.opens) else NEVER

    def day_of(self, at: float) -> tuple[float, float]:
        """Return the stretch with breaks bridged that is open at ``at``, or the next one."""
        index = bisect_right(self.day_closes, at)
        if index == len(self.day_opens):
            return NEVER, NEVER
        return self.day_opens[index], self.day_closes[index]

    def open_before(self, at: float) -> float:
        """Return how many open minutes lie before ``at``."""
        index = bisect_right(self.opens, at) - 1
        if index < 0:
            return 0.0
        return self.before[index] + min(at, self.closes[index]) - self.opens[index]

    def open_between(self, start: float, end: float) -> float:
        """Return how many open minutes lie between two moments."""
        return self.open_before(end) - self.open_before(start)

    def add_open(self, at: float, minutes: float) -> float:
        """Return the earliest moment with that many open minutes between ``at`` and it.

        With no minutes the answer is ``at``, open or not; it may be a closing minute.
        """
        if minutes <= 0:
            return at
        index = bisect_right(self.closes, at)
        if index == len(self.opens):
            return NEVER
        begins = max(at, self.opens[index])
        if begins + minutes <= self.closes[index]:
            return begins + minutes
        wanted = self.before[index] + (begins - self.opens[index]) + minutes
        index = bisect_right(self.before, wanted) - 1
        if index >= len(self.opens):
            return self.closes[-1] if wanted <= self.before[-1] else NEVER
        rest = wanted - self.before[index]
        if rest <= 0:
            return self.closes[index - 1]
        return self.opens[index] + rest


def weekly(
    days: int,
    open_days: Sequence[int],
    opens: str,
    closes: str,
    lunch: tuple[str, str] | None = None,
    *,
    first_weekday: int = 0,
) -> Calendar:
    """Return the calendar of a week that repeats.

    Args:
        days: how many, from the first simulated one.
        open_days: weekdays, 0 is Monday.
        opens: time of day, ``"09:30"``.
        closes: the same.
        lunch: closed between these two.
        first_weekday: of the first simulated day.
    """
    spans = [(opens, closes)] if lunch is None else [(opens, lunch[0]), (lunch[1], closes)]
    stretches = [
        (
            day * MINUTES_PER_DAY + minutes_of_clock(begin),
            day * MINUTES_PER_DAY + minutes_of_clock(end),
        )
        for day in range(days)
        if (day + first_weekday) % 7 in open_days
        for begin, end in spans
    ]
    names = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
    text = "{} {}".format(
        ",".join(names[day] for day in sorted(open_days)),
        ",".join(f"{begin}-{end}" for begin, end in spans),
    )
    return Calendar(tuple(one[0] for one in stretches), tuple(one[1] for one in stretches), text)
