"""Writing and sending notices. The mail server is called outside any transaction."""

from datetime import UTC, datetime, timedelta

from parts3d.context import Context
from parts3d.integrations.smtp import Delivery, deliver
from parts3d.notices.announce import TELL
from parts3d.notices.occasions import owed_occasions, write_occasions
from parts3d.notices.service import (
    begin,
    finish,
    message,
    owed,
    put_back,
    release_stuck,
    waiting,
    write_due,
)
from parts3d.orders.tables import Order
from parts3d.tasks import sweeper, task

SEND = "notices.send"
_NO_SERVER_REST = timedelta(minutes=5)


@task(TELL)
def tell(context: Context, order_id: str) -> None:
    """Write what an order owes to its customer, and send it."""
    now = datetime.now(UTC)
    with context.database.unit_of_work() as work:
        write_due(work.session, context.settings, order_id, now)
        write_occasions(work.session, context.settings, order_id, now)
    with context.database.reading() as session:
        ids = waiting(session, now, order_id=order_id)
    for notice_id in ids:
        send_notice(context, notice_id, now)


@task(SEND)
def send(context: Context, notice_id: str) -> None:
    """Send one notice, if it still waits."""
    send_notice(context, notice_id, datetime.now(UTC))


def send_notice(context: Context, notice_id: str, now: datetime) -> None:
    """Take, send, note. A worker that dies in between leaves a row that is sent again."""
    settings = context.settings
    with context.database.unit_of_work() as work:
        notice = begin(work.session, notice_id, now)
        if notice is None:
            return
        order = work.session.get_one(Order, notice.order_id)
        mail = message(settings, notice, order)
    if settings.smtp_url:
        delivery = deliver(settings.smtp_url, mail)
    elif settings.demo:
        delivery = Delivery(accepted=True, reason="Shown in the demo's mailbox.")
    else:
        with context.database.unit_of_work() as work:
            put_back(
                work.session,
                notice_id,
                "No mail server is set (PARTS3D_SMTP_URL); the mail waits.",
                now + _NO_SERVER_REST,
            )
        return
    with context.database.unit_of_work() as work:
        finish(work.session, notice_id, delivery, now)


@sweeper
def ring_notices(context: Context, now: datetime) -> None:
    """Ring again for notices that nobody wrote or sent."""
    with context.database.unit_of_work() as work:
        release_stuck(work.session, now)
        unwritten = {*owed(work.session, now), *owed_occasions(work.session)}
        unsent = waiting(work.session, now)
    for order_id in unwritten:
        context.ring_task(TELL, order_id)
    for notice_id in unsent:
        context.ring_task(SEND, notice_id)
