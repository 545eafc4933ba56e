"""Cancelling an order stops its jobs, or does not happen: never both cancelled and printing."""

from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import Conflict, Invalid
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.stock import give_back, is_at_hand
from parts3d.jobs.tables import Job
from parts3d.orders.cancellation import end_cancelled, too_late
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.moves import move_order
from parts3d.orders.queries import lock_order
from parts3d.orders.tables import Order

_STOPPABLE = frozenset({JobStatus.WAITING, JobStatus.LEASED})
_OVER = frozenset({JobStatus.CANCELLED, JobStatus.MOVED})
# Something may be on a printer's bed: a person decides about that job first.
_UNDECIDED = frozenset(
    {
        JobStatus.START_PERMITTED,
        JobStatus.PRINTING,
        JobStatus.UNKNOWN,
        JobStatus.NEEDS_HUMAN,
    }
)
_MADE = frozenset({JobStatus.PRINTED, JobStatus.PASSED, JobStatus.READY})
_GIVEN_UP_FROM = frozenset(
    {
        OrderStatus.PLACED,
        OrderStatus.IN_PRODUCTION,
        OrderStatus.READY,
        OrderStatus.ACTION_NEEDED,
    }
)


def cancel_order(
    session: Session, order_id: str, *, actor: str, now: datetime, reason: str | None = None
) -> Order:
    """Cancel an order free of charge while no print of it was permitted to start; twice is once.

    Jobs are locked before the order, as agents' reports lock them; and each job's version makes
    the move compare-and-set, so a permit in the same moment wins or loses as a whole.

    Raises:
        NotFound: there is none.
        Conflict: it is printing, or finished.
    """
    jobs = session.exec(
        select(Job)
        .where(Job.order_id == order_id)
        .order_by(col(Job.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    order = lock_order(session, order_id)
    present = session.exec(select(Job.id).where(Job.order_id == order_id)).all()
    if set(present) != {job.id for job in jobs}:
        # It was placed while we waited for the order's lock.
        raise Conflict("This order has changed a moment ago. Look again, then retry.")
    # What serves no line any more is finished for the stock, whatever becomes of the order.
    open_jobs = [job for job in jobs if job.status not in _OVER and job.surplus_since is None]
    if any(job.status not in _STOPPABLE and not is_at_hand(job) for job in open_jobs):
        raise too_late(order)
    for job in open_jobs:
        if is_at_hand(job):
            give_back(session, job, actor=actor, now=now, reason=reason)
            continue
        move_job(session, job, JobStatus.CANCELLED, actor=actor, now=now, reason=reason)
        job.lease_until = None
    end_cancelled(session, order, actor=actor, now=now, reason=reason)
    return order


def give_up_order(
    session: Session, order_id: str, *, actor: str, now: datetime, reason: str
) -> Order:
    """End an order that cannot be fulfilled or is never collected; nothing is charged.

    The operator's act. Parts that were made become rejects, so that no shelf holds them.

    Raises:
        NotFound: there is none.
        Invalid: no reason is given.
        Conflict: a print is under way or undecided, or the order has ended.
    """
    if not reason.strip():
        raise Invalid("Say why, for the customer and for the record.", place="why")
    jobs = session.exec(
        select(Job)
        .where(Job.order_id == order_id)
        .order_by(col(Job.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    order = lock_order(session, order_id)
    if order.status not in _GIVEN_UP_FROM:
        raise Conflict("This order has ended or was never placed.")
    # A second print that serves no line any more goes its own way, to the stock.
    jobs = [job for job in jobs if job.surplus_since is None]
    if any(job.status in _UNDECIDED for job in jobs):
        raise Conflict(
            "A print of this order is under way or undecided. Settle it at the counter first."
        )
    words = reason.strip()
    move_order(session, order, OrderStatus.ACTION_NEEDED, actor=actor, now=now, reason=words)
    for job in jobs:
        if is_at_hand(job):
            give_back(session, job, actor=actor, now=now, reason=words)
        if job.status in _MADE:
            move_job(session, job, JobStatus.FAILED, actor=actor, now=now, reason=words)
        if job.status not in _OVER:
            move_job(session, job, JobStatus.CANCELLED, actor=actor, now=now, reason=words)
            job.lease_until = None
    end_cancelled(session, order, actor=actor, now=now, reason=words)
    return order
