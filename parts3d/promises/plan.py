"""The promise: from queues, hours and print times to a ready time or a refusal. Pure.

For each point:

1. Our prints are shared out over the printers as if everything took its median time and nothing
   failed, so that the last part is bagged first (``placement``): that is what is shown, and where
   each print waits.
2. What may really happen is run through many times (``futures.loop``): durations, failures,
   rejects, breakdowns, the reprints that they cause on whichever printer of the point is free
   first, the point's people, closing time. The quantile of the ready times is the promise
   (``futures.quote``), rounded up to five minutes; if the point is closed then, it is the next
   opening. Closing is a cliff: a print that ends at 18:15 is cleared tomorrow.
3. The new order stands behind what is promised for earlier, and before what is promised for
   later, as far as it takes nobody's promise away. A rush order may be promised for earlier: it
   goes before what waits, as far as that takes nobody's promise away (``futures.quote_rush``).

The draws are always the same ones, so the same question has the same answer.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import inf

from parts3d.errors import Invalid
from parts3d.points.calendar import minutes_of, moment_of
from parts3d.promises.alike import merged
from parts3d.promises.attendance import cleared_at, collectable_at, handled_at, starts_at
from parts3d.promises.busy import eased
from parts3d.promises.futures.quote import Levels, Quoted, quote, quote_rush
from parts3d.promises.futures.ready import Prints, join
from parts3d.promises.futures.scene import Scene, scene_of, times_at
from parts3d.promises.placement import Bench, place_all
from parts3d.promises.print_time import PrintTime
from parts3d.promises.reasons import reasons_for
from parts3d.promises.refusals import refuse_capacity, refuse_unfit, usable_printers
from parts3d.promises.rule import MEASURED, Rule
from parts3d.promises.snapshot import (
    Need,
    Needs,
    Offer,
    Placement,
    PointSnapshot,
    PrinterSnapshot,
    Reason,
    ReasonCode,
    Refusal,
    needs_of,
)

HORIZON = timedelta(days=14)
_MEDIAN = 0.5


def plan(
    now: datetime,
    wanted: Needs,
    points: Sequence[PointSnapshot],
    *,
    quantile: float | Levels,
    most_harm: float = MEASURED.most_harm,
    horizon: timedelta = HORIZON,
) -> list[Offer | Refusal]:
    """Return for each point, in the order given, its best offer or why there is none.

    Args:
        now: aware; the moment of the snapshots.
        wanted: what is to be printed, all of it at one point: the needs of an order's lines.
        points: the candidates.
        quantile: probability with which the ready time is to be kept, between 0 and 1; one for
            all, or by the day it is for.
        most_harm: by how much the others' chances to be late may grow, summed.
        horizon: nothing later than this is promised.

    Raises:
        Invalid: a quantile is not between 0 and 1, or nothing is wanted.
        ValueError: ``now`` has no time zone (a programmer's fault).
    """
    if now.tzinfo is None:
        message = "The planner needs to know the time zone of now."
        raise ValueError(message)
    levels = quantile if isinstance(quantile, Levels) else Levels(quantile, quantile)
    for level in (levels.same_day, levels.later):
        if not 0 < level < 1:
            raise Invalid(
                f"A promise is kept with a probability between 0 and 1, not {level}.",
                place="quantile",
            )
    now = now.astimezone(UTC)
    needs = needs_of(wanted)
    rule = Rule(levels.later, levels, most_harm)
    return [
        _plan_point(now, needs, point, eased(rule, point.load), now + horizon) for point in points
    ]


def _plan_point(
    now: datetime, needs: Sequence[Need], point: PointSnapshot, rule: Rule, until: datetime
) -> Offer | Refusal:
    refusal = refuse_unfit(now, needs, point, until)
    if refusal is not None:
        return refusal
    usual = _as_usual(now, needs, point, until, inf)
    if usual is None:
        return refuse_capacity(now, needs, point, until)
    scene = scene_of(now, point, until)
    joined = join(scene, _prints(needs, point, usual))
    quoted = quote(joined, rule.levels, most_harm=rule.most_harm)
    if quoted is None:
        return refuse_capacity(now, needs, point, until)
    offer = _offer(now, needs, point, until, quoted, usual)
    if offer is None:
        return refuse_capacity(now, needs, point, until)
    return _rushed(now, needs, point, rule, until, scene, usual, offer)


def _rushed(
    now: datetime,
    needs: Sequence[Need],
    point: PointSnapshot,
    rule: Rule,
    until: datetime,
    scene: Scene,
    usual: "_Usual",
    offer: Offer,
) -> Offer:
    """Return the earlier offer of an order that is paid to go first, else the one that it has."""
    if not any(need.rush for need in needs):
        return offer
    # Where it would go if nothing stood before it: another printer may be the first then.
    first = _as_usual(now, needs, point, until, -inf) or usual
    joined = join(scene, _prints(needs, point, first))
    than = minutes_of(offer.ready_at)
    quoted = quote_rush(joined, rule.levels, than=than, most_harm=rule.most_harm)
    rushed = None if quoted is None else _offer(now, needs, point, until, quoted, first)
    if rushed is None or rushed.ready_at >= offer.ready_at:
        return offer
    why = Reason(ReasonCode.RUSH, {"otherwise_ready_at": offer.ready_at.isoformat()})
    return replace(rushed, otherwise_ready_at=offer.ready_at, reasons=(*rushed.reasons, why))


def _offer(
    now: datetime,
    needs: Sequence[Need],
    point: PointSnapshot,
    until: datetime,
    quoted: Quoted,
    usual: "_Usual",
) -> Offer | None:
    if quoted.urgency < inf:
        usual = _as_usual(now, needs, point, until, quoted.urgency) or usual
    # A promise is never earlier than what would be ready if all went as usual.
    ready_at = collectable_at(point, max(moment_of(quoted.ready_at), usual.bagged_at), until)
    if ready_at is None:
        return None
    first = min(usual.placements, key=lambda placement: placement.starts_at)
    return Offer(
        point_id=point.id,
        printer_id=first.printer_id,
        ready_at=ready_at,
        starts_at=first.starts_at,
        reasons=reasons_for(now, needs, point, quoted, usual.placements, usual.bagged_at, ready_at),
        placements=tuple(usual.placements),
        quantile=quoted.level,
        place=point.place,
    )


@dataclass(frozen=True, slots=True)
class _Usual:
    """What happens if everything takes its median time and nothing fails."""

    placements: list[Placement]
    bagged_at: datetime


def _as_usual(
    now: datetime, needs: Sequence[Need], point: PointSnapshot, until: datetime, urgency: float
) -> _Usual | None:
    alike = merged(needs)
    benches = _benches(now, alike.needs, point, until, urgency)
    person_free_at = point.staffed_hours.add_open_time(
        now, timedelta(minutes=point.staff_backlog_minutes)
    )

    def bagged(prints: Sequence[Placement]) -> datetime | None:
        since = person_free_at
        for one in prints:
            since = handled_at(point, since, one.ends_at, alike.needs[one.need].copies)
        return since

    placements = place_all(point, alike.needs, benches, until, bagged)
    bagged_at = None if placements is None else bagged(placements)
    if placements is None or bagged_at is None:
        return None
    return _Usual(alike.apart(placements), bagged_at)


def _prints(needs: Sequence[Need], point: PointSnapshot, usual: _Usual) -> Prints:
    """Return our prints, in the order they start, each at home where it was placed."""
    indices = {printer.id: index for index, printer in enumerate(point.printers)}
    times = [times_at(need, point) for need in needs]
    placed = sorted(usual.placements, key=lambda one: (one.starts_at, one.need))
    return Prints(
        times=[times[one.need] for one in placed],
        homes=[-1 if point.shared_queue else indices[one.printer_id] for one in placed],
        parts=list(range(len(placed))),
        materials=[needs[one.need].material for one in placed],
        copies=[needs[one.need].copies for one in placed],
    )


def _benches(
    now: datetime, needs: Sequence[Need], point: PointSnapshot, until: datetime, urgency: float
) -> list[Bench]:
    """Return the printers that can make any of the needs, in the point's order."""
    makers = [{printer.id for printer in usable_printers(need, point)} for need in needs]
    return [
        Bench(
            printer.id,
            _free_at(now, needs, point, printer, until, urgency),
            tuple(
                _usually(need.time_on(printer)) if printer.id in ids else None
                for need, ids in zip(needs, makers, strict=True)
            ),
            printer.away,
        )
        for printer in point.printers
        if any(printer.id in ids for ids in makers)
    ]


def _free_at(
    now: datetime,
    needs: Sequence[Need],
    point: PointSnapshot,
    printer: PrinterSnapshot,
    until: datetime,
    urgency: float,
) -> datetime | None:
    """Return when the printer's bed is clear of everything that stands before us."""
    free_at: datetime | None = now
    if printer.running is not None:
        free_at = cleared_at(point, now + _usually(printer.running.time))
    elif not printer.bed_clear:
        free_at = cleared_at(point, now)
    held = (
        time
        for hold in point.holds
        if hold.printer_id == printer.id and hold.expires_at > now
        for time in hold.prints
    )
    waiting = (
        queued.time
        for queued in printer.waiting
        if queued.due_at is None or minutes_of(queued.due_at) <= urgency
    )
    for ahead in (*waiting, *held):
        if free_at is None:
            return None
        duration = _usually(ahead)
        start = starts_at(point, free_at, duration, until, printer.away)
        free_at = None if start is None else cleared_at(point, start + duration)
    if free_at is not None and all(need.material != printer.material for need in needs):
        minutes = timedelta(minutes=point.material_change_minutes)
        return point.staffed_hours.add_open_time(free_at, minutes)
    return free_at


def _usually(time: PrintTime) -> timedelta:
    return timedelta(seconds=time.quantile_seconds(_MEDIAN))
