"""Two jobs for the same copies: one serves the line, the other goes or becomes stock."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.db import Database
from parts3d.errors import Invalid, NotFound
from parts3d.jobs.bench import reject
from parts3d.jobs.hedges import settle_failed
from parts3d.jobs.keeping.acts import Why, hedge, plan_on, print_again_now
from parts3d.jobs.keeping.tables import Rescue, RescueKind
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Attempt, Job
from parts3d.jobs.tracking import track
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order, OrderEvent
from parts3d.settings import Settings
from parts3d.slicing.tables import Slice
from parts3d.units.service import hand_over_units, pass_check
from parts3d.units.stock import stock_of, take_out
from parts3d.units.tables import Unit
from tests.support.network import Network, drive_jobs, placed, settings_for


@dataclass
class Point:
    """A point with two printers and an order of one part."""

    database: Database
    settings: Settings
    network: Network
    order_id: str
    now: datetime

    @property
    def point_id(self) -> str:
        return self.network.points["huy"]

    def job(self, *, hedging: bool = False) -> Job:
        with self.database.reading() as session:
            jobs = session.exec(select(Job)).all()
            (found,) = [one for one in jobs if (one.hedge_of is not None) is hedging]
            return found

    def order(self) -> Order:
        with self.database.reading() as session:
            return session.get_one(Order, self.order_id)

    def hedge(self) -> Rescue | None:
        with self.database.unit_of_work() as work:
            other = self.network.printers["huy 2"]
            return hedge(work.session, self.job().id, other, Why({"code": "test"}), self.now)

    def drive(self, job: Job, until: JobStatus) -> None:
        with self.database.unit_of_work() as work:
            row = work.session.get_one(Job, job.id)
            if row.attempt_id is None:
                give_attempt(work.session, row, self.now)
            drive_jobs(work.session, [row], until, self.now)

    def move(self, job: Job, to: JobStatus) -> None:
        with self.database.unit_of_work() as work:
            row = work.session.get_one(Job, job.id)
            move_job(work.session, row, to, actor="agent:1", now=self.now, reason="Spaghetti.")

    def passes(self, job: Job) -> list[Unit]:
        with self.database.unit_of_work() as work:
            return pass_check(
                work.session, point_id=self.point_id, job_id=job.id, actor="staff:1", now=self.now
            )


def give_attempt(session: Session, job: Job, now: datetime) -> None:
    agent = session.exec(select(Agent)).first()
    if agent is None:
        agent = Agent(point_id=job.point_id, name="agent", public_key=uuid4().hex, created_at=now)
        session.add(agent)
        session.flush()
    attempt = Attempt(
        job_id=job.id,
        number=1,
        epoch=1,
        printer_id=job.planned_printer_id or "",
        agent_id=agent.id,
        agent_generation=1,
        slice_id=session.exec(select(Slice.id)).first() or "",
        gcode_sha256="",
        download_sha256=uuid4().hex,
        leased_at=now,
    )
    session.add(attempt)
    session.flush()
    job.attempt_id, job.printer_id = attempt.id, attempt.printer_id
    session.flush()


@pytest.fixture
def point(sqlite_database: Database, tmp_path: Path, now: datetime) -> Point:
    return open_point(sqlite_database, tmp_path, now)


@pytest.fixture
def point_on_both(database: Database, tmp_path: Path, now: datetime) -> Point:
    return open_point(database, tmp_path, now)


def open_point(database: Database, tmp_path: Path, now: datetime) -> Point:
    network = Network(now)
    settings = settings_for(tmp_path)
    with database.unit_of_work() as work:
        network.add_point(work.session, models=("mk3s", "mk3s"))
        network.add_part(work.session)
    order = placed(database, settings, network)
    return Point(database, settings, network, order.id, now)


def test_a_hedge_is_a_second_job_for_the_same_copies_and_its_order_says_so(point: Point) -> None:
    point.drive(point.job(), JobStatus.PRINTING)
    row = point.hedge()
    assert row is not None
    assert row.kind is RescueKind.HEDGE
    second = point.job(hedging=True)
    assert (second.status, second.epoch) == (JobStatus.WAITING, 0)
    assert second.hedge_of == point.job().id
    assert second.planned_printer_id == point.network.printers["huy 2"]
    with point.database.reading() as session:
        told = session.exec(select(OrderEvent.reason).order_by(col(OrderEvent.id))).all()
    assert told[-1] == "A second printer makes it as well, so that it stays in time."


def test_a_job_is_hedged_once_however_often_it_is_asked(point: Point) -> None:
    point.drive(point.job(), JobStatus.PRINTING)
    assert point.hedge() is not None
    assert point.hedge() is None


def test_the_first_that_passes_serves_the_line_and_a_waiting_one_is_cancelled(
    point: Point,
) -> None:
    first = point.job()
    point.drive(first, JobStatus.PRINTED)
    with point.database.unit_of_work() as work:
        move_job(
            work.session,
            work.session.get_one(Job, first.id),
            JobStatus.FAILED,
            actor="staff:1",
            now=point.now,
        )
    point.hedge()
    second = point.job(hedging=True)
    point.drive(second, JobStatus.PRINTED)
    point.passes(second)
    assert point.job().status is JobStatus.CANCELLED
    point.move(second, JobStatus.READY)
    assert point.order().status is OrderStatus.READY


def test_the_second_that_passes_becomes_stock_and_is_never_handed_over(point: Point) -> None:
    first = point.job()
    point.drive(first, JobStatus.PRINTING)
    point.hedge()
    second = point.job(hedging=True)
    point.drive(second, JobStatus.PRINTING)
    point.move(second, JobStatus.PRINTED)
    [sold] = point.passes(second)
    assert sold.stocked_at is None
    assert point.job().surplus_since == point.now
    point.move(second, JobStatus.READY)
    assert point.order().status is OrderStatus.READY  # whatever the first one does
    point.move(first, JobStatus.PRINTED)
    [spare] = point.passes(first)
    assert spare.stocked_at == point.now
    with point.database.unit_of_work() as work:
        handed = hand_over_units(
            work.session, order_id=point.order_id, actor="staff:1", now=point.now
        )
    assert [unit.id for unit in handed] == [sold.id]
    assert point.job().status is JobStatus.READY
    assert point.job(hedging=True).status is JobStatus.HANDED_OVER
    with point.database.unit_of_work() as work:
        [part] = stock_of(work.session, point.point_id, "en")
        assert part.serial == spare.serial
        where = {"point_id": point.point_id, "unit_id": spare.id}
        with pytest.raises(Invalid, match="where the part has gone"):
            take_out(work.session, why=" ", now=point.now, **where)
        with pytest.raises(NotFound):
            take_out(work.session, point_id="x", unit_id=spare.id, why="sold", now=point.now)
        for _ in range(2):
            take_out(work.session, why="sold", now=point.now, **where)
        assert stock_of(work.session, point.point_id, "en") == []


def test_of_two_that_pass_at_once_exactly_one_serves_the_line(point_on_both: Point) -> None:
    point = point_on_both
    first = point.job()
    point.drive(first, JobStatus.PRINTING)
    point.hedge()
    second = point.job(hedging=True)
    point.drive(second, JobStatus.PRINTED)
    point.move(first, JobStatus.PRINTED)
    with ThreadPoolExecutor(2) as pool:
        units = [unit for some in pool.map(point.passes, (first, second)) for unit in some]
    assert len(units) == 2
    assert sum(unit.stocked_at is None for unit in units) == 1


def test_a_failed_print_whose_twin_lives_asks_nobody_to_print_it_again(point: Point) -> None:
    first = point.job()
    point.drive(first, JobStatus.PRINTING)
    point.hedge()
    point.move(first, JobStatus.FAILED)
    with point.database.unit_of_work() as work:
        settle_failed(work.session, point.now)
    assert point.job().status is JobStatus.CANCELLED
    assert point.job(hedging=True).status is JobStatus.WAITING
    with point.database.unit_of_work() as work:
        assert settle_failed(work.session, point.now) == []


def test_a_surplus_print_that_fails_asks_nobody_to_print_it_again(point: Point) -> None:
    first = point.job()
    point.drive(first, JobStatus.PRINTING)
    point.hedge()
    second = point.job(hedging=True)
    point.drive(second, JobStatus.PRINTED)
    point.passes(second)
    point.move(second, JobStatus.READY)
    with point.database.unit_of_work() as work:
        hand_over_units(work.session, order_id=point.order_id, actor="staff:1", now=point.now)
    point.move(first, JobStatus.FAILED)
    with point.database.unit_of_work() as work:
        settle_failed(work.session, point.now)
    assert point.job().status is JobStatus.CANCELLED
    assert point.job(hedging=True).status is JobStatus.HANDED_OVER


def test_a_rejected_part_calls_its_surplus_twin_back(point: Point) -> None:
    first = point.job()
    point.drive(first, JobStatus.PRINTING)
    point.hedge()
    second = point.job(hedging=True)
    point.drive(second, JobStatus.PRINTED)
    point.passes(second)
    assert point.job().surplus_since is not None
    with point.database.unit_of_work() as work:
        reject(
            work.session,
            point_id=point.point_id,
            job_id=second.id,
            why="warped",
            actor="staff:1",
            now=point.now,
        )
    with point.database.unit_of_work() as work:
        settle_failed(work.session, point.now)
    assert point.job().surplus_since is None
    assert point.job(hedging=True).status is JobStatus.CANCELLED
    point.move(first, JobStatus.PRINTED)
    [unit] = point.passes(first)
    assert unit.stocked_at is None
    point.move(first, JobStatus.READY)
    assert point.order().status is OrderStatus.READY


def test_the_customer_sees_one_print_of_one_part(point: Point) -> None:
    point.drive(point.job(), JobStatus.PRINTING)
    point.hedge()
    with point.database.reading() as session:
        seen = track(session, point.settings, point.order_id, point.now)
    assert [one.status for one in seen.copies] == [JobStatus.PRINTING]
    assert not seen.may_cancel


def test_a_waiting_job_is_planned_on_another_printer_once(point: Point) -> None:
    other = point.network.printers["huy 2"]
    with point.database.unit_of_work() as work:
        row = plan_on(work.session, point.job().id, other, Why(), point.now)
        assert row is not None
        assert row.kind is RescueKind.PRINTER
    assert point.job().planned_printer_id == other
    with point.database.unit_of_work() as work:
        assert plan_on(work.session, point.job().id, other, Why(), point.now) is None


def test_a_print_that_fails_again_and_again_waits_for_a_person(point: Point) -> None:
    first = point.job()
    other = point.network.printers["huy 2"]
    point.drive(first, JobStatus.PRINTING)
    point.move(first, JobStatus.FAILED)
    with point.database.unit_of_work() as work:
        assert print_again_now(work.session, first.id, other, Why(), point.now) is not None
        work.session.get_one(Job, first.id).attempt_count = 3
    assert point.job().status is JobStatus.WAITING
    assert point.job().planned_printer_id == other
    point.drive(first, JobStatus.PRINTING)
    point.move(first, JobStatus.FAILED)
    with point.database.unit_of_work() as work:
        assert print_again_now(work.session, first.id, other, Why(), point.now) is None
