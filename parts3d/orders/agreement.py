"""What a customer must agree to before her order goes on: a later time; and how many may wait."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.errors import Conflict
from parts3d.orders.queries import UNPAID
from parts3d.orders.tables import Order
from parts3d.points.hours import BRUSSELS
from parts3d.promises.holds import Retaken, retake
from parts3d.promises.queries import ReadQueues
from parts3d.promises.service import say_refusal
from parts3d.promises.tables import Promise
from parts3d.settings import Settings


class PromiseChanged(Conflict):
    """The hold has expired and the ready time is later than she knows: she is asked.

    Args:
        retaken: the old time and the new one.
    """

    kind = "promise_changed"

    def __init__(self, message: str, retaken: Retaken) -> None:
        super().__init__(message)
        self.old_ready_at = retaken.old_ready_at
        self.new_ready_at = retaken.new_ready_at


def agreed_promise(
    session: Session,
    settings: Settings,
    promise: Promise,
    now: datetime,
    *,
    agreed: datetime | None,
    read_queues: ReadQueues,
) -> Promise:
    """Return the promise while it is held, else a new one no later than she has agreed to.

    Raises:
        PromiseChanged: it would be later.
        Conflict: the point can promise nothing any more.
    """
    retaken = retake(session, settings, promise, now, read_queues=read_queues)
    if retaken.refusal is not None:
        raise Conflict(say_refusal(session, retaken.refusal), code=retaken.refusal.code)
    fresh = retaken.promise
    accepted = max(retaken.old_ready_at, agreed or retaken.old_ready_at)
    if fresh is None or fresh.ready_at > accepted:
        raise PromiseChanged(_changed_words(retaken), retaken)
    return fresh


def check_unpaid(
    session: Session, settings: Settings, email: str, *, besides: str | None = None
) -> None:
    """Refuse a contact who has too many orders to be paid at the counter.

    Raises:
        Conflict: with the limit.
    """
    if session.get_bind().dialect.name == "postgresql":
        # Two orders of one contact at once would each see one too few.
        session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(email))))
    statement = (
        select(sa.func.count())
        .select_from(Order)
        .where(Order.contact_email == email, col(Order.status).in_(UNPAID), Order.id != besides)
    )
    if session.exec(statement).one() >= settings.max_unpaid_orders:
        raise Conflict(
            f"{settings.max_unpaid_orders} orders of this address are open already. "
            "Collect or cancel one of them first.",
            code="too_many_open_orders",
        )


def _changed_words(retaken: Retaken) -> str:
    def say(at: datetime | None) -> str:
        return f"{at.astimezone(BRUSSELS):%d.%m. %H:%M}" if at else "?"

    return (
        "The time that was held for you has passed. It can now be ready on "
        f"{say(retaken.new_ready_at)} instead of {say(retaken.old_ready_at)}. "
        "Agree to the new time, or choose another point."
    )
