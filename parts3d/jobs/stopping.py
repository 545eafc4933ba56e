"""Cancelling an order stops its jobs, or does not happen: never both cancelled and printing."""

from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import Conflict
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Job
from parts3d.orders.cancellation import end_cancelled, too_late
from parts3d.orders.queries import lock_order
from parts3d.orders.tables import Order

_STOPPABLE = frozenset({JobStatus.WAITING, JobStatus.LEASED})
_OVER = frozenset({JobStatus.CANCELLED, JobStatus.MOVED})


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
    open_jobs = [job for job in jobs if job.status not in _OVER]
    if any(job.status not in _STOPPABLE for job in open_jobs):
        raise too_late(order)
    for job in open_jobs:
        move_job(session, job, JobStatus.CANCELLED, actor=actor, now=now, reason=reason)
        job.lease_until = None
    end_cancelled(session, order, actor=actor, now=now, reason=reason)
    return order
