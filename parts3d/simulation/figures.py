"""What is counted of a run, named as ``--json`` names it. Pure.

Shares are of all measured orders, a refusal being no kept promise, but for those that name what
they are of: ``kept_same_day`` is of the promises for the day of the order, and
``*_same_day_before_15`` of the orders placed before 15:00 on a day on which shops open.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from parts3d.simulation.calendar import MINUTES_PER_DAY
from parts3d.simulation.record import Outcome, Record

_BEFORE_15 = 15 * 60.0
_MINUTES = 60.0


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one policy; None where there was nothing to count.

    Args:
        kept: ready by the promised minute, wherever.
        kept_same_day: the same, of the promises for the day of the order.
        kept_at_point: ready by the promised minute at the promised point.
        promised_same_day_before_15: ordered before 15:00, promised for the same day.
        ready_same_day_before_15: ordered before 15:00, ready the same day, promised or not.
        median_wait_h: hours from order to ready; of promised orders.
        late_mean_min: minutes after the promise; of the late ones. An order that never became
            ready is late until the simulation's end.
        late_median_min: the same.
        moved: ready at another point than promised.
        refused: no promise.
        worst_day_kept: ``kept`` of the day of orders on which it was lowest.
        utilisation: printing and clearing minutes over staffed printer minutes.
        decisions: answers to orders, those of days that are not measured included.
        ms_per_decision_p50: milliseconds of a measured answer, on this machine.
        ms_per_decision_p99: the same.
        orders: measured ones.
    """

    kept: float | None
    kept_same_day: float | None
    kept_at_point: float | None
    promised_same_day_before_15: float | None
    ready_same_day_before_15: float | None
    median_wait_h: float | None
    late_mean_min: float | None
    late_median_min: float | None
    moved: float | None
    refused: float | None
    worst_day_kept: float | None
    utilisation: float | None
    decisions: int
    ms_per_decision_p50: float | None
    ms_per_decision_p99: float | None
    orders: int


def figures_of(record: Record, open_weekdays: Sequence[int]) -> Figures:
    """Count a run.

    Args:
        record: of the run.
        open_weekdays: on which shops open, 0 is Monday; the first measured day is one.
    """
    outcomes = record.measured()
    same_day = [one for one in outcomes if promised_same_day(one)]
    before_15 = [
        one
        for one in outcomes
        if one.placed_at % MINUTES_PER_DAY < _BEFORE_15 and record.day_of(one) % 7 in open_weekdays
    ]
    late = [minutes for one in outcomes if (minutes := late_minutes(one, record.run_until)) > 0]
    waits = [one.ready_at - one.placed_at for one in outcomes if one.ready_at is not None]
    return Figures(
        kept=_share([one.kept for one in outcomes]),
        kept_same_day=_share([one.kept for one in same_day]),
        kept_at_point=_share([one.kept and not one.moved for one in outcomes]),
        promised_same_day_before_15=_share([promised_same_day(one) for one in before_15]),
        ready_same_day_before_15=_share(
            [_is_same_day(one.placed_at, one.ready_at) for one in before_15]
        ),
        median_wait_h=_quantile([wait / _MINUTES for wait in waits], 0.5),
        late_mean_min=float(np.mean(late)) if late else None,
        late_median_min=_quantile(late, 0.5),
        moved=_share([one.moved for one in outcomes]),
        refused=_share([one.promised_at is None for one in outcomes]),
        worst_day_kept=min(kept_by_day(record).values(), default=None),
        utilisation=record.busy_minutes / record.staffed_minutes
        if record.staffed_minutes
        else None,
        decisions=record.decisions,
        ms_per_decision_p50=_quantile(record.decision_ms, 0.5),
        ms_per_decision_p99=_quantile(record.decision_ms, 0.99),
        orders=len(outcomes),
    )


def mean_figures(several: Sequence[Figures]) -> Figures:
    """Return the mean over seeds; ``orders`` and ``decisions`` are summed."""
    values: dict[str, float | int | None] = {}
    for field in fields(Figures):
        known = [value for one in several if (value := getattr(one, field.name)) is not None]
        if field.name in {"orders", "decisions"}:
            values[field.name] = sum(known)
        else:
            values[field.name] = sum(known) / len(known) if known else None
    return Figures(**values)  # type: ignore[arg-type]  # by name, as they are


def promised_same_day(one: Outcome) -> bool:
    """Tell whether an order was promised for the day it was placed on."""
    return _is_same_day(one.placed_at, one.promised_at)


def late_minutes(one: Outcome, until: float) -> float:
    """Return the minutes after the promise; 0 when it was kept or none was made."""
    if one.promised_at is None or one.kept:
        return 0.0
    return max((until if one.ready_at is None else one.ready_at) - one.promised_at, 0.0)


def kept_by_day(record: Record) -> dict[int, float]:
    """Return ``kept`` by measured day of the order, from 0."""
    by_day: dict[int, list[bool]] = {}
    for one in record.measured():
        by_day.setdefault(record.day_of(one), []).append(one.kept)
    return {day: sum(kept) / len(kept) for day, kept in sorted(by_day.items())}


def _is_same_day(placed_at: float, at: float | None) -> bool:
    return at is not None and int(at // MINUTES_PER_DAY) == int(placed_at // MINUTES_PER_DAY)


def _share(facts: Sequence[bool]) -> float | None:
    return sum(facts) / len(facts) if facts else None


def _quantile(values: Sequence[float], level: float) -> float | None:
    return float(np.quantile(values, level)) if values else None
