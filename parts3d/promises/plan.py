"""The promise: from queues, hours and print times to a ready time or a refusal. Pure.

The model of a point:

- A printer first ends what runs, then what waits, then what other checkouts hold, each as long as
  the quantile says and times the mean number of attempts; then come our prints.
- After every print a person clears the bed, in staffed hours; only then the next one starts.
- A print starts when the point's rule for unattended printing lets it.
- Our prints are shared out over the printers so that the last part is bagged first (see
  ``placement``); the parts of all lines are ready when the last one is.
- One person clears, checks and bags our parts one after another, in the order they end.
- Spare prints (see ``print_time``) start when the check has found the failure, in a row: the
  worst case, since a real failure is often seen earlier. Of several kinds of prints, each spare
  is of the kind that would be ready last.
- The ready time is rounded up to five minutes; if the point is closed then, it is the next
  opening. Closing is a cliff: a print that ends at 18:15 is cleared tomorrow.

Every step is a sum, a maximum or "the first time the hours allow it", none of which ever goes
down when an input goes up. Hence the promise's monotony: a longer print, a longer queue or a
later order is never ready earlier. The property tests hold us to it.

Known simplifications: the staff's work on other orders counts only as ``staff_backlog_minutes``
and in the measured minutes; durations of queued prints are taken at the same level as ours (slow
together), which errs on the late side; a print of several copies fails as often as one of one,
and as a whole, though rejected copies are printed again without the good ones.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from parts3d.promises.attendance import cleared_at, collectable_at, handled_at, starts_at
from parts3d.promises.placement import Bench, place_alike, place_all
from parts3d.promises.print_time import Allowance, PrintTime, allowances
from parts3d.promises.reasons import reasons_for
from parts3d.promises.refusals import refuse_capacity, refuse_unfit, usable_printers
from parts3d.promises.snapshot import (
    Need,
    Needs,
    Offer,
    Placement,
    PointSnapshot,
    PrinterSnapshot,
    Refusal,
    needs_of,
)

HORIZON = timedelta(days=14)
_NEVER = datetime.max.replace(tzinfo=UTC)


def plan(
    now: datetime,
    wanted: Needs,
    points: Sequence[PointSnapshot],
    *,
    quantile: float,
    horizon: timedelta = HORIZON,
) -> list[Offer | Refusal]:
    """Return for each point, in the order given, its best offer or why there is none.

    Args:
        now: aware; the moment of the snapshots.
        wanted: what is to be printed, all of it at one point: the needs of an order's lines.
        points: the candidates.
        quantile: probability with which the ready time is to be kept, between 0 and 1.
        horizon: nothing later than this is promised.

    Raises:
        Invalid: the quantile is not between 0 and 1, or nothing is wanted.
        ValueError: ``now`` has no time zone (a programmer's fault).
    """
    if now.tzinfo is None:
        message = "The planner needs to know the time zone of now."
        raise ValueError(message)
    now = now.astimezone(UTC)
    needs = needs_of(wanted)
    return [_plan_point(now, needs, point, quantile, now + horizon) for point in points]


def _plan_point(
    now: datetime, needs: Sequence[Need], point: PointSnapshot, quantile: float, until: datetime
) -> Offer | Refusal:
    refusal = refuse_unfit(now, needs, point, until)
    if refusal is not None:
        return refusal
    makers = [usable_printers(need, point) for need in needs]
    failure_probability = max(
        need.time_on(printer).failure_probability
        for need, printers in zip(needs, makers, strict=True)
        for printer in printers
    )
    prints = sum(need.quantity for need in needs)
    offers = [
        offer
        for allowance in allowances(prints, failure_probability, quantile)
        if (offer := _offer(now, needs, point, allowance, failure_probability, quantile, until))
        is not None
    ]
    if not offers:
        return refuse_capacity(now, needs, point, until)
    return min(offers, key=lambda offer: offer.ready_at)


def _offer(
    now: datetime,
    needs: Sequence[Need],
    point: PointSnapshot,
    allowance: Allowance,
    failure_probability: float,
    quantile: float,
    until: datetime,
) -> Offer | None:
    benches = _benches(now, needs, point, allowance.level, until)
    person_free_at = point.staffed_hours.add_open_time(
        now, timedelta(minutes=point.staff_backlog_minutes)
    )

    def bagged(prints: Sequence[Placement], since: datetime | None) -> datetime | None:
        for one in prints:
            since = handled_at(point, since, one.ends_at, needs[one.need].copies)
        return since

    placements = place_all(
        point, needs, benches, until, lambda prints: bagged(prints, person_free_at)
    )
    if placements is None:
        return None
    bagged_at = bagged(placements, person_free_at)
    for _ in range(allowance.spare_prints):
        if bagged_at is None or bagged_at > until:
            return None
        # The failed print may be of any kind: time is left for the one that is ready last.
        spares = [
            place_alike(point, benches, index, 1, until, not_before=bagged_at, spare=True)
            for index in range(len(needs))
        ]
        ends = [None if spare is None else bagged(spare, bagged_at) for spare in spares]
        last = max(range(len(needs)), key=lambda index: ends[index] or _NEVER)
        spare, bagged_at = spares[last], ends[last]
        if spare is None:
            return None
        placements += spare
    ready_at = None if bagged_at is None else collectable_at(point, bagged_at, until)
    if bagged_at is None or ready_at is None:
        return None
    first = min(placements, key=lambda placement: placement.starts_at)
    return Offer(
        point_id=point.id,
        printer_id=first.printer_id,
        ready_at=ready_at,
        starts_at=first.starts_at,
        reasons=reasons_for(
            now,
            needs,
            point,
            allowance,
            failure_probability,
            quantile,
            placements,
            bagged_at,
            ready_at,
        ),
        placements=tuple(placements),
        quantile=quantile,
        place=point.place,
    )


def _benches(
    now: datetime, needs: Sequence[Need], point: PointSnapshot, level: float, until: datetime
) -> list[Bench]:
    """Return the printers that can make any of the needs, in the point's order."""
    makers = [{printer.id for printer in usable_printers(need, point)} for need in needs]
    return [
        Bench(
            printer.id,
            _free_at(now, point, printer, level, until),
            tuple(
                timedelta(seconds=need.time_on(printer).quantile_seconds(level))
                if printer.id in ids
                else None
                for need, ids in zip(needs, makers, strict=True)
            ),
        )
        for printer in point.printers
        if any(printer.id in ids for ids in makers)
    ]


def _free_at(
    now: datetime, point: PointSnapshot, printer: PrinterSnapshot, level: float, until: datetime
) -> datetime | None:
    """Return when the printer's bed is clear of everything that stands before us."""
    free_at: datetime | None = now
    if printer.running is not None:
        free_at = cleared_at(point, now + _planned(printer.running.time, level))
    elif not printer.bed_clear:
        free_at = cleared_at(point, now)
    held = (
        time
        for hold in point.holds
        if hold.printer_id == printer.id and hold.expires_at > now
        for time in hold.prints
    )
    for ahead in (*(queued.time for queued in printer.waiting), *held):
        if free_at is None:
            return None
        duration = _planned(ahead, level)
        start = starts_at(point, free_at, duration, until)
        free_at = None if start is None else cleared_at(point, start + duration)
    return free_at


def _planned(ahead: PrintTime, level: float) -> timedelta:
    return timedelta(seconds=ahead.quantile_seconds(level) * ahead.expected_attempts())
