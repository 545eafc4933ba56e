"""How an order ends before it is made: by its customer, by staff, or by time."""

from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import Conflict
from parts3d.orders.checkout import CONFIRM_WITHIN
from parts3d.orders.lifecycle import ORDER_LIFECYCLE, OrderStatus, PaymentStatus
from parts3d.orders.moves import move_order, move_payment
from parts3d.orders.queries import payment_of
from parts3d.orders.tables import Order
from parts3d.promises.holds import release
from parts3d.promises.tables import Promise
from parts3d.quotes.voucher_service import give_back


def end_cancelled(
    session: Session, order: Order, *, actor: str, now: datetime, reason: str | None
) -> None:
    """Cancel a locked order whose jobs are stopped (or do not exist); twice is once.

    Raises:
        Conflict: it is being printed, or beyond.
    """
    if order.status is OrderStatus.CANCELLED:
        return
    if not ORDER_LIFECYCLE.allows(order.status, OrderStatus.CANCELLED):
        raise too_late(order)
    release(session, session.get_one(Promise, order.promise_id))
    payment = payment_of(session, order.id)
    if payment is not None:
        move_payment(session, payment, PaymentStatus.VOIDED, actor=actor, now=now, reason=reason)
    # Nothing was paid, so a voucher was not used either.
    give_back(session, order.id, now)
    move_order(session, order, OrderStatus.CANCELLED, actor=actor, now=now, reason=reason)


def too_late(order: Order) -> Conflict:
    """Return why an order can no longer be cancelled."""
    if order.status in {OrderStatus.PLACED, OrderStatus.IN_PRODUCTION, OrderStatus.ACTION_NEEDED}:
        return Conflict("An order that is printing can no longer be cancelled.", code="printing")
    return Conflict(
        "This order is finished; it can no longer be cancelled. Ask at the counter.",
        code="finished",
    )


def cancel_unconfirmed(session: Session, now: datetime) -> list[str]:
    """Cancel orders whose address was not confirmed in time; returns their ids.

    The sweeper calls this.
    """
    late = session.exec(
        select(Order)
        .where(Order.status == OrderStatus.PRICED, col(Order.created_at) <= now - CONFIRM_WITHIN)
        .limit(200)
        .with_for_update(skip_locked=True)
    ).all()
    for order in late:
        end_cancelled(
            session,
            order,
            actor="system",
            now=now,
            reason="The address was not confirmed within a day.",
        )
    return [order.id for order in late]
