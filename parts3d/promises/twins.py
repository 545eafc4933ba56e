"""Two prints at once of one part, where nothing else allows a promise for today. Pure.

Both fail six times in a thousand. The second print takes a place that others may need; what that
costs them is counted like any order's (``futures.quote``). As policy ``ours`` of the simulator does
it, but for each point by itself: there, a customer is offered twins only where no near point can
promise today without.
"""

from datetime import UTC, datetime
from math import inf

from parts3d.points.calendar import minutes_of, moment_of
from parts3d.points.hours import BRUSSELS
from parts3d.promises.attendance import collectable_at
from parts3d.promises.busy import eased, price_of_a_twin
from parts3d.promises.futures.quote import Quoted, doubled, quote
from parts3d.promises.futures.ready import Prints, join
from parts3d.promises.futures.scene import Scene, scene_of, times_at
from parts3d.promises.plan import HORIZON
from parts3d.promises.reasons import reasons_for
from parts3d.promises.rule import Rule
from parts3d.promises.snapshot import (
    Need,
    Offer,
    Placement,
    PointSnapshot,
    Reason,
    ReasonCode,
)

_TWO = 2


def is_for_today(offer: Offer, now: datetime) -> bool:
    """Tell whether an offer is ready on the day it is made, in Brussels."""
    return offer.ready_at.astimezone(BRUSSELS).date() == now.astimezone(BRUSSELS).date()


def with_twin(
    now: datetime, need: Need, point: PointSnapshot, plain: Offer, *, rule: Rule
) -> Offer | None:
    """Return a promise for today by two prints at once; None where that helps nobody.

    Args:
        now: aware.
        need: the whole order: one print.
        point: as ``plain`` was computed from.
        plain: what one print allows; not today.
        rule: as for ``plain``.
    """
    if need.quantity > 1 or need.on_shelf or not _closes_later_today(point, now):
        return None
    now = now.astimezone(UTC)
    scene = scene_of(now, point, now + HORIZON)
    times = times_at(need, point)
    able = [
        index
        for index, (time, printer) in enumerate(zip(times, point.printers, strict=True))
        if time is not None and printer.available
    ]
    if len(able) < _TWO:
        return None
    rule = eased(rule, point.load)
    one = Prints([times], [-1], [0], [need.material], [need.copies])
    both = join(scene, doubled(one, [-1]))
    quoted = quote(both, rule.levels.of_twins(), most_harm=rule.most_harm)
    if quoted is None or not quoted.same_day:
        return None
    if quoted.harm + price_of_a_twin(point.load, scene.backlog_minutes) > rule.most_harm:
        return None
    ready_at = collectable_at(point, moment_of(quoted.ready_at), now + HORIZON)
    if ready_at is None or ready_at >= plain.ready_at:
        return None
    return _offer(now, need, point, plain, quoted, ready_at, _second(scene, point, plain, able))


def _offer(
    now: datetime,
    need: Need,
    point: PointSnapshot,
    plain: Offer,
    quoted: Quoted,
    ready_at: datetime,
    second: str,
) -> Offer:
    first = plain.placements[0]
    twin = Placement(second, first.starts_at, first.ends_at, first.need, twin=True)
    bagged_at = moment_of(min(quoted.bagged_at, minutes_of(ready_at)))
    reasons = reasons_for(now, [need], point, quoted, plain.placements, bagged_at, ready_at)
    return Offer(
        point_id=point.id,
        printer_id=first.printer_id,
        ready_at=ready_at,
        starts_at=first.starts_at,
        reasons=(Reason(ReasonCode.TWINS), *reasons),
        placements=(*plain.placements, twin),
        quantile=quoted.level,
        place=point.place,
    )


def _second(scene: Scene, point: PointSnapshot, plain: Offer, able: list[int]) -> str:
    """Return the printer for the second print: the one with the least to do, not the first's."""
    others = [index for index in able if point.printers[index].id != plain.printer_id]
    chosen = min(
        others,
        key=lambda index: (scene.printer_state[index], int((scene.home == index).sum()), index),
    )
    return point.printers[chosen].id


def _closes_later_today(point: PointSnapshot, now: datetime) -> bool:
    opens_at = point.opening_hours.next_open(now)
    if opens_at is None or opens_at.astimezone(BRUSSELS).date() != now.astimezone(BRUSSELS).date():
        return False
    closes_at = point.opening_hours.closes_at(opens_at)
    return (inf if closes_at is None else minutes_of(closes_at)) > minutes_of(now)
