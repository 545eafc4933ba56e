"""What the server promises: by the planner, by a point's stock, or by two prints at once. Pure.

What lies in stock, checked, is ready once it is bagged. Where one print is not ready today and two
at once are, two are made (``twins``).
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from parts3d.promises.attendance import collectable_at
from parts3d.promises.plan import HORIZON, plan
from parts3d.promises.rule import Rule
from parts3d.promises.snapshot import (
    Need,
    Needs,
    Offer,
    PointSnapshot,
    Reason,
    ReasonCode,
    Refusal,
    RefusalCode,
    needs_of,
)
from parts3d.promises.twins import is_for_today, with_twin


def plan_promises(
    now: datetime, wanted: Needs, points: Sequence[PointSnapshot], *, rule: Rule
) -> list[Offer | Refusal]:
    """Plan as ``plan`` does, for needs of which some may lie on these points' shelves.

    Placements are those of what is printed; ``need`` stays the index among all needs. Rush counts
    only where it is earlier than all this would be without it.
    """
    needs = needs_of(wanted)
    found = _planned(now, needs, points, rule)
    if not any(need.rush for need in needs):
        return found
    unhurried = _planned(now, [replace(need, rush=False) for need in needs], points, rule)
    return [_if_earlier(rushed, usual) for rushed, usual in zip(found, unhurried, strict=True)]


def _if_earlier(rushed: Offer | Refusal, usual: Offer | Refusal) -> Offer | Refusal:
    """Return the offer that goes first where that is earlier, with the time it would be without."""
    if (
        isinstance(rushed, Refusal)
        or isinstance(usual, Refusal)
        or rushed.otherwise_ready_at is None
        or rushed.ready_at >= usual.ready_at
    ):
        return usual
    why = Reason(ReasonCode.RUSH, {"otherwise_ready_at": usual.ready_at.isoformat()})
    others = (one for one in rushed.reasons if one.code is not ReasonCode.RUSH)
    return replace(rushed, otherwise_ready_at=usual.ready_at, reasons=(*others, why))


def _planned(
    now: datetime, needs: Sequence[Need], points: Sequence[PointSnapshot], rule: Rule
) -> list[Offer | Refusal]:
    printed = [index for index, need in enumerate(needs) if not need.on_shelf]
    if len(printed) == len(needs):
        plain = plan(now, needs, points, quantile=rule.levels, most_harm=rule.most_harm)
        return [
            _today_if_twice(now, needs, point, one, rule)
            for point, one in zip(points, plain, strict=True)
        ]
    now = now.astimezone(UTC)
    shelf = [need for need in needs if need.on_shelf]
    if not printed:
        return [_bagged(now, shelf, point, rule) for point in points]
    found = plan(
        now,
        [needs[index] for index in printed],
        points,
        quantile=rule.levels,
        most_harm=rule.most_harm,
    )
    return [
        _with_stock(now, shelf, point, one, printed, rule)
        for point, one in zip(points, found, strict=True)
    ]


def _today_if_twice(
    now: datetime,
    needs: Sequence[Need],
    point: PointSnapshot,
    plain: Offer | Refusal,
    rule: Rule,
) -> Offer | Refusal:
    if len(needs) > 1 or isinstance(plain, Refusal) or is_for_today(plain, now):
        return plain
    return with_twin(now, needs[0], point, plain, rule=rule) or plain


def _bagged(
    now: datetime, shelf: Sequence[Need], point: PointSnapshot, rule: Rule
) -> Offer | Refusal:
    """Promise what only has to be bagged, by whoever has done what lies there already."""
    parts = sum(need.parts for need in shelf)
    until = now + HORIZON
    minutes = timedelta(minutes=point.staff_backlog_minutes + parts * point.check_minutes)
    bagged_at = point.staffed_hours.add_open_time(now, minutes)
    ready_at = None if bagged_at is None else collectable_at(point, bagged_at, until)
    if ready_at is None:
        return Refusal(point.id, RefusalCode.NEVER_OPEN, {"days": HORIZON.days})
    return Offer(
        point_id=point.id,
        printer_id="",
        ready_at=ready_at,
        starts_at=now,
        reasons=(Reason(ReasonCode.FROM_STOCK, {"parts": parts}),),
        placements=(),
        quantile=rule.aim,
        place=point.place,
    )


def _with_stock(
    now: datetime,
    shelf: Sequence[Need],
    point: PointSnapshot,
    offer: Offer | Refusal,
    printed: Sequence[int],
    rule: Rule,
) -> Offer | Refusal:
    if isinstance(offer, Refusal):
        return offer
    bagged = _bagged(now, shelf, point, rule)
    if isinstance(bagged, Refusal):
        return bagged
    return replace(
        offer,
        ready_at=max(offer.ready_at, bagged.ready_at),
        reasons=(*bagged.reasons, *offer.reasons),
        placements=tuple(replace(one, need=printed[one.need]) for one in offer.placements),
    )
