"""Where an order is, as its customer sees it: stage, progress, code, what she may still do."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel import Session, col, select

from parts3d.jobs.hedges import furthest
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.stock import is_at_hand
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.queries import WholeOrder, whole_order
from parts3d.orders.tables import OrderLine
from parts3d.orders.tokens import collection_code, order_token
from parts3d.points.closing import hours_of
from parts3d.points.hours import Hours
from parts3d.promises.holds import is_held
from parts3d.settings import Settings

_GONE = frozenset({JobStatus.MOVED, JobStatus.CANCELLED})
_STARTABLE = frozenset({JobStatus.WAITING, JobStatus.LEASED})
_OFF_THE_PRINTER = frozenset(
    {JobStatus.PRINTED, JobStatus.PASSED, JobStatus.READY, JobStatus.HANDED_OVER}
)
_READY = frozenset({JobStatus.READY, JobStatus.HANDED_OVER})


class Stage(StrEnum):
    """What the tracking page shows, in this order; the last two stand beside it."""

    CONFIRM = "confirm"  # waits for the address to be confirmed
    QUEUED = "queued"  # placed; waits for its printer
    PRINTING = "printing"
    CHECKING = "checking"  # all copies are printed; a person checks and bags
    READY = "ready"
    COLLECTED = "collected"
    ATTENTION = "attention"  # waits for a person, with the reason
    CANCELLED = "cancelled"


# Where the order's status alone says it; between, its jobs do.
_STAGES = {
    OrderStatus.DRAFT: Stage.CONFIRM,
    OrderStatus.PRICED: Stage.CONFIRM,
    OrderStatus.AWAITING_PAYMENT: Stage.CONFIRM,
    OrderStatus.READY: Stage.READY,
    OrderStatus.EXPIRED_UNCOLLECTED: Stage.READY,
    OrderStatus.COLLECTED: Stage.COLLECTED,
    OrderStatus.CLOSED: Stage.COLLECTED,
    OrderStatus.RETURN_OPEN: Stage.COLLECTED,
    OrderStatus.ACTION_NEEDED: Stage.ATTENTION,
    OrderStatus.CANCELLED: Stage.CANCELLED,
}


@dataclass(frozen=True, slots=True)
class CopyProgress:
    """One print of a line, as far as it is; ``progress`` from 0 to 1."""

    line_id: str
    copy_number: int
    copies: int
    status: JobStatus
    progress: float
    remaining_seconds: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Tracking:
    """One order for its page.

    Args:
        whole: the order with all that belongs to it.
        token: the secret of its link.
        stage: where it is.
        progress: mean of its copies, 0 to 1.
        remaining_seconds: of the longest running print, if known.
        copies: each print, by line.
        reason: why it waits or ended, in words.
        code: the collection code, once it is ready.
        may_cancel: free cancellation is still possible.
        hold_expired: it is unconfirmed and its ready time is no longer held.
        hours: when its point is open, without what is closed.
    """

    whole: WholeOrder
    token: str
    stage: Stage
    progress: float
    remaining_seconds: float | None
    copies: tuple[CopyProgress, ...]
    reason: str | None
    code: str | None
    may_cancel: bool
    hold_expired: bool
    hours: Hours


def track(session: Session, settings: Settings, order_id: str, now: datetime) -> Tracking:
    """Return where an order is.

    Raises:
        NotFound: there is none.
    """
    whole = whole_order(session, order_id)
    order = whole.order
    serving = session.exec(
        select(Job)
        .join(OrderLine, col(OrderLine.id) == col(Job.line_id))
        .where(
            Job.order_id == order_id,
            col(Job.status).not_in(_GONE),
            col(Job.surplus_since).is_(None),
        )
        .order_by(col(OrderLine.position), col(Job.copy_number), col(Job.created_at))
    ).all()
    # Of two prints of the same part she sees the one that is further.
    jobs = furthest(serving)
    copies = tuple(_copy(job) for job in jobs)
    remaining = [one.remaining_seconds for one in copies if one.remaining_seconds is not None]
    secret = settings.secret()
    stage = stage_of(order.status, [job.status for job in jobs])
    return Tracking(
        whole=whole,
        token=order_token(secret, order.id),
        stage=stage,
        progress=_mean_progress(copies),
        remaining_seconds=max(remaining, default=None),
        copies=copies,
        reason=order.reason or next((one.reason for one in copies if one.reason), None),
        # A part that was rejected on the shelf is no reason to come.
        code=collection_code(secret, order.id)
        if order.status is OrderStatus.READY and stage is Stage.READY
        else None,
        may_cancel=_may_cancel(order.status, serving),
        hold_expired=order.status is OrderStatus.PRICED and not is_held(whole.promise, now),
        hours=hours_of(session, whole.point, now),
    )


def stage_of(status: OrderStatus, jobs: Sequence[JobStatus]) -> Stage:
    """Return the stage of an order and its serving jobs. Pure."""
    rejected_on_the_shelf = status is OrderStatus.READY and not all(one in _READY for one in jobs)
    if status in _STAGES and not rejected_on_the_shelf:
        return _STAGES[status]
    if JobStatus.NEEDS_HUMAN in jobs:
        return Stage.ATTENTION
    if jobs and all(one in _OFF_THE_PRINTER for one in jobs):
        return Stage.CHECKING
    return Stage.QUEUED if all(one in _STARTABLE for one in jobs) else Stage.PRINTING


def _copy(job: Job) -> CopyProgress:
    done = job.status in _OFF_THE_PRINTER
    running = job.status in {JobStatus.PRINTING, JobStatus.UNKNOWN}
    return CopyProgress(
        line_id=job.line_id,
        copy_number=job.copy_number,
        copies=job.copies,
        status=job.status,
        progress=1.0 if done else (job.progress or 0.0) if running else 0.0,
        remaining_seconds=job.remaining_seconds if running else None,
        reason=job.reason,
    )


def _mean_progress(copies: Sequence[CopyProgress]) -> float:
    parts = sum(one.copies for one in copies)
    return sum(one.progress * one.copies for one in copies) / parts if parts else 0.0


def _may_cancel(status: OrderStatus, jobs: Sequence[Job]) -> bool:
    open_order = status in {OrderStatus.PRICED, OrderStatus.PLACED, OrderStatus.ACTION_NEEDED}
    return open_order and all(job.status in _STARTABLE or is_at_hand(job) for job in jobs)
