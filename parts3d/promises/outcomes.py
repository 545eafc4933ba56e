"""How promises ended: kept or missed, by the minute that was promised.

A promise that has run past its minute counts as missed at once; how late it became is filled in
when the order is ready. Only the ready ones would flatter (survivor bias).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.promises.decision_tables import Outcome, PromiseDecision
from parts3d.promises.learning.calibration import PromiseOutcome
from parts3d.promises.learning.misses import Settled

MOST_SETTLED = 20_000


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of the order on a promise, as far as it is known.

    Args:
        order_id: the order's.
        ready_at: when all of it lay on the shelf; None: not yet.
        point_id: where it is (to be) collected.
        ended: cancelled or given up before it was ready.
        moved: it was moved to keep the promise, by a machine or with consent.
    """

    order_id: str
    ready_at: datetime | None
    point_id: str
    ended: bool = False
    moved: bool = False


def open_decisions(session: Session, *, limit: int = 500) -> Sequence[PromiseDecision]:
    """Return decisions that an order stands on and whose end is not known, oldest first."""
    return session.exec(
        select(PromiseDecision)
        .where(
            col(PromiseDecision.order_id).is_not(None),
            col(PromiseDecision.became_ready_at).is_(None),
            sa.or_(
                col(PromiseDecision.outcome).is_(None),
                col(PromiseDecision.outcome) == Outcome.MISSED,
            ),
        )
        .order_by(col(PromiseDecision.ready_at))
        .limit(limit)
    ).all()


def settle(
    session: Session,
    decisions: Collection[PromiseDecision],
    ended: Collection[Ended],
    now: datetime,
    *,
    grace: timedelta = timedelta(),
) -> int:
    """Note how promises ended; returns how many changed. Safe to repeat.

    Args:
        session: flushed, not committed.
        decisions: of ``open_decisions``.
        ended: what is known of their orders.
        now: a promise whose minute has passed is missed.
        grace: so much later still counts as kept.
    """
    by_order = {one.order_id: one for one in ended}
    changed = 0
    for row in decisions:
        known = by_order.get(row.order_id or "")
        if known is None:
            continue
        row.moved = row.moved or known.moved
        outcome = _outcome(row, known, now, grace)
        if outcome is None or (outcome is row.outcome and known.ready_at is None):
            continue
        row.outcome = outcome
        row.settled_at = row.settled_at or now
        if known.ready_at is not None:
            row.became_ready_at = known.ready_at
            row.ready_point_id = known.point_id
            row.late_minutes = (known.ready_at - row.ready_at) / timedelta(minutes=1)
        changed += 1
    session.flush()
    return changed


def outcome_of(row: PromiseDecision) -> PromiseOutcome:
    """Return a settled decision as the calibration counts it."""
    return PromiseOutcome(
        stated=row.level,
        kept=row.outcome is Outcome.KEPT,
        point=row.point_id,
        hour=row.hour,
        model=row.printer_model,
        same_day=row.same_day,
    )


def settled_since(session: Session, begin: datetime, now: datetime) -> list[Settled]:
    """Return the promises whose minute has passed since then, kept and missed.

    Not those that were ready before their minute came: of what is still open only the good ones
    would be known (survivor bias).
    """
    rows = session.exec(
        select(PromiseDecision)
        .where(
            col(PromiseDecision.ready_at) > begin,
            col(PromiseDecision.ready_at) < now,
            col(PromiseDecision.outcome).in_([Outcome.KEPT, Outcome.MISSED]),
        )
        .order_by(col(PromiseDecision.ready_at).desc())
        .limit(MOST_SETTLED)
    ).all()
    return [
        Settled(
            outcome_of(row),
            row.level if row.planned_level is None else row.planned_level,
            (now - row.ready_at) / timedelta(days=1),
        )
        for row in rows
    ]


def _outcome(row: PromiseDecision, known: Ended, now: datetime, grace: timedelta) -> Outcome | None:
    last = row.ready_at + grace
    if known.ready_at is not None:
        return Outcome.KEPT if known.ready_at <= last else Outcome.MISSED
    if known.ended:
        # Given up after its minute: the promise was broken all the same.
        return row.outcome or (Outcome.ENDED if now <= last else Outcome.MISSED)
    return Outcome.MISSED if now > last else None
