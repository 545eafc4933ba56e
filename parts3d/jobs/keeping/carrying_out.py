"""From the planner's moves to rows: each in a transaction of its own, each looked at again."""

from datetime import datetime

from sqlmodel import Session, select

from parts3d.context import Context
from parts3d.jobs.channels import ring_order, ring_point
from parts3d.jobs.keeping.acts import ACTOR, Why, hedge, plan_on
from parts3d.jobs.keeping.elsewhere import ask, open_question
from parts3d.jobs.keeping.tables import Rescue, RescueKind, RescueStatus
from parts3d.jobs.keeping.words import TOLD
from parts3d.notices.announce import announce
from parts3d.orders.moves import note_order
from parts3d.orders.queries import lock_order
from parts3d.promises.rescue import Move, MoveKind
from parts3d.settings import Settings


def carry_out(context: Context, move: Move, now: datetime) -> Rescue | None:
    """Make one move, in one transaction; None when it no longer helps or was made before."""
    with context.database.unit_of_work() as work:
        row = make(work.session, context.settings, move, now)
        if row is None:
            return None
        announce(context, work, row.order_id, row.to_point_id)
        work.after_commit(lambda: ring_point(context.bell, row.from_point_id))
        work.after_commit(lambda: ring_order(context.bell, row.order_id))
        return row


def make(session: Session, settings: Settings, move: Move, now: datetime) -> Rescue | None:
    """Make one move in the caller's unit of work."""
    why = Why(
        move.reason,
        move.ready_before,
        move.ready_after,
        _chance(move.kept_before),
        _chance(move.kept_after),
    )
    if move.kind is MoveKind.OTHER_PRINTER:
        return plan_on(session, move.job_id, move.to_printer_id, why, now)
    if move.kind is MoveKind.HEDGE:
        return hedge(session, move.job_id, move.to_printer_id, why, now)
    if move.kind is MoveKind.OTHER_POINT:
        return ask(session, settings, move.order_id, move.to_point_id, why, now)
    return tell(session, move.order_id, why, now)


def tell(session: Session, order_id: str, why: Why, now: datetime) -> Rescue | None:
    """Tell a customer, once and before the time, that her promise will not be kept."""
    order = lock_order(session, order_id)
    told = session.exec(
        select(Rescue.id).where(
            Rescue.order_id == order_id,
            Rescue.kind == RescueKind.TELL,
            Rescue.from_point_id == order.point_id,
        )
    ).first()
    if told is not None or now >= order.ready_promised_at:
        return None
    if open_question(session, order_id, now) is not None:
        return None  # she has a choice yet; afterwards it is looked at again
    row = Rescue(
        order_id=order_id,
        kind=RescueKind.TELL,
        status=RescueStatus.DONE,
        from_point_id=order.point_id,
        to_point_id=order.point_id,
        made_at=now,
        **why.columns(),
    )
    session.add(row)
    note_order(session, order, TOLD[RescueKind.TELL], actor=ACTOR, now=now)
    return row


def _chance(share: float) -> float:
    # Sums of weights differ from 0 and 1 in their last bits.
    return min(max(share, 0.0), 1.0)
