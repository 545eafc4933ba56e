"""What became stock serves the next order of the same part, once, and its record says whom."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from parts3d.db import Database
from parts3d.errors import Conflict
from parts3d.jobs.bench import print_again, put_on_shelf, reject
from parts3d.jobs.hedges import settle_failed
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.points.shelf_tables import ShelfPart
from parts3d.promises.decision_tables import PromiseDecision
from parts3d.promises.decisions import replay
from parts3d.promises.service import offers
from parts3d.promises.snapshot import ReasonCode
from parts3d.quotes.service import Wanted
from parts3d.units.service import hand_over_units
from parts3d.units.stock import stock_of, take_out
from parts3d.units.tables import Unit
from tests.jobs.test_hedges import Point, open_point
from tests.support.network import opened, placed


def with_stock(database: Database, folder: Path, now: datetime) -> tuple[Point, Unit]:
    """Open a point where a hedge has left one part on the shelf."""
    point = open_point(database, folder, now)
    first = point.job()
    point.drive(first, JobStatus.PRINTING)
    point.hedge()
    second = point.job(hedging=True)
    point.drive(second, JobStatus.PRINTED)
    point.passes(second)
    point.move(first, JobStatus.PRINTED)
    [spare] = point.passes(first)
    return point, spare


@pytest.fixture
def stocked(sqlite_database: Database, tmp_path: Path, now: datetime) -> tuple[Point, Unit]:
    return with_stock(sqlite_database, tmp_path, now)


def buy(point: Point, email: str = "b@example.be", quantity: int = 1) -> tuple[Order, Job]:
    order = placed(point.database, point.settings, point.network, email=email, quantity=quantity)
    with point.database.reading() as session:
        return order, session.exec(select(Job).where(Job.order_id == order.id)).all()[0]


def shelf(session: Session) -> list[ShelfPart]:
    return list(session.exec(select(ShelfPart).where(col(ShelfPart.left_at).is_(None))))


def test_a_part_in_stock_is_promised_for_as_soon_as_it_is_bagged(
    stocked: tuple[Point, Unit],
) -> None:
    point, _ = stocked
    with point.database.reading() as session:
        [found] = offers(
            session,
            point.settings,
            [Wanted(point.network.revision_id)],
            point.now,
            read_queues=read_queues,
        ).offers
        more = offers(
            session,
            point.settings,
            [Wanted(point.network.revision_id, 2)],
            point.now,
            read_queues=read_queues,
        ).offers[0]
    assert found.offer.ready_at <= point.now + timedelta(minutes=10)
    assert [reason.code for reason in found.offer.reasons] == [ReasonCode.FROM_STOCK]
    assert more.offer.ready_at > point.now + timedelta(minutes=30)  # two are printed, both


def test_its_order_prints_nothing_and_is_bagged_handed_over_and_on_record(
    stocked: tuple[Point, Unit],
) -> None:
    point, spare = stocked
    order, job = buy(point)
    assert (job.status, job.stock_unit_id) == (JobStatus.PASSED, spare.id)
    assert job.reason is not None
    assert spare.serial in job.reason
    with point.database.unit_of_work() as work:
        assert shelf(work.session) == []
        assert stock_of(work.session, point.point_id, "en") == []
        put_on_shelf(
            work.session, point_id=point.point_id, job_id=job.id, actor="staff:1", now=point.now
        )
    with point.database.unit_of_work() as work:
        assert work.session.get_one(Order, order.id).status is OrderStatus.READY
        [unit] = hand_over_units(work.session, order_id=order.id, actor="staff:1", now=point.now)
    assert unit.id == spare.id
    assert (unit.order_id, unit.job_id) == (order.id, job.id)  # whom a recall has to reach
    assert unit.handed_over_at == point.now
    assert unit.trace["stock"]["made_for_order"] == point.order_id
    assert unit.trace["gcode_sha256"] == spare.trace["gcode_sha256"]


def test_the_decision_can_be_computed_again_and_teaches_nothing_of_prints(
    stocked: tuple[Point, Unit],
) -> None:
    point, _ = stocked
    order, _ = buy(point)
    with point.database.reading() as session:
        row = session.exec(
            select(PromiseDecision).where(PromiseDecision.order_id == order.id)
        ).one()
        assert replay(row).same
        assert row.planned_level == 1.0


def test_who_comes_second_has_hers_printed(stocked: tuple[Point, Unit]) -> None:
    point, spare = stocked
    opened(point.database, point.settings, point.network)  # somebody's checkout holds it
    with point.database.unit_of_work() as work, pytest.raises(Conflict, match="orders this part"):
        take_out(work.session, point_id=point.point_id, unit_id=spare.id, why="sold", now=point.now)
    _, job = buy(point)
    assert (job.status, job.stock_unit_id) == (JobStatus.WAITING, None)


def test_of_two_buyers_at_once_one_gets_the_part_in_stock(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    point, spare = with_stock(database, tmp_path, now)
    with ThreadPoolExecutor(4) as pool:
        bought = list(pool.map(lambda n: buy(point, f"{n}@example.be")[1], range(4)))
    assert [job.stock_unit_id for job in bought].count(spare.id) == 1
    assert sum(job.status is JobStatus.WAITING for job in bought) == 3


def test_a_cancelled_order_gives_the_part_back(stocked: tuple[Point, Unit]) -> None:
    point, spare = stocked
    order, job = buy(point)
    with point.database.unit_of_work() as work:
        cancel_order(work.session, order.id, actor="customer", now=point.now)
    with point.database.unit_of_work() as work:
        assert work.session.get_one(Job, job.id).status is JobStatus.CANCELLED
        assert [part.unit_id for part in shelf(work.session)] == [spare.id]
    _, again = buy(point, "c@example.be")
    assert again.stock_unit_id == spare.id


def test_a_part_that_was_bad_after_all_is_printed_and_stays_out_of_stock(
    stocked: tuple[Point, Unit],
) -> None:
    point, _ = stocked
    _, job = buy(point)
    where = {"point_id": point.point_id, "job_id": job.id, "actor": "staff:1", "now": point.now}
    with point.database.unit_of_work() as work:
        reject(work.session, why="scratched", **where)  # type: ignore[arg-type]
        print_again(work.session, **where)  # type: ignore[arg-type]
        row = work.session.get_one(Job, job.id)
        assert (row.status, row.stock_unit_id) == (JobStatus.WAITING, None)
        assert row.print_seconds > 0
        assert shelf(work.session) == []


def test_a_part_that_was_sold_meanwhile_is_not_called_back_for_its_first_order(
    stocked: tuple[Point, Unit],
) -> None:
    point, _ = stocked
    buy(point)
    with point.database.unit_of_work() as work:
        [served] = work.session.exec(select(Job).where(col(Job.hedge_of).is_not(None)))
        reject(
            work.session,
            point_id=point.point_id,
            job_id=served.id,
            why="warped",
            actor="staff:1",
            now=point.now,
        )
        assert settle_failed(work.session, point.now) == []
        assert work.session.get_one(Job, served.id).status is JobStatus.FAILED


def test_a_part_in_stock_that_is_called_back_is_sold_to_nobody_else(
    stocked: tuple[Point, Unit],
) -> None:
    point, _ = stocked
    with point.database.unit_of_work() as work:
        [served] = work.session.exec(select(Job).where(col(Job.hedge_of).is_not(None)))
        reject(
            work.session,
            point_id=point.point_id,
            job_id=served.id,
            why="warped",
            actor="staff:1",
            now=point.now,
        )
        assert len(settle_failed(work.session, point.now)) == 2
        assert shelf(work.session) == []
    _, job = buy(point)
    assert job.stock_unit_id is None
