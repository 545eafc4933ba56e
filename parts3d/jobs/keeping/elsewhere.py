"""Another point for a whole order, with its customer's consent; without it, it stays.

While she is asked, capacity is held at the other point. What is on a printer here already, or
beyond, becomes stock of this point when she goes; what has not started moves.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.errors import Conflict, NotFound
from parts3d.jobs.keeping.acts import ACTOR, Why
from parts3d.jobs.keeping.tables import (
    RESCUE_LIFECYCLE,
    Rescue,
    RescueKind,
    RescueStatus,
)
from parts3d.jobs.keeping.words import STAYS, asked_words, moved_words
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.placing import create_jobs
from parts3d.jobs.queues import read_queues
from parts3d.jobs.stock import give_back, is_at_hand
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.moves import note_order
from parts3d.orders.queries import lock_order
from parts3d.orders.tables import Order
from parts3d.points.tables import Point
from parts3d.promises.holds import hold_elsewhere, is_held, lock_point, release, take
from parts3d.promises.snapshot import Refusal
from parts3d.promises.tables import Promise
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings

# A customer is not asked again and again.
MOST_QUESTIONS = 2
# Sooner than this before the promise no question helps: she may be on her way.
LAST_QUESTION = timedelta(minutes=20)
_MOVABLE = frozenset({OrderStatus.PLACED, OrderStatus.IN_PRODUCTION})
_STARTABLE = frozenset({JobStatus.WAITING, JobStatus.LEASED, JobStatus.FAILED})
_OVER = frozenset({JobStatus.CANCELLED, JobStatus.MOVED, JobStatus.HANDED_OVER})


def ask(
    session: Session,
    settings: Settings,
    order_id: str,
    to_point_id: str,
    why: Why,
    now: datetime,
) -> Rescue | None:
    """Ask a customer whether she would rather collect elsewhere; capacity is held meanwhile.

    Returns:
        None when she was asked already (this, or as often as she may be), it is too late to ask,
        or the other point can no longer promise anything better.
    """
    order = lock_order(session, order_id)
    if not _may_be_asked(session, order, to_point_id, now):
        return None
    answer_by = min(
        now + timedelta(minutes=settings.consent_minutes),
        order.ready_promised_at - LAST_QUESTION,
    )
    try:
        promise = hold_elsewhere(
            session,
            settings,
            session.get_one(Quote, order.quote_id),
            to_point_id,
            now,
            until=answer_by,
            read_queues=read_queues,
        )
    except (Conflict, NotFound):
        return None
    if isinstance(promise, Refusal):
        return None
    if promise.ready_at >= (why.ready_before or datetime.max.replace(tzinfo=UTC)):
        release(session, promise)
        return None
    point = session.get_one(Point, to_point_id)
    row = Rescue(
        order_id=order.id,
        kind=RescueKind.POINT,
        status=RescueStatus.ASKED,
        from_point_id=order.point_id,
        to_point_id=to_point_id,
        promise_id=promise.id,
        made_at=now,
        answer_by=answer_by,
        **{**why.columns(), "ready_after": promise.ready_at},
    )
    session.add(row)
    note_order(session, order, asked_words(point.name), actor=ACTOR, now=now)
    return row


def _may_be_asked(session: Session, order: Order, to_point_id: str, now: datetime) -> bool:
    if order.status not in _MOVABLE or order.point_id == to_point_id:
        return False
    if now > order.ready_promised_at - LAST_QUESTION:
        return False
    asked = session.exec(
        select(Rescue).where(Rescue.order_id == order.id, Rescue.kind == RescueKind.POINT)
    ).all()
    return len(asked) < MOST_QUESTIONS and not any(
        one.status is RescueStatus.ASKED or one.to_point_id == to_point_id for one in asked
    )


def open_question(session: Session, order_id: str, now: datetime) -> Rescue | None:
    """Return what a customer is asked at this moment."""
    return session.exec(
        select(Rescue).where(
            Rescue.order_id == order_id,
            Rescue.status == RescueStatus.ASKED,
            col(Rescue.answer_by) > now,
        )
    ).first()


def accept(
    session: Session, order_id: str, rescue_id: str, now: datetime, *, actor: str = "customer"
) -> Rescue:
    """Move an order to the other point, as its customer agreed; twice is once.

    Raises:
        NotFound: she was not asked this.
        Conflict: too late, she has declined, or it is ready where it is.
    """
    jobs = session.exec(
        select(Job)
        .where(Job.order_id == order_id)
        .order_by(col(Job.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()
    order = lock_order(session, order_id)
    row = _question(session, order_id, rescue_id)
    if row.status is RescueStatus.DONE:
        return row
    promise = session.get_one(Promise, row.promise_id)
    if row.status is not RescueStatus.ASKED or not is_held(promise, now):
        raise Conflict(
            "The time to answer is over; your order stays where it was.", code="answer_too_late"
        )
    if order.status not in _MOVABLE:
        raise Conflict(
            "Your order is ready where it is, or has ended; it can no longer move.",
            code="no_longer_movable",
        )
    point = lock_point(session, row.to_point_id)
    take(session, promise, order.id)
    release(session, session.get_one(Promise, order.promise_id))
    order.promise_id = promise.id
    order.point_id = point.id
    order.ready_promised_at = promise.ready_at
    words = moved_words(point.name)
    # The new ones first: an order whose jobs have all gone would follow none.
    create_jobs(session, order, promise, now)
    for job in jobs:
        if job.status in _STARTABLE:
            move_job(session, job, JobStatus.MOVED, actor=actor, now=now, reason=words)
            job.lease_until = None
        elif is_at_hand(job):
            give_back(session, job, actor=actor, now=now, reason=words)
        elif job.status not in _OVER:
            job.surplus_since = job.surplus_since or now
    _close(row, RescueStatus.DONE, now, actor)
    note_order(session, order, words, actor=actor, now=now)
    return row


def decline(
    session: Session, order_id: str, rescue_id: str, now: datetime, *, actor: str = "customer"
) -> Rescue:
    """Leave an order where it is; twice is once.

    Raises:
        NotFound: she was not asked this.
    """
    order = lock_order(session, order_id)
    row = _question(session, order_id, rescue_id)
    if row.status is RescueStatus.ASKED:
        _give_up(session, order, row, RescueStatus.DECLINED, now, actor)
    return row


def lapse(session: Session, now: datetime) -> list[Rescue]:
    """Close questions that nobody answered in time, or that need no answer; the sweep's."""
    late = session.exec(
        select(Rescue)
        .join(Order, col(Order.id) == col(Rescue.order_id))
        .where(
            Rescue.status == RescueStatus.ASKED,
            sa.or_(col(Rescue.answer_by) <= now, col(Order.status).not_in(_MOVABLE)),
        )
        .limit(200)
    ).all()
    closed = []
    for found in late:
        order = lock_order(session, found.order_id)
        row = _question(session, order.id, found.id)
        if row.status is not RescueStatus.ASKED:
            continue
        in_time = row.answer_by is not None and row.answer_by > now
        target = RescueStatus.OVERTAKEN if in_time else RescueStatus.LAPSED
        _give_up(session, order, row, target, now, ACTOR)
        closed.append(row)
    return closed


def _question(session: Session, order_id: str, rescue_id: str) -> Rescue:
    row = session.exec(
        select(Rescue)
        .where(
            Rescue.id == rescue_id,
            Rescue.order_id == order_id,
            Rescue.kind == RescueKind.POINT,
        )
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if row is None:
        raise NotFound("There is no such question about this order.", code="unknown_question")
    return row


def _give_up(
    session: Session, order: Order, row: Rescue, target: RescueStatus, now: datetime, actor: str
) -> None:
    release(session, session.get_one(Promise, row.promise_id))
    _close(row, target, now, actor)
    if target is not RescueStatus.OVERTAKEN:
        note_order(session, order, STAYS, actor=actor, now=now)
    session.flush()


def _close(row: Rescue, target: RescueStatus, now: datetime, actor: str) -> None:
    row.status = RESCUE_LIFECYCLE.move(row.status, target)
    row.answered_at = now
    row.answered_by = actor
