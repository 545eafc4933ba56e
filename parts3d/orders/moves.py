"""The one place where an order's and a payment's status change."""

from datetime import datetime

from sqlmodel import Session

from parts3d.orders.lifecycle import (
    ORDER_LIFECYCLE,
    PAYMENT_LIFECYCLE,
    OrderStatus,
    PaymentStatus,
)
from parts3d.orders.tables import Order, OrderEvent, Payment, PaymentEvent


def move_order(
    session: Session,
    order: Order,
    target: OrderStatus,
    *,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Move an order and append its event; the same status is a no-op.

    Args:
        session: flushed, not committed.
        order: the row; its version makes the change compare-and-set.
        target: where to.
        actor: ``customer``, ``staff:<id>``, ``agent:<id>`` or ``system``.
        now: the server's moment.
        reason: in words; becomes the order's reason (none clears it).

    Raises:
        Conflict: the table does not allow the move.
    """
    before = order.status
    if before == target:
        return
    order.status = ORDER_LIFECYCLE.move(before, target)
    order.reason = reason
    session.add(
        OrderEvent(
            order_id=order.id,
            at=now,
            from_status=before,
            to_status=target,
            actor=actor,
            reason=reason,
        )
    )
    session.flush()


def note_order(
    session: Session, order: Order, words: str, *, actor: str, now: datetime
) -> OrderEvent:
    """Append something worth telling that happened to an order whose status stays."""
    event = OrderEvent(
        order_id=order.id,
        at=now,
        from_status=order.status,
        to_status=order.status,
        actor=actor,
        reason=words,
    )
    session.add(event)
    session.flush()
    return event


def move_payment(
    session: Session,
    payment: Payment,
    target: PaymentStatus,
    *,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Move a payment and append its event; as ``move_order``."""
    before = payment.status
    if before == target:
        return
    payment.status = PAYMENT_LIFECYCLE.move(before, target)
    session.add(
        PaymentEvent(
            payment_id=payment.id,
            at=now,
            from_status=before,
            to_status=target,
            actor=actor,
            reason=reason,
        )
    )
    session.flush()
