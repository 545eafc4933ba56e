import pytest
from sqlmodel import select

from parts3d.errors import Conflict, NotFound
from parts3d.jobs.bench import clear_bed, decide, print_again, put_on_shelf, reject
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tracking import Stage, track
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.units.service import pass_check
from parts3d.units.tables import Unit
from printer_agents.protocol import AttemptRef, ReportKind
from tests.jobs.bench import Shop


def printed(shop: Shop) -> AttemptRef:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.PRINTING)
    shop.tell(ref, ReportKind.PRINTED)
    return ref


def at(shop: Shop) -> dict[str, object]:
    return {"point_id": shop.network.points["huy"], "actor": "staff:1", "now": shop.now}


def test_a_checked_part_becomes_a_unit_with_its_trace_and_the_order_is_ready(shop: Shop) -> None:
    ref = printed(shop)
    with shop.database.unit_of_work() as work:
        [unit] = pass_check(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]
        assert unit.trace["gcode_sha256"] == ref.gcode_sha256
        assert unit.trace["epoch"] == ref.epoch
    with shop.database.unit_of_work() as work:
        put_on_shelf(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]
    with shop.database.reading() as session:
        assert session.exec(select(Order)).one().status is OrderStatus.READY


def test_passing_a_part_twice_makes_one_unit(shop: Shop) -> None:
    ref = printed(shop)
    for _ in range(2):
        with shop.database.unit_of_work() as work:
            pass_check(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]
    with shop.database.reading() as session:
        assert len(session.exec(select(Unit)).all()) == 1


def test_a_bed_is_not_cleared_while_something_prints_there(shop: Shop) -> None:
    shop.permit(shop.must_claim().ref)
    with pytest.raises(Conflict, match="still at work"), shop.database.unit_of_work() as work:
        clear_bed(work.session, printer_id=shop.printer_id, **at(shop))  # type: ignore[arg-type]


def test_a_rejected_part_is_printed_again_with_a_new_epoch_when_a_person_says_so(
    shop: Shop,
) -> None:
    ref = printed(shop)
    with shop.database.unit_of_work() as work:
        reject(work.session, job_id=ref.job_id, why="warped", **at(shop))  # type: ignore[arg-type]
    assert shop.claim() is None
    with shop.database.unit_of_work() as work:
        print_again(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]
        clear_bed(work.session, printer_id=shop.printer_id, **at(shop))  # type: ignore[arg-type]
    again = shop.must_claim().ref
    assert again.job_id == ref.job_id
    assert again.epoch == ref.epoch + 1
    assert again.attempt == 2


def test_a_person_settles_what_a_machine_cannot_know(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.NEEDS_HUMAN, detail="The printer was switched off.")
    with shop.database.unit_of_work() as work:
        decide(work.session, job_id=ref.job_id, printed=True, why="It lies there.", **at(shop))  # type: ignore[arg-type]
    assert shop.job().status is JobStatus.PRINTED


def test_another_points_job_does_not_exist_for_these_staff(shop: Shop) -> None:
    ref = printed(shop)
    with pytest.raises(NotFound), shop.database.unit_of_work() as work:
        reject(
            work.session,
            point_id="another",
            job_id=ref.job_id,
            why="",
            actor="staff:2",
            now=shop.now,
        )


def test_a_part_rejected_on_the_shelf_calls_no_customer_to_the_counter(shop: Shop) -> None:
    ref = printed(shop)
    order_id = shop.job().order_id
    with shop.database.unit_of_work() as work:
        pass_check(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]
        put_on_shelf(work.session, job_id=ref.job_id, **at(shop))  # type: ignore[arg-type]
    with shop.database.reading() as session:
        shown = track(session, shop.settings, order_id, shop.now)
        assert (shown.stage, shown.code is None) == (Stage.READY, False)
    with shop.database.unit_of_work() as work:
        reject(work.session, job_id=ref.job_id, why="cracked", **at(shop))  # type: ignore[arg-type]
    with shop.database.reading() as session:
        shown = track(session, shop.settings, order_id, shop.now)
        assert (shown.stage, shown.code) == (Stage.PRINTING, None)
