"""Re-planning a region at once: a snow day, a point that closes, a printer withdrawn.

Every order concerned is a row to be ticked off, each in a transaction of its own: whoever is
stopped goes on where it was, and two that work at once share the rows out.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
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
from parts3d.promises.rescue import Move

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
            select(Replan, Order.point_id, Order.status)
            .join(Order, col(Order.id) == col(Replan.order_id))
            .where(col(Replan.done_at).is_(None))
            .order_by(col(Order.ready_promised_at), col(Order.id))
            .limit(most)
        )
        if batch is not None:
            statement = statement.where(Replan.batch == batch)
        waiting = session.exec(statement).all()
        # A point's orders are looked at together: they stand in one another's way.
        moves = {
            point_id: _by_order(moves_for(session, context.settings, point_id, now))
            for point_id in {point_id for _, point_id, status in waiting if status in _OPEN}
        }
    for entry, point_id, status in waiting:
        still_open = status in _OPEN
        of_order = moves[point_id].get(entry.order_id, []) if still_open else []
        _replan_order(context, entry, of_order, now, still_open=still_open)
    return len(waiting)


def _by_order(moves: Sequence[Move]) -> Mapping[str, list[Move]]:
    found: dict[str, list[Move]] = defaultdict(list)
    for move in moves:
        found[move.order_id].append(move)
    return found


def _replan_order(
    context: Context, entry: Replan, moves: Sequence[Move], now: datetime, *, still_open: bool
) -> None:
    """Make the moves that help one order, each in its transaction, then tick it off.

    Killed in between, it is looked at again; moves that were made are not made twice.
    """
    done = [made for move in moves if (made := carry_out(context, move, now)) is not None]
    with context.database.unit_of_work() as work:
        row = work.session.exec(
            select(Replan)
            .where(Replan.batch == entry.batch, Replan.order_id == entry.order_id)
            .with_for_update()
        ).one()
        if row.done_at is None:
            said = [move_words(work.session, one) for one in done]
            row.done_at = now
            row.result = "; ".join(said) or (STAYS if still_open else ENDED)


def progress_of(session: Session, batch: str) -> tuple[int, int]:
    """Return how many orders of a batch are done, and how many there are."""
    done, total = session.exec(
        select(sa.func.count(col(Replan.done_at)), sa.func.count()).where(Replan.batch == batch)
    ).one()
    return done, total
