"""Tell everybody who waits that an order has moved: its page, its point, its customer's mail."""

from parts3d.context import Context
from parts3d.db import Work
from parts3d.jobs.channels import ring_order, ring_point

TELL = "notices.tell"


def announce(context: Context, work: Work, order_id: str, point_id: str) -> None:
    """Ring after the commit: for the tracking page, the point, and the notices.

    Every edge that moves an order calls this; a ring that is lost is made up for by the sweep.
    """

    def ring() -> None:
        ring_order(context.bell, order_id)
        ring_point(context.bell, point_id)
        context.ring_task(TELL, order_id)

    work.after_commit(ring)
