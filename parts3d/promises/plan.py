"""The promise: from queues, hours and print times to a ready time or a refusal. Pure.

The model of a point:

- A printer first ends what runs, then what waits, then what other checkouts hold, each as long as
  the quantile says and times the mean number of attempts; then come our prints.
- After every print a person clears the bed, in staffed hours; only then the next one starts.
- A print starts when the point's rule for unattended printing lets it.
- Our prints go one by one to the printer that would end them first. Since they are all alike,
  that takes the k earliest ends there are: nothing could end the last one sooner.
- One person clears, checks and bags our parts one after another, in the order they end.
- Spare prints (see ``print_time``) start when the check has found the failure, in a row: the
  worst case, since a real failure is often seen earlier.
- The ready time is rounded up to five minutes; if the point is closed then, it is the next
  opening. Closing is a cliff: a print that ends at 18:15 is cleared tomorrow.

Every step is a sum, a maximum or "the first time the hours allow it", none of which ever goes
down when an input goes up. Hence the promise's monotony: a longer print, a longer queue or a
later order is never ready earlier. The property tests hold us to it.

Known simplifications: the staff's work on other orders counts only as ``staff_backlog_minutes``
and in the measured minutes; durations of queued prints are taken at the same level as ours (slow
together), which errs on the late side.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from parts3d.promises.attendance import cleared_at, collectable_at, handled_at, starts_at
from parts3d.promises.print_time import Allowance, PrintTime, allowances
from parts3d.promises.reasons import reasons_for
from parts3d.promises.refusals import refuse_capacity, refuse_unfit, usable_printers
from parts3d.promises.snapshot import (
    Need,
    Offer,
    Placement,
    PointSnapshot,
    PrinterSnapshot,
    Refusal,
)

HORIZON = timedelta(days=14)


def plan(
    now: datetime,
    need: Need,
    points: Sequence[PointSnapshot],
    *,
    quantile: float,
    horizon: timedelta = HORIZON,
) -> list[Offer | Refusal]:
    """Return for each point, in the order given, its best offer or why there is none.

    Args:
        now: aware; the moment of the snapshots.
        need: what is to be printed.
        points: the candidates.
        quantile: probability with which the ready time is to be kept, between 0 and 1.
        horizon: nothing later than this is promised.

    Raises:
        Invalid: the quantile is not between 0 and 1.
        ValueError: ``now`` has no time zone (a programmer's fault).
    """
    if now.tzinfo is None:
        message = "The planner needs to know the time zone of now."
        raise ValueError(message)
    now = now.astimezone(UTC)
    return [_plan_point(now, need, point, quantile, now + horizon) for point in points]


@dataclass(frozen=True, slots=True)
class _Bench:
    """A printer that may take our prints: when it is free, and how long each print takes."""

    printer_id: str
    free_at: datetime
    duration: timedelta


def _plan_point(
    now: datetime, need: Need, point: PointSnapshot, quantile: float, until: datetime
) -> Offer | Refusal:
    refusal = refuse_unfit(now, need, point, until)
    if refusal is not None:
        return refusal
    printers = usable_printers(need, point)
    failure_probability = max(
        need.print_times[printer.model].failure_probability for printer in printers
    )
    offers = [
        offer
        for allowance in allowances(need.quantity, failure_probability, quantile)
        if (offer := _offer(now, need, point, printers, allowance, quantile, until)) is not None
    ]
    if not offers:
        return refuse_capacity(now, need, point, printers, until)
    return min(offers, key=lambda offer: offer.ready_at)


def _offer(
    now: datetime,
    need: Need,
    point: PointSnapshot,
    printers: Sequence[PrinterSnapshot],
    allowance: Allowance,
    quantile: float,
    until: datetime,
) -> Offer | None:
    benches = []
    for printer in printers:
        free_at = _free_at(now, point, printer, allowance.level, until)
        if free_at is not None:
            seconds = need.print_times[printer.model].quantile_seconds(allowance.level)
            benches.append(_Bench(printer.id, free_at, timedelta(seconds=seconds)))
    placements = _place(point, benches, need.quantity, until)
    if placements is None:
        return None
    bagged_at = point.staffed_hours.add_open_time(
        now, timedelta(minutes=point.staff_backlog_minutes)
    )
    for placement in placements:
        bagged_at = handled_at(point, bagged_at, placement.ends_at)
    for _ in range(allowance.spare_prints):
        if bagged_at is None or bagged_at > until:
            return None
        spare = _place(point, benches, 1, until, not_before=bagged_at, spare=True)
        if spare is None:
            return None
        placements += spare
        bagged_at = handled_at(point, bagged_at, spare[0].ends_at)
    ready_at = None if bagged_at is None else collectable_at(point, bagged_at, until)
    if bagged_at is None or ready_at is None:
        return None
    first = min(placements, key=lambda placement: placement.starts_at)
    return Offer(
        point_id=point.id,
        printer_id=first.printer_id,
        ready_at=ready_at,
        starts_at=first.starts_at,
        reasons=reasons_for(now, need, point, allowance, quantile, placements, bagged_at, ready_at),
        placements=tuple(placements),
        quantile=quantile,
        place=point.place,
    )


def _free_at(
    now: datetime, point: PointSnapshot, printer: PrinterSnapshot, level: float, until: datetime
) -> datetime | None:
    """Return when the printer's bed is clear of everything that stands before us."""
    free_at: datetime | None = now
    if printer.running is not None:
        free_at = cleared_at(point, now + _planned(printer.running, level))
    elif not printer.bed_clear:
        free_at = cleared_at(point, now)
    held = (
        time
        for hold in point.holds
        if hold.printer_id == printer.id and hold.expires_at > now
        for time in hold.prints
    )
    for ahead in (*printer.waiting, *held):
        if free_at is None:
            return None
        duration = _planned(ahead, level)
        start = starts_at(point, free_at, duration, until)
        free_at = None if start is None else cleared_at(point, start + duration)
    return free_at


def _planned(ahead: PrintTime, level: float) -> timedelta:
    return timedelta(seconds=ahead.quantile_seconds(level) * ahead.expected_attempts())


def _place(
    point: PointSnapshot,
    benches: Sequence[_Bench],
    prints: int,
    until: datetime,
    *,
    not_before: datetime | None = None,
    spare: bool = False,
) -> list[Placement] | None:
    """Place prints one by one where each ends first; ties go to the printer named first."""
    placements: list[Placement] = []
    ends: list[tuple[datetime, int, Placement]] = []

    def offer_next(index: int, free_at: datetime | None) -> None:
        bench = benches[index]
        start = free_at and starts_at(point, free_at, bench.duration, until)
        if start:
            ends_at = start + bench.duration
            heappush(ends, (ends_at, index, Placement(bench.printer_id, start, ends_at, spare)))

    for index, bench in enumerate(benches):
        offer_next(index, bench.free_at if not_before is None else max(bench.free_at, not_before))
    while len(placements) < prints:
        if not ends:
            return None
        ends_at, index, placement = heappop(ends)
        placements.append(placement)
        offer_next(index, cleared_at(point, ends_at))
    return placements
