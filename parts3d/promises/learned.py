"""What was learned of points and printers, as rows: the current ones, and their history."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session, col, select

from parts3d.promises.decision_tables import Learned
from parts3d.promises.learning.hazards import Hazard
from parts3d.promises.learning.loads import Loads
from parts3d.promises.learning.misses import Misses
from parts3d.promises.learning.rates import Rates
from parts3d.promises.learning.staff_times import StaffTimes

_A_DAY = timedelta(days=1)
# Old rows show how an estimate moved; a year of them is enough.
KEPT = timedelta(days=400)
# Below so many observations an estimate is mostly judgement: what points say of themselves counts.
LEAST_CLEARINGS = 20
LEAST_SPELLS = 5
# Judgement, as in the snapshot: printers in shops are repaired the same day, or the next.
USUAL_REPAIR_HOURS = (1.0, 24.0)
# The same of an agent that is not heard: a router that is started again, a day off-line.
USUAL_SILENCE_HOURS = (0.1, 9.0)
_QUANTILES = 20


class LearnedKind(StrEnum):
    """What is learned; the network's row holds its points, printers and hours."""

    STAFF = "staff"
    FAILURES = "failures"
    OUTAGES = "outages"
    SILENCES = "silences"
    MISSES = "misses"
    LOADS = "loads"


_TYPES: Mapping[LearnedKind, TypeAdapter[Any]] = {
    LearnedKind.STAFF: TypeAdapter(StaffTimes),
    LearnedKind.FAILURES: TypeAdapter(Rates),
    LearnedKind.OUTAGES: TypeAdapter(Hazard),
    LearnedKind.SILENCES: TypeAdapter(Hazard),
    LearnedKind.MISSES: TypeAdapter(Misses),
    LearnedKind.LOADS: TypeAdapter(Loads),
}


@dataclass(frozen=True, slots=True)
class LearnedValues:
    """The current estimates, each with how much it was learned from."""

    staff: StaffTimes = field(default_factory=StaffTimes)
    rates: Rates = field(default_factory=Rates)
    outages: Hazard | None = None
    silences: Hazard | None = None
    misses: Misses = field(default_factory=Misses)
    loads: Loads = field(default_factory=Loads)
    counts: Mapping[LearnedKind, int] = field(default_factory=dict)

    def staff_minutes(self, point_id: str, hour: int, check_minutes: float) -> tuple[float, ...]:
        """Return evenly spaced quantiles of the minutes until a bed is clear.

        The checks that were measured end with the part checked; that is taken off. Empty while
        too little was measured at the point.
        """
        if self.staff.counts.get(point_id, 0) < LEAST_CLEARINGS:
            return ()
        levels = [(number + 0.5) / _QUANTILES for number in range(_QUANTILES)]
        return tuple(
            round(max(self.staff.quantile_minutes(point_id, hour, level) - check_minutes, 0.5), 3)
            for level in levels
        )

    def outages_per_hour(self, printer_id: str) -> float:
        """Return how often a printer breaks down; 0 while too little was seen."""
        if self.outages is None or self.outages.spells < LEAST_SPELLS:
            return 0.0
        return self.outages.units.get(printer_id, self.outages.per_hour)

    def repair_hours(self) -> tuple[float, float]:
        """Return how long outages last, shortest and longest; as usual while too few were seen."""
        if self.outages is None or self.outages.spells < LEAST_SPELLS:
            return USUAL_REPAIR_HOURS
        shortest = max(self.outages.lasting_hours(0.05), 0.1)
        return shortest, max(self.outages.lasting_hours(0.95), 2 * shortest)

    def silences_per_hour(self, point_id: str) -> float:
        """Return how often a point's agent falls silent; 0 while too little was seen."""
        if self.silences is None or self.silences.spells < LEAST_SPELLS:
            return 0.0
        return self.silences.units.get(point_id, self.silences.per_hour)

    def silence_hours(self) -> tuple[float, float]:
        """Return how many staffed hours silences last, shortest and longest."""
        if self.silences is None or self.silences.spells < LEAST_SPELLS:
            return USUAL_SILENCE_HOURS
        shortest = max(self.silences.lasting_hours(0.05), 0.05)
        return shortest, max(self.silences.lasting_hours(0.95), 2 * shortest)

    def reject_share(self) -> float | None:
        """Return how many of the bad prints show it only at the check; None: not known."""
        rate = self.rates.network
        bad = rate.failures + rate.rejects
        return rate.rejects / bad if bad >= LEAST_SPELLS else None


def current_learned(session: Session) -> LearnedValues:
    """Read the current estimates."""
    rows = {
        LearnedKind(row.kind): row
        for row in session.exec(
            select(Learned).where(col(Learned.replaced_at).is_(None), Learned.key == "")
        )
    }
    found = {kind: _TYPES[kind].validate_python(row.figures) for kind, row in rows.items()}
    return LearnedValues(
        staff=found.get(LearnedKind.STAFF, StaffTimes()),
        rates=found.get(LearnedKind.FAILURES, Rates()),
        outages=found.get(LearnedKind.OUTAGES),
        silences=found.get(LearnedKind.SILENCES),
        misses=found.get(LearnedKind.MISSES, Misses()),
        loads=found.get(LearnedKind.LOADS, Loads()),
        counts={kind: row.observations for kind, row in rows.items()},
    )


def value_of(row: Learned) -> Any:  # noqa: ANN401 - whatever the row's kind holds
    """Return a row's estimate as the value that it was kept from."""
    return _TYPES[LearnedKind(row.kind)].validate_python(row.figures)


def history_of(session: Session, kind: LearnedKind, *, most: int = 30) -> Sequence[Learned]:
    """Return the rows of an estimate, the newest first: one a day."""
    return session.exec(
        select(Learned)
        .where(Learned.kind == kind, Learned.key == "")
        .order_by(col(Learned.made_at).desc())
        .limit(most)
    ).all()


def keep_learned(
    session: Session, kind: LearnedKind, value: object, observations: int, now: datetime
) -> bool:
    """Make an estimate the current one; returns whether it got a row of its own.

    On the same day the row is brought up to date; another day's replaces it, so that the history
    has one a day. The caller holds the lock of ``Learning``.
    """
    figures = _TYPES[kind].dump_python(value, mode="json")
    row = session.exec(
        select(Learned).where(
            Learned.kind == kind, Learned.key == "", col(Learned.replaced_at).is_(None)
        )
    ).first()
    if row is not None and now - row.made_at < _A_DAY:
        row.figures, row.observations, row.updated_at = figures, observations, now
        session.flush()
        return False
    if row is not None:
        row.replaced_at = now
        session.flush()  # the old one first: only one may be current
    session.add(
        Learned(
            kind=kind,
            key="",
            figures=figures,
            observations=observations,
            made_at=now,
            updated_at=now,
        )
    )
    session.flush()
    return True


def forget_learned(session: Session, now: datetime) -> int:
    """Delete rows that were replaced more than ``KEPT`` ago; returns how many."""
    old = session.exec(
        select(Learned).where(col(Learned.replaced_at) < now - KEPT).limit(500)
    ).all()
    for row in old:
        session.delete(row)
    session.flush()
    return len(old)
