"""The one place where an order's status changes."""

from datetime import datetime

from sqlmodel import Session

from parts3d.orders.lifecycle import ORDER_LIFECYCLE, OrderStatus
from parts3d.orders.tables import Order, OrderEvent


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

    Raises:
        Conflict: the table does not allow the move, or somebody else moved it first.
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
