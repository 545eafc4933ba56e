"""Which waiting print a free printer starts: the most urgent that may start now. Pure.

Earliest due date first keeps the largest lateness smallest on one machine (Jackson, 1955). A
change of material costs a person's time, so it counts as so much less urgency: of prints that are
about as urgent, those go first whose material is loaded. Nothing overtakes what is promised for
earlier; that a *new* promise takes nothing from those that stand is seen to when it is made
(``futures.quote``).

What ends after closing lies on its bed until the morning: a printer makes one print a night,
however short. So of those that have time beyond the next day's opening the longest is the night's
(longest processing time first, Graham, 1969): what is short may follow by day.

``turn_of`` is the rule; the futures that promises are read from are compiled with it (``loop``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

CHANGE_COSTS_MINUTES = 30.0  # of urgency that a change of material is worth
CLEARING_MINUTES = 30.0  # before closing; what ends later is cleared in the morning
# What is put off until the morning has three tries left by day, and a person's time: two fail more
# often than a promise may be late by a night.
PRINTS_LEFT, MORNING_MINUTES = 3.0, 90.0
_AFTER_ALL = 1e9  # minutes; later than any promise


@dataclass(frozen=True, slots=True)
class Waiting:
    """A print that waits for a printer.

    Args:
        job_id: the job's.
        due: minute for which it is promised; ``inf``: to nobody.
        needs_change: is another material loaded?
        may_start: by the rule for unattended printing, and with a person there for a change?
        minutes: what it takes there, a change of material included; of equally urgent ones the
            shorter goes first.
    """

    job_id: str
    due: float
    needs_change: bool = False
    may_start: bool = True
    minutes: float = 0.0


@dataclass(frozen=True, slots=True)
class Evening:
    """The moment at which a printer is free, and the night that follows it.

    Args:
        now: minute.
        closes: when the last person leaves; ``now`` where nobody is there any more, ``inf`` where
            no print may run into the night.
        reopens: when the first one comes again.
    """

    now: float = 0.0
    closes: float = inf
    reopens: float = inf


BY_DAY = Evening()


def turn_of(
    due: float, change: float, minutes: float, now: float, closes: float, reopens: float
) -> float:
    """Return the minute by which prints are put in order, the lowest first; compiled by numba.

    Args:
        due: minute for which it is promised.
        change: 1 where another material is loaded, else 0.
        minutes: what it takes.
        now: see ``Evening``.
        closes: see ``Evening``.
        reopens: see ``Evening``.
    """
    costs = CHANGE_COSTS_MINUTES * change
    lies_until_morning = now + minutes > closes - CLEARING_MINUTES
    if lies_until_morning and due >= reopens + PRINTS_LEFT * minutes + MORNING_MINUTES:
        return _AFTER_ALL - minutes + costs
    return due + costs


def urgency(one: Waiting, evening: Evening = BY_DAY) -> float:
    """Return ``turn_of`` a print; ``inf`` when it may not start."""
    if not one.may_start:
        return inf
    return turn_of(
        one.due, float(one.needs_change), one.minutes, evening.now, evening.closes, evening.reopens
    )


def sequence(waiting: Sequence[Waiting], evening: Evening = BY_DAY) -> list[Waiting]:
    """Return the prints that may start, the next one first; ties stay as they were given."""
    able = [one for one in waiting if one.may_start]
    return sorted(able, key=lambda one: (urgency(one, evening), one.minutes))


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A print that waits for this printer too, but not yet: its material is not loaded.

    Args:
        due: minute for which it is promised.
        must_start_by: the last minute at which its start keeps the promise; ``-inf`` when it is
            past saving.
    """

    due: float
    must_start_by: float


def stands_back(one: Waiting, ends: float, others: Sequence[Elsewhere]) -> bool:
    """Tell whether a print has to leave the printer to one that is promised for earlier.

    Args:
        one: the print that could start now.
        ends: the minute at which its bed would be clear again.
        others: what only a change of material on this printer can serve.
    """
    return any(
        other.due + CHANGE_COSTS_MINUTES < one.due and -inf < other.must_start_by < ends
        for other in others
    )
