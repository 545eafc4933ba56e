"""Several copies on one bed: one job, as many units; rejected copies are printed again."""

from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import Session, col, select

from parts3d.db import Database
from parts3d.errors import Invalid
from parts3d.jobs.bench import clear_bed, print_again, put_on_shelf, reject
from parts3d.jobs.bench_view import bench_of
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Attempt, Job
from parts3d.jobs.tracking import Stage, track
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.slicing.tables import Slice
from parts3d.units.service import hand_over_units, pass_check
from parts3d.units.tables import Unit
from printer_agents.protocol import AttemptRef, ReportKind
from tests.jobs.bench import Shop
from tests.quotes.test_layout import plate_of
from tests.support.network import placed

WHY = "warped corners"


@pytest.fixture
def shop(database: Database, tmp_path: Path, now: datetime) -> Shop:
    """An order of five whose beds take three and two."""
    shop = Shop.open(database, tmp_path, now, orders=0)
    with database.unit_of_work() as work:
        plate_of(shop.network, work.session, 3, 1500)
        plate_of(shop.network, work.session, 2, 1100)
        for single in work.session.exec(select(Slice).where(Slice.copies == 1)):
            single.part_x_mm = 70.0  # three on the bed, not more
            single.part_y_mm = 190.0
    placed(database, shop.settings, shop.network, quantity=5)
    return shop


def at(shop: Shop) -> dict[str, object]:
    return {"point_id": shop.network.points["huy"], "actor": "staff:1", "now": shop.now}


def print_next(shop: Shop) -> AttemptRef:
    """Let the one printer make its next job; the bed is cleared afterwards."""
    work = shop.must_claim()
    shop.permit(work.ref)
    shop.tell(work.ref, ReportKind.PRINTING)
    shop.tell(work.ref, ReportKind.PRINTED, printed_seconds=1400.0)
    with shop.database.unit_of_work() as unit_of_work:
        clear_bed(unit_of_work.session, printer_id=shop.printer_id, **at(shop))  # type: ignore[arg-type]
    return work.ref


def check(shop: Shop, ref: AttemptRef, **rejected: object) -> list[Unit]:
    with shop.database.unit_of_work() as work:
        return pass_check(work.session, job_id=ref.job_id, **at(shop), **rejected)  # type: ignore[arg-type]


def shelve(shop: Shop, *refs: AttemptRef) -> None:
    with shop.database.unit_of_work() as work:
        for ref in refs:
            put_on_shelf(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]


def order_of(session: Session) -> Order:
    return session.exec(select(Order)).one()


def test_a_line_becomes_plates_and_each_is_one_job_with_its_own_slice(shop: Shop) -> None:
    jobs = sorted(shop.jobs(), key=lambda job: job.copy_number)
    assert sorted(job.copies for job in jobs) == [2, 3]
    numbers = [
        number for job in jobs for number in range(job.copy_number, job.copy_number + job.copies)
    ]
    assert numbers == [1, 2, 3, 4, 5]
    with shop.database.reading() as session:
        number = order_of(session).number
    assert [job.label for job in jobs] == [
        f"{number} 1-{jobs[0].copies}/5",
        f"{number} {jobs[0].copies + 1}-5/5",
    ]
    ref = print_next(shop)
    with shop.database.reading() as session:
        job = session.get_one(Job, ref.job_id)
        attempt = session.get_one(Attempt, job.attempt_id)
        assert session.get_one(Slice, attempt.slice_id).copies == job.copies
        # Each copy is looked at: that is what the promise of the next order counts with.
        queue = read_queues(session, [job.point_id], shop.now)[shop.printer_id]
        assert queue.to_check == job.copies


def test_a_passed_plate_makes_one_unit_a_copy_and_both_beds_make_the_order_ready(
    shop: Shop,
) -> None:
    first, second = print_next(shop), print_next(shop)
    units = [*check(shop, first), *check(shop, second)]
    assert len({unit.serial for unit in units}) == 5
    assert sorted(unit.copy_number for unit in units) == [1, 2, 3, 4, 5]
    assert {unit.trace["copies_on_the_bed"] for unit in units} == {2, 3}
    assert check(shop, first) == units[: len(check(shop, first))]  # twice is once
    shelve(shop, first, second)
    with shop.database.unit_of_work() as work:
        order = order_of(work.session)
        assert order.status is OrderStatus.READY
        handed = hand_over_units(work.session, order_id=order.id, actor="staff:1", now=shop.now)
        assert len(handed) == 5
        assert all(unit.handed_over_at == shop.now for unit in handed)


def test_rejected_copies_are_printed_again_by_a_new_job_and_the_others_pass(shop: Shop) -> None:
    first, second = print_next(shop), print_next(shop)
    big, small = sorted((first, second), key=lambda ref: -_copies(shop, ref))
    assert len(check(shop, big, rejected=2, why=WHY)) == 1
    check(shop, small)
    shelve(shop, big, small)
    with shop.database.reading() as session:
        again = session.exec(select(Job).where(col(Job.remade_from).is_not(None))).one()
        assert again.remade_from == big.job_id
        # A bed of two is sliced already.
        assert (again.copies, again.status) == (2, JobStatus.WAITING)
        assert again.reason == f"Rejected at the check: {WHY}"
        assert order_of(session).status is OrderStatus.IN_PRODUCTION
    third = print_next(shop)
    check(shop, third)
    shelve(shop, third)
    with shop.database.reading() as session:
        assert order_of(session).status is OrderStatus.READY
        numbers = session.exec(select(Unit.copy_number)).all()
        assert sorted(numbers) == [1, 2, 3, 4, 5]


def _copies(shop: Shop, ref: AttemptRef) -> int:
    with shop.database.reading() as session:
        return session.get_one(Job, ref.job_id).copies


def test_one_rejected_copy_is_printed_again_alone(shop: Shop) -> None:
    ref = print_next(shop)
    check(shop, ref, rejected=1, why=WHY)
    with shop.database.reading() as session:
        again = session.exec(select(Job).where(col(Job.remade_from).is_not(None))).one()
        assert (again.copies, again.print_seconds) == (1, 600)


@pytest.mark.parametrize(
    ("rejected", "why", "words"),
    [
        (9, WHY, "9 of [23] copies cannot be rejected"),
        (-1, WHY, "cannot be rejected"),
        (1, " ", "Say what is wrong"),
    ],
)
def test_a_check_that_cannot_be_is_refused_and_changes_nothing(
    shop: Shop, rejected: int, why: str, words: str
) -> None:
    ref = print_next(shop)
    with pytest.raises(Invalid, match=words):
        check(shop, ref, rejected=rejected, why=why)
    with shop.database.reading() as session:
        assert session.get_one(Job, ref.job_id).status is JobStatus.PRINTED
        assert session.exec(select(Unit)).all() == []


def test_a_lost_plate_is_printed_again_as_a_plate(shop: Shop) -> None:
    ref = print_next(shop)
    with shop.database.unit_of_work() as work:
        reject(work.session, job_id=ref.job_id, why=WHY, **at(shop))  # type: ignore[arg-type]
        job = print_again(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]
        assert (job.status, job.copies) == (JobStatus.WAITING, _copies(shop, ref))
    assert len(shop.jobs()) == 2


def test_a_plate_lost_after_some_of_it_was_rejected_leaves_those_to_their_own_job(
    shop: Shop,
) -> None:
    refs = [print_next(shop), print_next(shop)]
    big = max(refs, key=lambda ref: _copies(shop, ref))
    check(shop, big, rejected=1, why=WHY)
    with shop.database.unit_of_work() as work:
        reject(work.session, job_id=big.job_id, why="fell off the shelf", **at(shop))  # type: ignore[arg-type]
        job = print_again(work.session, job_id=big.job_id, **at(shop))  # type: ignore[arg-type]
        assert (job.copies, job.rejected_copies) == (2, 0)
    with shop.database.reading() as session:
        waiting = session.exec(select(Job).where(Job.status == JobStatus.WAITING)).all()
        assert sorted(job.copies for job in waiting) == [1, 2]


def test_the_customer_and_the_counter_see_plates_as_pieces(shop: Shop) -> None:
    ref = print_next(shop)
    with shop.database.reading() as session:
        order = order_of(session)
        tracking = track(session, shop.settings, order.id, shop.now)
        assert tracking.stage is Stage.PRINTING
        assert tracking.progress == pytest.approx(_copies(shop, ref) / 5)
        assert sum(one.copies for one in tracking.copies) == 5
        [todo] = [
            one for one in bench_of(session, order.point_id, "en").todo if one.job_id == ref.job_id
        ]
        assert todo.copies == _copies(shop, ref)
