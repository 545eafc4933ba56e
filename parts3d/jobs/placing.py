"""A confirmed order becomes jobs: one a print, where its promise was planned."""

from collections.abc import Mapping
from datetime import datetime
from string import ascii_uppercase
from typing import Any

from sqlmodel import Session

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.errors import Conflict, NotFound
from parts3d.jobs.following import follow_jobs
from parts3d.jobs.keeping.tables import Rescue, RescueKind, RescueStatus
from parts3d.jobs.keeping.words import hedge_words
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job, JobEvent
from parts3d.orders.agreement import agreed_promise, check_unpaid
from parts3d.orders.lifecycle import OrderStatus, PaymentStatus
from parts3d.orders.moves import move_order
from parts3d.orders.queries import lock_order, order_at_point, whole_order
from parts3d.orders.tables import Order, OrderLine, Payment, PaymentEvent
from parts3d.orders.tokens import read_confirmation
from parts3d.points.shelf import take_off_shelf
from parts3d.promises.holds import lock_point, take
from parts3d.promises.tables import Promise
from parts3d.settings import Settings

_LETTERS = ascii_uppercase


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
    for sold in whole_order(session, order.id).sold:
        if sold.revision.status is not RevisionStatus.APPROVED:
            raise Conflict(
                f"{sold.line.title} was taken off sale; the order cannot be placed. "
                "Nothing was charged.",
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
    take(session, promise, order.id)
    order.promise_id = promise.id
    order.ready_promised_at = promise.ready_at
    order.contact_confirmed_at = order.contact_confirmed_at or now
    order.placed_at = now
    move_order(session, order, OrderStatus.PLACED, actor=actor, now=now)
    _open_payment(session, order, actor, now)
    create_jobs(session, order, promise, now)
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


def create_jobs(session: Session, order: Order, promise: Promise, now: datetime) -> None:
    """Add one job for each print that a promise planned, or part in stock, at the order's point.

    Raises:
        Conflict: a part that was held in stock has gone.
    """
    sold = {one.line.position: one for one in whole_order(session, order.id).sold}
    next_copy = dict.fromkeys(sold, 1)
    last: Job | None = None
    for placement in promise.placements:
        if last is not None and placement.get("twin"):
            _add_twin(session, last, placement, now)
            continue
        # Promises of before orders had several lines say neither line nor copies.
        position, copies = placement.get("line", 1), placement.get("copies", 1)
        one, copy_number = sold[position], next_copy[position]
        next_copy[position] += copies
        last = Job(
            order_id=order.id,
            line_id=one.line.id,
            copy_number=copy_number,
            copies=copies,
            point_id=order.point_id,
            planned_printer_id=placement["printer_id"],
            revision_id=one.revision.id,
            material=one.revision.recipe["material"],
            label=job_label(order.number, one.line, len(sold), copy_number, copies),
            status=JobStatus.WAITING,
            print_seconds=placement["print_seconds"],
            due_at=promise.ready_at,
            reason="Waits for a printer.",
            created_at=now,
        )
        if "unit_id" in placement:
            # What lay in stock is checked: only bagging is left.
            part = take_off_shelf(session, placement["unit_id"], now)
            last.status, last.stock_unit_id = JobStatus.PASSED, part.unit_id
            last.reason = stock_words(part.serial)
        add_job(session, last)
    follow_jobs(session, order.id, now)


def _add_twin(session: Session, job: Job, placement: Mapping[str, Any], now: datetime) -> None:
    """Add the second print that a promise for today was made with, and the row that says why."""
    twin = add_job(
        session,
        Job(
            order_id=job.order_id,
            line_id=job.line_id,
            copy_number=job.copy_number,
            copies=job.copies,
            point_id=job.point_id,
            planned_printer_id=placement["printer_id"],
            revision_id=job.revision_id,
            material=job.material,
            label=f"{job.label} +",
            status=JobStatus.WAITING,
            print_seconds=placement["print_seconds"],
            due_at=job.due_at,
            reason=hedge_words(job.label),
            hedge_of=job.id,
            created_at=now,
        ),
    )
    session.add(
        Rescue(
            order_id=job.order_id,
            job_id=job.id,
            new_job_id=twin.id,
            kind=RescueKind.TWIN,
            status=RescueStatus.DONE,
            from_point_id=job.point_id,
            to_point_id=job.point_id,
            from_printer_id=job.planned_printer_id,
            to_printer_id=twin.planned_printer_id,
            reason={"code": "promised_so"},
            made_at=now,
        )
    )
    session.flush()


def stock_words(serial: str) -> str:
    """Say which part of the stock serves a job."""
    return f"It was in stock already: {serial}."


def add_job(session: Session, job: Job) -> Job:
    """Add a job with the first event of its history."""
    session.add(job)
    session.flush()
    session.add(
        JobEvent(
            job_id=job.id,
            at=job.created_at,
            epoch=0,
            to_status=job.status,
            actor="system",
            reason=job.reason if job.remade_from or job.stock_unit_id else None,
        )
    )
    session.flush()
    return job


def job_label(number: str, line: OrderLine, lines: int, copy_number: int, copies: int) -> str:
    """Return what staff and the agent call a job.

    "P3D-7K4M-2Q9X 2/3" is the second copy of three; of an order of several lines, with the line
    before it, "P3D-7K4M-2Q9X B 2/3"; of a plate, "P3D-7K4M-2Q9X 1-4/10".
    """
    last = copy_number + copies - 1
    which = f"{copy_number}-{last}" if copies > 1 else f"{copy_number}"
    letter = f"{_LETTERS[(line.position - 1) % len(_LETTERS)]} " if lines > 1 else ""
    return f"{number} {letter}{which}/{line.quantity}"
