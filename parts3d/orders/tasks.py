"""What time alone does to orders, done by the sweep."""

from datetime import datetime

from parts3d.context import Context
from parts3d.jobs.channels import ring_order
from parts3d.orders.cancellation import cancel_unconfirmed
from parts3d.tasks import sweeper


@sweeper
def give_up_unconfirmed(context: Context, now: datetime) -> None:
    """Cancel orders whose address nobody confirmed within a day."""
    with context.database.unit_of_work() as work:
        ended = cancel_unconfirmed(work.session, now)
    for order_id in ended:
        ring_order(context.bell, order_id)
