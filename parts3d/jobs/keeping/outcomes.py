"""What became of the orders that promises were made for: read here, judged by ``promises``."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.jobs.keeping.tables import Rescue, RescueKind, RescueStatus
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.promises.outcomes import Ended, open_decisions, settle

_STAYED = (RescueKind.TELL, RescueKind.TWIN)


def settle_outcomes(session: Session, now: datetime, *, grace: timedelta) -> int:
    """Note how promises ended since the last time; returns how many changed."""
    decisions = open_decisions(session)
    ids = {row.order_id for row in decisions if row.order_id}
    return settle(session, decisions, _ended(session, ids), now, grace=grace)


def _ended(session: Session, order_ids: Collection[str]) -> list[Ended]:
    orders = session.exec(select(Order).where(col(Order.id).in_(list(order_ids)))).all()
    moved = set(
        session.exec(
            select(Rescue.order_id).where(
                col(Rescue.order_id).in_(list(order_ids)),
                Rescue.status == RescueStatus.DONE,
                col(Rescue.kind).not_in(_STAYED),
            )
        )
    )
    return [
        Ended(
            order.id,
            order.ready_at,
            order.point_id,
            ended=order.status is OrderStatus.CANCELLED,
            moved=order.id in moved,
        )
        for order in orders
    ]
