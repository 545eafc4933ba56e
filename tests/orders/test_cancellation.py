from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from parts3d.db import Database
from parts3d.errors import Conflict, NotFound
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus, PaymentStatus
from parts3d.orders.queries import payment_of
from parts3d.orders.tables import Order
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.settings import Settings
from tests.support.network import drive_jobs, placed, settings_for, small_network, submitted


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def test_a_placed_order_is_cancelled_with_its_jobs_promise_and_payment(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = placed(database, settings, network, quantity=2)
    with database.unit_of_work() as work:
        cancel_order(work.session, order.id, actor="customer", now=now)
    with database.unit_of_work() as work:  # twice is once
        cancel_order(work.session, order.id, actor="customer", now=now)
    with database.reading() as session:
        assert session.get_one(Order, order.id).status is OrderStatus.CANCELLED
        jobs = session.exec(select(Job)).all()
        assert {job.status for job in jobs} == {JobStatus.CANCELLED}
        promise = session.get_one(Promise, order.promise_id)
        assert promise.status is PromiseStatus.RELEASED
        payment = payment_of(session, order.id)
        assert payment is not None
        assert payment.status is PaymentStatus.VOIDED


def test_an_unconfirmed_order_is_cancelled_too(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = submitted(database, settings, network).order
    with database.unit_of_work() as work:
        ended = cancel_order(work.session, order.id, actor="customer", now=now)
        assert ended.status is OrderStatus.CANCELLED


def test_an_order_of_which_one_copy_prints_is_not_cancelled(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = placed(database, settings, network, quantity=2)
    with database.unit_of_work() as work:
        first = work.session.exec(select(Job).order_by(col(Job.copy_number))).first()
        assert first is not None
        drive_jobs(work.session, [first], JobStatus.START_PERMITTED, now)
    with (
        pytest.raises(Conflict, match="An order that is printing can no longer be cancelled"),
        database.unit_of_work() as work,
    ):
        cancel_order(work.session, order.id, actor="customer", now=now)
    with database.reading() as session:
        statuses = session.exec(select(Job.status).order_by(col(Job.copy_number))).all()
        assert statuses == [JobStatus.START_PERMITTED, JobStatus.WAITING]


def test_a_ready_order_says_that_it_is_finished(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = placed(database, settings, network)
    with database.unit_of_work() as work:
        drive_jobs(work.session, list(work.session.exec(select(Job))), JobStatus.READY, now)
    with pytest.raises(Conflict, match="finished"), database.unit_of_work() as work:
        cancel_order(work.session, order.id, actor="customer", now=now)


def test_an_order_that_does_not_exist_cannot_be_cancelled(
    database: Database, now: datetime
) -> None:
    with pytest.raises(NotFound), database.unit_of_work() as work:
        cancel_order(work.session, "0" * 32, actor="customer", now=now)
