"""The counter's pages, as staff use them."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.sse import ServerSentEvent
from fastapi.testclient import TestClient
from sqlmodel import select
from starlette.requests import Request
from starlette.types import Message

from parts3d.accounts.tables import Role
from parts3d.db import Database
from parts3d.jobs.bench_pages import follow_counter
from parts3d.jobs.channels import point_channel
from parts3d.jobs.counter_desk import Counter
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.printers import hear_printers
from parts3d.jobs.tables import Job
from parts3d.orders.collection import Desk
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order, PaymentMethod
from parts3d.orders.tokens import collection_code
from parts3d.points.tables import Printer
from tests.jobs.bench import Shop
from tests.support.network import submitted
from tests.support.site import Site


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return Shop.open(sqlite_database, tmp_path, now)


@pytest.fixture
def site(shop: Shop, tmp_path: Path) -> Site:
    return Site.open(shop.database, shop.settings, tmp_path, shop.now, "parts3d.jobs.bench_pages")


@pytest.fixture
def staff(site: Site, shop: Shop) -> TestClient:
    return site.signed_in(Role.STAFF, name="Sam", point_id=shop.network.points["huy"])


def move(shop: Shop, *statuses: JobStatus, reason: str | None = None) -> Job:
    """Bring the shop's one job along, as an agent would."""
    printed = JobStatus.PRINTED in statuses
    if not shop.job().attempt_id:
        shop.must_claim()
    with shop.database.unit_of_work() as work:
        job = work.session.exec(select(Job)).one()
        for status in statuses:
            move_job(work.session, job, status, actor="agent:1", now=shop.now, reason=reason)
        if printed:
            job.printed_at = shop.now
        return job


UNTIL_PRINTED = (JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.PRINTED)


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("printer", "(printer's own figure)"),
        ("host", "(host's estimate)"),
        ("slicer", "(slicer's estimate)"),
        (None, "left</"),
    ],
)
def test_the_time_left_says_whose_figure_it_is(
    shop: Shop, staff: TestClient, source: str | None, words: str
) -> None:
    ref = shop.must_claim().ref
    move(shop, JobStatus.START_PERMITTED, JobStatus.PRINTING)
    report = shop.report_of(
        condition="printing",
        file_name=ref.file_name,
        progress=0.5,
        remaining_seconds=900,
        remaining_source=source,
    )
    with shop.database.unit_of_work() as work:
        hear_printers(work.session, agent=shop.agent, generation=1, reports=[report], now=shop.now)
    page = staff.get("/counter").text
    assert "about 15 min left" in page
    assert words in page


def order_of(shop: Shop) -> Order:
    with shop.database.reading() as session:
        order = session.exec(select(Order)).one()
        session.expunge(order)
        return order


def code_of(shop: Shop) -> str:
    return collection_code(shop.settings.secret(), order_of(shop).id)


def on_the_shelf(shop: Shop, staff: TestClient) -> None:
    job = move(shop, *UNTIL_PRINTED)
    assert staff.post(f"/counter/jobs/{job.id}/pass").status_code == 303
    assert staff.post(f"/counter/jobs/{job.id}/shelf").status_code == 303


def test_nobody_passes_without_signing_in(site: Site) -> None:
    for path in ("/counter", "/counter/live", "/counter/hand-over", "/counter/confirm"):
        answer = site.visitor().get(path)
        assert answer.status_code == 401, path


def test_a_maintainer_is_told_whose_page_the_counter_is(site: Site) -> None:
    answer = site.signed_in(Role.MAINTAINER).get("/counter")
    assert answer.status_code == 403
    assert "This page is for staff at a counter" in answer.text


def test_an_idle_counter_says_that_nothing_is_to_do(staff: TestClient) -> None:
    page = staff.get("/counter")
    assert page.status_code == 200
    assert "Nothing to do right now" in page.text
    assert "0 printing, 1 waiting" in page.text


def test_the_list_goes_from_what_holds_up_most_to_what_can_wait(
    shop: Shop, staff: TestClient
) -> None:
    job = move(shop, *UNTIL_PRINTED)
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).bed_clear = False
    page = staff.get("/counter").text
    assert page.index("Clear the bed of huy 1") < page.index("Check: Basket wheel")
    assert f"/counter/jobs/{job.id}" in page


def test_a_bed_is_cleared_and_leaves_the_list(shop: Shop, staff: TestClient) -> None:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).bed_clear = False
    answer = staff.post(f"/counter/printers/{shop.printer_id}/clear")
    assert (answer.status_code, answer.headers["location"]) == (303, "/counter")
    assert "Clear the bed" not in staff.get("/counter").text
    assert shop.printer().bed_clear


def test_a_bed_with_a_print_on_it_is_not_called_clear(shop: Shop, staff: TestClient) -> None:
    move(shop, JobStatus.START_PERMITTED, JobStatus.PRINTING)
    answer = staff.post(f"/counter/printers/{shop.printer_id}/clear")
    assert answer.status_code == 409
    assert "is still at work on" in answer.text


def test_a_passed_part_shows_its_serial_number_and_goes_to_the_shelf(
    site: Site, shop: Shop, staff: TestClient
) -> None:
    job = move(shop, *UNTIL_PRINTED)
    passed = staff.post(f"/counter/jobs/{job.id}/pass")
    assert passed.headers["location"] == f"/counter/jobs/{job.id}"
    assert "U-" in staff.get(f"/counter/jobs/{job.id}").text
    shelved = staff.post(f"/counter/jobs/{job.id}/shelf")
    assert "On the shelf. The customer is told" in staff.get(shelved.headers["location"]).text
    assert order_of(shop).status is OrderStatus.READY
    assert ("notices.tell", job.order_id) in site.tasks.rung


def test_a_notice_is_shown_once(shop: Shop, staff: TestClient) -> None:
    on_the_shelf(shop, staff)
    assert "The customer is told" in staff.get("/counter").text
    assert "The customer is told" not in staff.get("/counter").text


def test_a_rejection_wants_a_reason_and_keeps_it(shop: Shop, staff: TestClient) -> None:
    job = move(shop, *UNTIL_PRINTED)
    empty = staff.post(f"/counter/jobs/{job.id}/reject", data={"why": " "})
    assert empty.status_code == 422
    assert "Say what is wrong with the part." in empty.text
    assert shop.job().status is JobStatus.PRINTED
    staff.post(f"/counter/jobs/{job.id}/reject", data={"why": "warped corner"})
    assert shop.job().reason == "Rejected at the check: warped corner"
    again = staff.post(f"/counter/jobs/{job.id}/again")
    assert again.status_code == 303
    assert shop.job().status is JobStatus.WAITING


def test_a_job_that_no_machine_knows_is_decided_by_a_person(shop: Shop, staff: TestClient) -> None:
    job = move(shop, JobStatus.START_PERMITTED, JobStatus.NEEDS_HUMAN, reason="Power was cut.")
    assert "Was it printed? Basket wheel" in staff.get("/counter").text
    url = f"/counter/jobs/{job.id}/decide"
    undecided = staff.post(url, data={"printed": "no", "why": ""})
    assert undecided.status_code == 422
    assert "Say what you saw at the printer." in undecided.text
    assert 'value="no" checked' in undecided.text
    assert staff.post(url, data={"printed": "no", "why": "empty bed"}).status_code == 303
    assert (shop.job().status, shop.job().reason) == (JobStatus.FAILED, "empty bed")


def test_another_points_staff_find_no_job_no_printer_and_no_receipt(
    site: Site, shop: Shop, staff: TestClient
) -> None:
    on_the_shelf(shop, staff)
    with shop.database.unit_of_work() as work:
        other = shop.network.add_point(work.session, slug="namur").id
    stranger = site.signed_in(Role.STAFF, name="Nele", point_id=other)
    job = shop.job()
    assert stranger.get(f"/counter/jobs/{job.id}").status_code == 404
    assert stranger.get(f"/counter/receipts/{job.order_id}").status_code == 404
    for act in ("pass", "shelf", "again"):
        assert stranger.post(f"/counter/jobs/{job.id}/{act}").status_code == 404
    assert stranger.post(f"/counter/jobs/{job.id}/reject", data={"why": "x"}).status_code == 404
    assert stranger.post(f"/counter/printers/{shop.printer_id}/clear").status_code == 404
    found = stranger.post("/counter/hand-over", data={"code": code_of(shop)})
    assert found.status_code == 404
    assert order_of(shop).number not in found.text
    assert shop.job().status is JobStatus.READY


def test_a_code_shows_the_order_and_what_is_to_be_paid(shop: Shop, staff: TestClient) -> None:
    on_the_shelf(shop, staff)
    code = code_of(shop)
    page = staff.post("/counter/hand-over", data={"code": f"{code[:3]} {code[3:]}"})
    assert page.status_code == 200
    assert order_of(shop).number in page.text
    assert "To pay now" in page.text
    assert order_of(shop).status is OrderStatus.READY


def test_a_paid_order_is_handed_over_with_a_receipt_and_twice_is_once(
    shop: Shop, staff: TestClient
) -> None:
    on_the_shelf(shop, staff)
    form = {"code": code_of(shop), "number": order_of(shop).number, "method": "cash"}
    paid = staff.post("/counter/hand-over/pay", data=form)
    assert paid.status_code == 303
    receipt = staff.get(paid.headers["location"]).text
    assert "Receipt 000001" in receipt
    assert "VAT 21 %" in receipt.replace("\n", " ")
    assert "Paid in cash" in receipt
    again = staff.post("/counter/hand-over/pay", data=form | {"method": PaymentMethod.CARD.value})
    assert again.headers["location"] == paid.headers["location"]
    assert "Paid in cash" in staff.get(again.headers["location"]).text
    assert order_of(shop).status is OrderStatus.COLLECTED


def test_five_wrong_codes_lock_an_order_even_for_the_right_one(
    shop: Shop, staff: TestClient
) -> None:
    on_the_shelf(shop, staff)
    right = code_of(shop)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    number = order_of(shop).number
    first = staff.post("/counter/hand-over", data={"code": wrong, "number": number})
    assert first.status_code == 422
    assert "4 of 5 tries are left" in first.text
    assert f'value="{number}"' in first.text
    for _ in range(4):
        last = staff.post("/counter/hand-over", data={"code": wrong, "number": number})
    assert last.status_code == 429
    locked = staff.post("/counter/hand-over", data={"code": right, "number": number})
    assert locked.status_code == 429
    assert "This order is locked" in locked.text
    assert order_of(shop).status is OrderStatus.READY


def test_an_unconfirmed_order_is_placed_by_staff_with_its_number(
    shop: Shop, staff: TestClient
) -> None:
    order = submitted(shop.database, shop.settings, shop.network, email="new@example.be").order
    assert staff.post("/counter/confirm", data={"number": "P3D-0000-0000"}).status_code == 404
    answer = staff.post("/counter/confirm", data={"number": order.number.lower()})
    assert answer.status_code == 303
    assert f"Order {order.number} is placed." in staff.get("/counter").text


def test_a_later_time_is_asked_for_before_staff_confirm_it(
    site: Site, shop: Shop, staff: TestClient
) -> None:
    order = submitted(shop.database, shop.settings, shop.network, email="new@example.be").order
    site.now = shop.now + timedelta(hours=3)
    asked = staff.post("/counter/confirm", data={"number": order.number})
    assert asked.status_code == 409
    assert "Ask the customer whether the new time is good." in asked.text
    new = asked.text.split('name="accepted_ready_at" value="')[1].split('"')[0]
    agreed = staff.post("/counter/confirm", data={"number": order.number, "accepted_ready_at": new})
    assert agreed.status_code == 303


def test_the_live_list_is_sent_at_once_and_again_when_something_moved(
    site: Site, shop: Shop
) -> None:
    async def quiet() -> Message:
        await asyncio.sleep(60)
        return {"type": "http.disconnect"}

    async def follow() -> list[ServerSentEvent]:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/counter/live",
            "query_string": b"",
            "headers": [(b"accept-language", b"en")],
            "app": site.app,
        }
        counter = Counter(Desk(shop.network.points["huy"], "staff:1"), "Sam")
        events = follow_counter(Request(scope, quiet), counter, site.context)
        first = await anext(events)
        await asyncio.to_thread(move, shop, *UNTIL_PRINTED)
        site.context.bell.ring(point_channel(shop.network.points["huy"]))
        second = await asyncio.wait_for(anext(events), 10)
        await events.aclose()  # type: ignore[attr-defined]  # it is a generator
        return [first, second]

    first, second = asyncio.run(follow())
    assert "Nothing to do right now" in (first.raw_data or "")
    assert "Check: Basket wheel" in (second.raw_data or "")
    assert first.id != second.id
