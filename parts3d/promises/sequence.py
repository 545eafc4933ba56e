"""Which waiting print a free printer starts: the most urgent that may start now. Pure.

Earliest due date first keeps the largest lateness smallest on one machine (Jackson, 1955). A
change of material costs a person's time, so it counts as so much less urgency: of prints that are
about as urgent, those go first whose material is loaded. Nothing overtakes what is promised for
earlier; that a *new* promise takes nothing from those that stand is seen to when it is made
(``futures.quote``). The futures that promises are read from go by the same rule (``loop``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

CHANGE_COSTS_MINUTES = 30.0  # of urgency that a change of material is worth, as in ``loop``


@dataclass(frozen=True, slots=True)
class Waiting:
    """A print that waits for a printer.

    Args:
        job_id: the job's.
        due: minute for which it is promised; ``inf``: to nobody.
        needs_change: is another material loaded?
        may_start: by the rule for unattended printing, and with a person there for a change?
        minutes: what it takes there; of equally urgent ones the shorter goes first.
    """

    job_id: str
    due: float
    needs_change: bool = False
    may_start: bool = True
    minutes: float = 0.0


def urgency(one: Waiting) -> float:
    """Return the minute by which prints are put in order; ``inf`` when it may not start."""
    if not one.may_start:
        return inf
    return one.due + (CHANGE_COSTS_MINUTES if one.needs_change else 0.0)


def sequence(waiting: Sequence[Waiting]) -> list[Waiting]:
    """Return the prints that may start, the next one first; ties stay as they were given."""
    able = [one for one in waiting if one.may_start]
    return sorted(able, key=lambda one: (urgency(one), one.minutes))


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
