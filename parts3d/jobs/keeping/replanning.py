"""Re-planning a region at once: a snow day, a point that closes, a printer withdrawn.

Every order concerned is a row to be ticked off, each in a transaction of its own: whoever is
stopped goes on where it was, and two that work at once share the rows out.
"""

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.context import Context
from parts3d.jobs.keeping.carrying_out import carry_out
from parts3d.jobs.keeping.explaining import move_words
from parts3d.jobs.keeping.risk import moves_for
from parts3d.jobs.keeping.tables import Replan
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order

_OPEN = (OrderStatus.PLACED, OrderStatus.IN_PRODUCTION)
STAYS = "It stays as it is."
ENDED = "It is ready or has ended."


def begin_replan(
    session: Session, batch: str, point_ids: Collection[str], cause: str, now: datetime
) -> int:
    """Note every open order at these points to be looked at; returns how many are new."""
    orders = session.exec(
        select(Order.id).where(
            col(Order.point_id).in_(list(point_ids)),
            col(Order.status).in_(_OPEN),
            ~sa.exists().where(col(Replan.batch) == batch, col(Replan.order_id) == col(Order.id)),
        )
    ).all()
    session.add_all(
        [Replan(batch=batch, order_id=order_id, cause=cause, asked_at=now) for order_id in orders]
    )
    session.flush()
    return len(orders)


def replan_some(
    context: Context, now: datetime, *, batch: str | None = None, most: int = 50
) -> int:
    """Look at the orders that wait for it, the earliest promised first; returns how many."""
    with context.database.reading() as session:
        statement = (
            select(Replan.batch, Replan.order_id)
            .join(Order, col(Order.id) == col(Replan.order_id))
            .where(col(Replan.done_at).is_(None))
            .order_by(col(Order.ready_promised_at), col(Order.id))
            .limit(most)
        )
        if batch is not None:
            statement = statement.where(Replan.batch == batch)
        waiting = session.exec(statement).all()
    for of_batch, order_id in waiting:
        replan_order(context, of_batch, order_id, now)
    return len(waiting)


def replan_order(context: Context, batch: str, order_id: str, now: datetime) -> None:
    """Look at one order: make the moves that help, each in its transaction, then tick it off.

    Killed in between, it is looked at again; moves that were made are not made twice.
    """
    with context.database.reading() as session:
        order = session.get_one(Order, order_id)
        open_still = order.status in _OPEN
        moves = (
            moves_for(session, context.settings, order.point_id, now, order_id=order_id)
            if open_still
            else []
        )
    done = [row for move in moves if (row := carry_out(context, move, now)) is not None]
    with context.database.unit_of_work() as work:
        entry = work.session.exec(
            select(Replan)
            .where(Replan.batch == batch, Replan.order_id == order_id)
            .with_for_update()
        ).one()
        if entry.done_at is None:
            said = [move_words(work.session, one) for one in done]
            entry.done_at = now
            entry.result = "; ".join(said) or (STAYS if open_still else ENDED)


def progress_of(session: Session, batch: str) -> tuple[int, int]:
    """Return how many orders of a batch are done, and how many there are."""
    done, total = session.exec(
        select(sa.func.count(col(Replan.done_at)), sa.func.count()).where(Replan.batch == batch)
    ).one()
    return done, total
