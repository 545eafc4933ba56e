"""A confirmed order becomes jobs: one a copy, where its promise was planned."""

from datetime import datetime

from sqlmodel import Session

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.tables import Revision
from parts3d.errors import Conflict, NotFound
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job, JobEvent
from parts3d.orders.agreement import agreed_promise, check_unpaid
from parts3d.orders.lifecycle import OrderStatus, PaymentStatus
from parts3d.orders.moves import move_order
from parts3d.orders.queries import lock_order, order_at_point, whole_order
from parts3d.orders.tables import Order, Payment, PaymentEvent
from parts3d.orders.tokens import read_confirmation
from parts3d.promises.holds import lock_point, take
from parts3d.promises.tables import Promise
from parts3d.settings import Settings


def confirm_contact(
    session: Session,
    settings: Settings,
    confirmation: str,
    now: datetime,
    *,
    accepted_ready_at: datetime | None = None,
) -> Order:
    """Place the order whose mail this confirmation came from. Twice is once.

    Call it from a POST only: mail scanners follow every link.

    Raises:
        NotFound: not signed by us.
        Expired: older than a day.
        Conflict: cancelled meanwhile, too many open orders, or no capacity left.
        PromiseChanged: the hold has expired and it would be ready later; ask, then call again
            with ``accepted_ready_at``.
    """
    order_id = read_confirmation(settings.secret(), confirmation, now)
    return place(
        session, settings, order_id, now, actor="customer", accepted_ready_at=accepted_ready_at
    )


def confirm_by_staff(
    session: Session,
    settings: Settings,
    *,
    point_id: str,
    number: str,
    actor: str,
    now: datetime,
    accepted_ready_at: datetime | None = None,
) -> Order:
    """Place an order whose customer stands at the counter; as ``confirm_contact``.

    Raises:
        NotFound: no such order at this point.
    """
    order = order_at_point(session, point_id, number)
    if order is None:
        raise NotFound("There is no such order at this point.", code="unknown_order")
    return place(session, settings, order.id, now, actor=actor, accepted_ready_at=accepted_ready_at)


def place(
    session: Session,
    settings: Settings,
    order_id: str,
    now: datetime,
    *,
    actor: str,
    accepted_ready_at: datetime | None = None,
) -> Order:
    """Confirm an order and create its jobs, in one unit of work; a placed one stays as it is."""
    order = lock_order(session, order_id)
    if order.status is OrderStatus.CANCELLED:
        raise Conflict(
            "This order was cancelled. Order again from the shop.", code="order_cancelled"
        )
    if order.status is not OrderStatus.PRICED:
        return order
    revision = whole_order(session, order.id).revision
    if revision.status is not RevisionStatus.APPROVED:
        raise Conflict(
            "This part was taken off sale; the order cannot be placed. Nothing was charged.",
            code="not_on_sale",
        )
    check_unpaid(session, settings, order.contact_email, besides=order.id)
    # Nobody plans here between the hold's end and the jobs' beginning.
    lock_point(session, order.point_id)
    promise = agreed_promise(
        session,
        settings,
        session.get_one(Promise, order.promise_id),
        now,
        agreed=accepted_ready_at,
        read_queues=read_queues,
    )
    take(session, promise)
    order.promise_id = promise.id
    order.ready_promised_at = promise.ready_at
    order.contact_confirmed_at = order.contact_confirmed_at or now
    order.placed_at = now
    move_order(session, order, OrderStatus.PLACED, actor=actor, now=now)
    _open_payment(session, order, actor, now)
    _create_jobs(session, order, promise, now)
    return order


def _open_payment(session: Session, order: Order, actor: str, now: datetime) -> None:
    payment = Payment(
        order_id=order.id,
        status=PaymentStatus.CREATED,
        amount_cents=order.total_cents,
        created_at=now,
    )
    session.add(payment)
    session.flush()
    session.add(
        PaymentEvent(payment_id=payment.id, at=now, to_status=PaymentStatus.CREATED, actor=actor)
    )
    session.flush()


def _create_jobs(session: Session, order: Order, promise: Promise, now: datetime) -> None:
    whole = whole_order(session, order.id)
    revision: Revision = whole.revision
    line = whole.lines[0]
    for copy_number, placement in enumerate(promise.placements, start=1):
        job = Job(
            order_id=order.id,
            line_id=line.id,
            copy_number=copy_number,
            point_id=order.point_id,
            planned_printer_id=placement["printer_id"],
            revision_id=revision.id,
            material=revision.recipe["material"],
            label=f"{order.number} {copy_number}/{line.quantity}",
            status=JobStatus.WAITING,
            print_seconds=placement["print_seconds"],
            due_at=promise.ready_at,
            reason="Waits for a printer.",
            created_at=now,
        )
        session.add(job)
        session.flush()
        session.add(
            JobEvent(job_id=job.id, at=now, epoch=0, to_status=JobStatus.WAITING, actor="system")
        )
    session.flush()
