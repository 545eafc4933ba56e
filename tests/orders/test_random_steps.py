"""Orders, jobs and payments under random steps: whatever is tried, only legal moves happen."""

import random
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from parts3d.db import Database
from parts3d.errors import Parts3dError
from parts3d.jobs.lifecycle import JOB_LIFECYCLE, JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.placing import confirm_contact
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tables import Job
from parts3d.orders.cancellation import cancel_unconfirmed
from parts3d.orders.collection import Desk, hand_over
from parts3d.orders.lifecycle import ORDER_LIFECYCLE, PAYMENT_LIFECYCLE, OrderStatus, PaymentStatus
from parts3d.orders.queries import payment_of
from parts3d.orders.tables import Order, OrderEvent, PaymentEvent, PaymentMethod
from parts3d.orders.tokens import collection_code
from parts3d.promises.holds import release_expired
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.units.service import hand_over_units
from tests.support.network import (
    PATH_TO_SHELF,
    confirmation_of,
    settings_for,
    small_network,
    submitted,
)

STEPS = 40
_STARTED = frozenset(JobStatus) - {
    JobStatus.WAITING,
    JobStatus.LEASED,
    JobStatus.MOVED,
    JobStatus.CANCELLED,
}


@pytest.mark.parametrize("seed", range(8))
def test_random_steps_never_make_an_illegal_move(
    database: Database, now: datetime, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    settings = settings_for(tmp_path)
    network = small_network(database, now)
    order = submitted(database, settings, network, quantity=2).order
    clock = now

    def confirm(session: Session) -> None:
        later = order.ready_promised_at + timedelta(days=3)
        confirm_contact(
            session, settings, confirmation_of(settings, order), clock, accepted_ready_at=later
        )

    def cancel(session: Session) -> None:
        cancel_order(session, order.id, actor="customer", now=clock)

    def sweep(session: Session) -> None:
        release_expired(session, clock)
        cancel_unconfirmed(session, clock)

    def drive(session: Session) -> None:
        jobs = session.exec(select(Job).where(Job.order_id == order.id)).all()
        if jobs:
            job = dice.choice(jobs)
            # Mostly onwards, so that some orders reach the end; else anywhere.
            onwards = [one for one in PATH_TO_SHELF if JOB_LIFECYCLE.allows(job.status, one)]
            anywhere = dice.random() < 0.2 or not onwards
            target = dice.choice(list(JobStatus)) if anywhere else onwards[-1]
            move_job(session, job, target, actor="agent:1", now=clock)

    def collect(session: Session) -> None:
        hand_over(
            session,
            settings,
            Desk(network.points["huy"], "staff:1"),
            code=collection_code(settings.secret(), order.id),
            number=order.number,
            method=PaymentMethod.CASH,
            now=clock,
            hand_out=hand_over_units,
        )

    steps: list[Callable[[Session], None]] = [confirm, cancel, sweep, drive, collect]
    for _ in range(STEPS):
        clock += timedelta(minutes=dice.choice([0, 1, 20]))
        step = dice.choices(steps, weights=[3, 1, 1, 20, 3])[0]
        with suppress(Parts3dError), database.unit_of_work() as work:
            step(work.session)
        with database.reading() as session:
            check(session, order.id)


def check(session: Session, order_id: str) -> None:
    order = session.get_one(Order, order_id)
    events = session.exec(
        select(OrderEvent).where(OrderEvent.order_id == order_id).order_by(col(OrderEvent.id))
    ).all()
    before = None
    for event in events:
        assert event.from_status == before
        after = OrderStatus(event.to_status)
        assert before is None or ORDER_LIFECYCLE.allows(OrderStatus(before), after)
        before = event.to_status
    assert before == order.status
    for paid in session.exec(select(PaymentEvent)):
        if paid.from_status is not None:
            assert PAYMENT_LIFECYCLE.allows(
                PaymentStatus(paid.from_status), PaymentStatus(paid.to_status)
            )
    jobs = session.exec(select(Job.status).where(Job.order_id == order_id)).all()
    payment = payment_of(session, order_id)
    promise = session.get_one(Promise, order.promise_id)
    if order.status is OrderStatus.PRICED:
        assert not jobs
        assert payment is None
    elif order.status is OrderStatus.CANCELLED:
        assert not _STARTED & set(jobs)
        assert payment is None or payment.status is PaymentStatus.VOIDED
        assert promise.status is PromiseStatus.RELEASED
    else:
        assert payment is not None
        assert len(jobs) == 2
        assert promise.status is PromiseStatus.TAKEN
        collected = order.status is OrderStatus.COLLECTED
        assert collected == (payment.status is PaymentStatus.CAPTURED)
        assert collected == (payment.receipt_number is not None)
