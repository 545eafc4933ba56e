from datetime import timedelta

import pytest
from sqlmodel import select

from parts3d.errors import Conflict, StaleEpoch
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.sweeping import expire_leases, note_silence
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.points.closing import call_off, close_points
from parts3d.points.closure_tables import PrinterAbsence
from parts3d.points.tables import Point, Printer, Unattended
from printer_agents.protocol import ReportKind
from tests.jobs.bench import Shop


def order_of(shop: Shop) -> Order:
    with shop.database.reading() as session:
        return session.exec(select(Order)).one()


def test_a_permit_starts_production_and_unclears_the_bed(shop: Shop) -> None:
    shop.permit(shop.must_claim().ref)
    assert shop.job().status is JobStatus.START_PERMITTED
    assert not shop.printer().bed_clear
    assert order_of(shop).status is OrderStatus.IN_PRODUCTION


def test_a_permit_asked_twice_is_the_same_permit(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.permit(ref)
    assert shop.job().status is JobStatus.START_PERMITTED


def test_an_attempt_that_lost_its_lease_gets_no_permit(shop: Shop) -> None:
    ref = shop.must_claim().ref
    with shop.database.unit_of_work() as work:
        expire_leases(work.session, shop.now + timedelta(minutes=2))
    with pytest.raises(StaleEpoch):
        shop.permit(ref)
    second = shop.must_claim().ref
    with pytest.raises(StaleEpoch):
        shop.permit(ref)
    shop.permit(second)


def test_a_bed_that_became_unclear_meanwhile_gets_no_permit(shop: Shop) -> None:
    ref = shop.must_claim().ref
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).bed_clear = False
    with pytest.raises(Conflict, match="bed"):
        shop.permit(ref)


def test_a_print_that_maintenance_or_closing_has_overtaken_gets_no_permit(shop: Shop) -> None:
    ref = shop.must_claim().ref
    with shop.database.unit_of_work() as work:
        absence = PrinterAbsence(
            printer_id=shop.printer_id,
            starts_at=shop.now + timedelta(minutes=5),
            ends_at=shop.now + timedelta(hours=2),
            reason="New nozzle",
            made_by="staff:sam",
            made_at=shop.now,
        )
        work.session.add(absence)
    with pytest.raises(Conflict, match="shop's hours and maintenance") as refusal:
        shop.permit(ref)
    assert refusal.value.code == "too_late_to_start"
    with shop.database.unit_of_work() as work:
        work.session.get_one(PrinterAbsence, absence.id).called_off_at = shop.now
        point = work.session.get_one(Printer, shop.printer_id).point_id
        work.session.get_one(Point, point).unattended = Unattended.FINISH
        batch = close_points(
            work.session,
            [point],
            shop.now,
            shop.now + timedelta(hours=5),
            reason="Snow",
            actor="operator",
            now=shop.now,
        )
    with pytest.raises(Conflict, match="shop's hours"):
        shop.permit(ref)
    with shop.database.unit_of_work() as work:
        call_off(work.session, batch, shop.now)
    shop.permit(ref)
    # What was permitted stays so, whatever the clock says when it is asked again.
    with shop.database.unit_of_work() as work:
        work.session.get_one(PrinterAbsence, absence.id).called_off_at = None
    shop.permit(ref)


def test_a_permitted_job_is_never_given_back_by_time(shop: Shop) -> None:
    shop.permit(shop.must_claim().ref)
    with shop.database.unit_of_work() as work:
        assert expire_leases(work.session, shop.now + timedelta(days=3)) == []
    assert shop.job().status is JobStatus.START_PERMITTED


def test_an_agent_that_was_silent_before_its_start_may_ask_again(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    with shop.database.unit_of_work() as work:
        note_silence(work.session, shop.now + timedelta(minutes=6), 300)
    assert shop.job().status is JobStatus.UNKNOWN
    shop.permit(ref)
    assert shop.job().status is JobStatus.START_PERMITTED


def test_an_agent_that_was_silent_while_printing_may_not_ask_again(shop: Shop) -> None:
    ref = shop.must_claim().ref
    shop.permit(ref)
    shop.tell(ref, ReportKind.PRINTING)
    with shop.database.unit_of_work() as work:
        note_silence(work.session, shop.now + timedelta(minutes=6), 300)
    with pytest.raises(Conflict):
        shop.permit(ref)


def test_a_cancelled_order_gets_no_permit(shop: Shop) -> None:
    ref = shop.must_claim().ref
    order = order_of(shop)
    with shop.database.unit_of_work() as work:
        cancel_order(work.session, order.id, actor="customer", now=shop.now)
    with pytest.raises(Conflict):
        shop.permit(ref)
    assert order_of(shop).status is OrderStatus.CANCELLED


def test_a_permitted_order_cannot_be_cancelled_any_more(shop: Shop) -> None:
    shop.permit(shop.must_claim().ref)
    order = order_of(shop)
    with pytest.raises(Conflict), shop.database.unit_of_work() as work:
        cancel_order(work.session, order.id, actor="customer", now=shop.now)
    assert order_of(shop).status is OrderStatus.IN_PRODUCTION


def test_a_permit_is_for_the_printer_that_has_the_lease(shop: Shop) -> None:
    ref = shop.must_claim().ref
    with pytest.raises(StaleEpoch):
        shop.permit(ref.model_copy(update={"printer_id": "another"}))
    assert shop.job().status is JobStatus.LEASED
    assert shop.printer().bed_clear
