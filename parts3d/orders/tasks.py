"""What time alone does to orders, done by the sweep."""

from datetime import datetime, timedelta

from parts3d.context import Context
from parts3d.jobs.channels import ring_order
from parts3d.notices.announce import announce
from parts3d.orders.cancellation import cancel_unconfirmed
from parts3d.orders.compensation import compensate, missed
from parts3d.orders.tables import Order
from parts3d.tasks import sweeper


@sweeper
def give_up_unconfirmed(context: Context, now: datetime) -> None:
    """Cancel orders whose address nobody confirmed within a day."""
    with context.database.unit_of_work() as work:
        ended = cancel_unconfirmed(work.session, now)
    for order_id in ended:
        ring_order(context.bell, order_id)


@sweeper
def compensate_missed(context: Context, now: datetime) -> None:
    """Apologise for missed promises and compensate them, one transaction an order."""
    grace = timedelta(minutes=context.settings.grace_minutes)
    with context.database.reading() as session:
        late = missed(session, now, grace=grace)
    for order_id in late:
        with context.database.unit_of_work() as work:
            if compensate(work.session, context.settings, order_id, now) is not None:
                order = work.session.get_one(Order, order_id)
                announce(context, work, order.id, order.point_id)
