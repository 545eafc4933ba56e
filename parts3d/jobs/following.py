"""An order follows its jobs: in production with the first permit, ready with the last check."""

from collections.abc import Collection
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.moves import move_order
from parts3d.orders.tables import Order

_NOT_STARTED = frozenset({JobStatus.WAITING, JobStatus.LEASED})
_NO_LONGER_SERVING = frozenset({JobStatus.MOVED, JobStatus.CANCELLED})
_ON_THE_SHELF = frozenset({JobStatus.READY, JobStatus.HANDED_OVER})
_FOLLOWS = frozenset({OrderStatus.PLACED, OrderStatus.IN_PRODUCTION, OrderStatus.READY})


def status_by_jobs(statuses: Collection[JobStatus]) -> OrderStatus | None:
    """Return the status that an order has by its jobs; none if no job serves it.

    Hand-over moves the order itself, since money changes hands with it.
    """
    serving = [status for status in statuses if status not in _NO_LONGER_SERVING]
    if not serving:
        return None
    if all(status in _ON_THE_SHELF for status in serving):
        return OrderStatus.READY
    if any(status not in _NOT_STARTED for status in serving):
        return OrderStatus.IN_PRODUCTION
    return OrderStatus.PLACED


def tells_orders(before: JobStatus, after: JobStatus) -> bool:
    """Tell whether an order may follow a job's move: one between lease and queue starts nothing."""
    return not {before, after} <= _NOT_STARTED


def follow_jobs(session: Session, order_id: str, now: datetime) -> None:
    """Move an order to where its jobs are, if it is in production at all."""
    # Its key stays: a row of a job that changes twice has a share of it (PostgreSQL), and two such
    # claims of one order would wait for each other.
    order = session.get_one(Order, order_id, with_for_update={"key_share": True})
    if order.status not in _FOLLOWS:
        return
    jobs = session.exec(
        select(Job).where(Job.order_id == order_id, col(Job.surplus_since).is_(None))
    ).all()
    target = status_by_jobs([_as_of_production(job) for job in jobs])
    forward = (
        (OrderStatus.PLACED, OrderStatus.IN_PRODUCTION),
        (OrderStatus.IN_PRODUCTION, OrderStatus.READY),
    )
    # A reject on the shelf, or a lease given back, does not take the order's progress back.
    for before, after in forward:
        if order.status is before and target in {after, OrderStatus.READY}:
            move_order(session, order, after, actor="system", now=now)
    if order.status is OrderStatus.READY and order.ready_at is None:
        order.ready_at = now
        session.flush()


def _as_of_production(job: Job) -> JobStatus:
    """Count a part in stock that has to be bagged as not started: nothing is made for it."""
    bagging = job.stock_unit_id is not None and job.status is JobStatus.PASSED
    return JobStatus.WAITING if bagging else job.status
