"""From checkout to the receipt, as a customer's browser goes through it."""

import asyncio
import re
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.sse import ServerSentEvent
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import Session, func, select
from starlette.requests import Request
from starlette.types import Message

from parts3d.db import Database
from parts3d.jobs.channels import order_channel
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.orders.collection import Desk, HandedOver, hand_over
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order, PaymentMethod
from parts3d.orders.tokens import collection_code
from parts3d.orders.tracking_pages import follow_order
from parts3d.points.tables import Printer
from parts3d.promises.tables import Promise
from parts3d.units.service import hand_over_units
from tests.support.network import settings_for
from tests.support.shop import RungTasks, Shop, open_shop

PART = {"part": "furniture-foot", "quantity": "2", "point": "huy"}
ANNE = {"name": "Anne", "email": "anne@example.be", "accept_terms": "1"}


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path, demo=True), now)


@pytest.fixture
def anne(shop: Shop) -> TestClient:
    return shop.client()


def key_of(page: str) -> str:
    found = re.search(r'name="idempotency_key" value="(\w+)"', page)
    assert found
    return found.group(1)


def checkout(visitor: TestClient, **changes: str) -> Response:
    """Press "Order and collect here"; returns the checkout page."""
    answer = visitor.post("/checkout", data={**PART, **changes})
    assert answer.status_code == 200, answer.text
    return answer


def order(visitor: TestClient, **changes: str) -> Response:
    """Go through checkout; returns the order's page."""
    page = checkout(visitor)
    details = {"idempotency_key": key_of(page.text), **ANNE, **changes}
    return visitor.post(str(page.url), data=details)


def confirmation(shop: Shop) -> str:
    """Return the link of the latest mail that asks to confirm."""
    for text in shop.write_mails():
        found = re.search(r"http\S+(/confirm/\S+)", text)
        if found:
            return found.group(1)
    raise AssertionError("no mail asks to confirm")


def count(shop: Shop, table: type[Order | Job]) -> int:
    with shop.context.database.reading() as session:
        return session.exec(select(func.count()).select_from(table)).one()


def the_order(shop: Shop) -> Order:
    with shop.context.database.reading() as session:
        return session.exec(select(Order)).one()


def test_checkout_holds_the_time_and_shows_price_place_and_until_when(anne: TestClient) -> None:
    page = checkout(anne)
    assert re.search(r"/checkout/[0-9a-f]{32}$", str(page.url))
    for words in ("Held for you until 10:15", "This price holds until 10:30", "Rue Neuve 1"):
        assert words in page.text
    assert "Screw-on furniture foot, €12.45" in page.text


def test_an_order_is_made_and_asks_to_confirm_the_address(shop: Shop, anne: TestClient) -> None:
    page = order(anne)
    assert page.status_code == 200
    assert re.search(r"/orders/[\w-]{43}$", str(page.url))
    assert "One step is left" in page.text
    assert "anne@example.be" in page.text
    assert the_order(shop).status is OrderStatus.PRICED
    assert isinstance(shop.context.tasks, RungTasks)
    assert ("notices.tell", (the_order(shop).id,)) in shop.context.tasks.rung
    assert page.headers["cache-control"] == "no-store"


def test_a_form_sent_twice_gives_one_order(shop: Shop, anne: TestClient) -> None:
    page = checkout(anne)
    details = {"idempotency_key": key_of(page.text), **ANNE}
    first = anne.post(str(page.url), data=details)
    second = anne.post(str(page.url), data=details)
    assert first.url == second.url
    assert count(shop, Order) == 1


def test_a_checkout_opened_again_and_sent_with_another_key_gives_no_second_order(
    shop: Shop, anne: TestClient
) -> None:
    page = checkout(anne)
    anne.post(str(page.url), data={"idempotency_key": key_of(page.text), **ANNE})
    again = anne.get(str(page.url))
    answer = anne.post(str(page.url), data={"idempotency_key": key_of(again.text), **ANNE})
    assert answer.status_code == 409
    assert "ordered already" in answer.text
    assert count(shop, Order) == 1


def test_what_is_missing_is_said_beside_each_field_and_nothing_typed_is_lost(
    shop: Shop, anne: TestClient
) -> None:
    page = checkout(anne)
    answer = anne.post(
        str(page.url), data={"idempotency_key": key_of(page.text), "name": " ", "email": "anne@"}
    )
    assert answer.status_code == 422
    assert "Type your name" in answer.text
    assert "Please agree to the terms" in answer.text
    assert 'value="anne@"' in answer.text
    answer = anne.post(
        str(page.url), data={"idempotency_key": key_of(page.text), **ANNE, "email": "anne@"}
    )
    assert answer.status_code == 422
    assert "This is no e-mail address" in answer.text
    assert count(shop, Order) == 0


def test_a_price_that_has_expired_is_asked_for_again_by_one_tap(
    shop: Shop, anne: TestClient
) -> None:
    page = checkout(anne)
    shop.pass_time(minutes=31)
    late = anne.post(str(page.url), data={"idempotency_key": key_of(page.text), **ANNE})
    assert late.status_code == 409
    assert "This price has expired" in late.text
    fresh = checkout(anne)
    assert fresh.url != page.url
    assert "This price holds until 11:01" in fresh.text
    assert count(shop, Order) == 0


def test_a_time_that_is_no_longer_held_and_later_is_shown_and_asked(
    shop: Shop, anne: TestClient
) -> None:
    page = checkout(anne)
    shop.pass_time(minutes=20)
    assert "no longer held" in anne.get(str(page.url)).text
    details = {"idempotency_key": key_of(page.text), **ANNE}
    asked = anne.post(str(page.url), data=details)
    assert asked.status_code == 409
    assert "The promise has changed" in asked.text
    assert "<s>Ready today at" in asked.text
    assert count(shop, Order) == 0
    agreed = re.search(r'name="accepted_ready_at" value="([^"]+)"', asked.text)
    assert agreed
    placed = anne.post(str(page.url), data={**details, "accepted_ready_at": agreed.group(1)})
    assert "One step is left" in placed.text
    assert count(shop, Order) == 1


def test_capacity_that_went_meanwhile_shows_the_part_again_with_the_reason(
    shop: Shop, anne: TestClient
) -> None:
    def load_pla(session: Session) -> None:
        for printer in session.exec(select(Printer)):
            printer.material = "PLA"

    shop.write(load_pla)
    answer = anne.post("/checkout", data=PART)
    assert answer.status_code == 409
    assert "That was not possible" in answer.text
    assert "Point 3D Huy has no PETG loaded today (it has PLA)" in answer.text


@pytest.mark.parametrize(
    ("field", "value", "status"),
    [
        ("part", "no-such-part", 404),
        ("part", "gas-hob-coupling", 404),
        ("point", "nowhere", 404),
        ("quantity", "0", 422),
        ("quantity", "many", 422),
        ("quantity", "99", 422),
    ],
)
def test_a_checkout_of_something_else_is_refused_in_words(
    anne: TestClient, field: str, value: str, status: int
) -> None:
    answer = anne.post("/checkout", data={**PART, field: value})
    assert answer.status_code == status
    assert 'role="search"' in answer.text


def test_looking_at_the_link_of_the_mail_confirms_nothing(shop: Shop, anne: TestClient) -> None:
    order(anne)
    link = confirmation(shop)
    scanner = shop.client()
    for _ in range(3):
        assert "Confirm: please print it" in scanner.get(link).text
    assert the_order(shop).status is OrderStatus.PRICED
    assert count(shop, Job) == 0


def test_the_button_confirms_once_however_often_it_is_pressed(shop: Shop, anne: TestClient) -> None:
    order(anne)
    link = confirmation(shop)
    first, second = anne.post(link), anne.post(link)
    assert first.url == second.url
    assert "Your part waits for its printer" in first.text
    assert the_order(shop).status is OrderStatus.PLACED
    assert count(shop, Job) == 2
    assert "Your part waits for its printer" in anne.get(link).text


def test_a_time_that_has_become_later_is_asked_before_the_order_is_confirmed(
    shop: Shop, anne: TestClient
) -> None:
    order(anne)
    link = confirmation(shop)
    shop.pass_time(hours=3)
    asked = anne.post(link)
    assert asked.status_code == 409
    assert "The promise has changed" in asked.text
    assert the_order(shop).status is OrderStatus.PRICED
    agreed = re.search(r'name="accepted_ready_at" value="([^"]+)"', asked.text)
    assert agreed
    anne.post(link, data={"accepted_ready_at": agreed.group(1)})
    assert the_order(shop).status is OrderStatus.PLACED


@pytest.mark.parametrize("link", ["/confirm/x", "/confirm/a.1.b", "/confirm/%00"])
def test_a_forged_confirmation_is_nobodys(anne: TestClient, link: str) -> None:
    for answer in (anne.get(link), anne.post(link)):
        assert answer.status_code == 404
        assert "cut in two" in answer.text


def test_a_confirmation_of_yesterday_says_that_it_expired(shop: Shop, anne: TestClient) -> None:
    order(anne)
    link = confirmation(shop)
    shop.pass_time(hours=25)
    answer = anne.post(link)
    assert answer.status_code == 409
    assert "This link has expired" in answer.text


def test_another_customers_order_is_not_there(shop: Shop, anne: TestClient) -> None:
    mine = str(order(anne).url)
    number = the_order(shop).number
    for address in (f"/orders/{number}", "/orders/guess", mine[:-1], f"/orders/{number}/live"):
        answer = shop.client().get(address)
        assert answer.status_code == 404, address
        assert "anne@example.be" not in answer.text
    assert shop.client().post(f"/orders/{number}/cancel").status_code == 404
    assert shop.client().get(f"/orders/{number}/receipt").status_code == 404


def test_an_order_is_cancelled_after_a_question_until_printing_starts(
    shop: Shop, anne: TestClient
) -> None:
    page = order(anne)
    anne.post(confirmation(shop))
    asked = anne.get(f"{page.url}/cancel")
    assert "Cancel this order?" in asked.text
    assert the_order(shop).status is OrderStatus.PLACED
    gone = anne.post(f"{page.url}/cancel")
    assert "This order is cancelled" in gone.text
    assert "Cancelled by the customer." in gone.text
    assert the_order(shop).status is OrderStatus.CANCELLED


def test_an_order_that_prints_can_no_longer_be_cancelled(shop: Shop, anne: TestClient) -> None:
    page = order(anne)
    anne.post(confirmation(shop))
    shop.drive(JobStatus.PRINTING, progress=0.62)
    assert "Cancel this order" not in anne.get(str(page.url)).text
    assert "Too late to cancel" in anne.get(f"{page.url}/cancel").text
    answer = anne.post(f"{page.url}/cancel")
    assert answer.status_code == 409
    assert "can no longer be cancelled" in answer.text
    assert the_order(shop).status is OrderStatus.IN_PRODUCTION


def test_the_page_shows_the_progress_and_what_is_left(shop: Shop, anne: TestClient) -> None:
    page = order(anne)
    anne.post(confirmation(shop))
    shop.drive(JobStatus.PRINTING, progress=0.62)
    shown = anne.get(str(page.url)).text
    assert "about 10 min left" in shown
    assert 'value="62"' in shown
    assert "Piece 2 is being printed, 62 %" in shown


def test_a_ready_order_shows_the_code_the_address_and_what_to_pay(
    shop: Shop, anne: TestClient
) -> None:
    page = order(anne)
    anne.post(confirmation(shop))
    assert "Your collection code" not in anne.get(str(page.url)).text
    shop.drive(JobStatus.READY)
    shown = anne.get(str(page.url)).text
    code = collection_code(shop.context.settings.secret(), the_order(shop).id)
    assert " ".join(code) in shown
    assert f'data-copy="{code}"' in shown
    assert "<svg" in shown
    assert "Rue Neuve 1" in shown
    assert "To pay at the counter" in shown


def test_after_the_collection_there_is_a_receipt_with_vat(shop: Shop, anne: TestClient) -> None:
    page = order(anne)
    anne.post(confirmation(shop))
    assert anne.get(f"{page.url}/receipt").status_code == 404
    shop.drive(JobStatus.READY)

    def hand_out(session: Session) -> None:
        settings, found = shop.context.settings, session.exec(select(Order)).one()
        result = hand_over(
            session,
            settings,
            Desk(found.point_id, "staff:1"),
            code=collection_code(settings.secret(), found.id),
            method=PaymentMethod.CARD,
            now=shop.now,
            hand_out=hand_over_units,
        )
        assert isinstance(result, HandedOver)

    shop.write(hand_out)
    assert "Collected. Thank you!" in anne.get(str(page.url)).text
    receipt = anne.get(f"{page.url}/receipt").text
    assert "Receipt 000001" in receipt
    assert "VAT (21 %)" in receipt
    assert "by card" in receipt


def test_the_page_follows_by_itself_and_resumes_where_it_was_drawn(
    shop: Shop, anne: TestClient
) -> None:
    page = order(anne)
    anne.post(confirmation(shop))
    drawn = anne.get(str(page.url)).text
    mark = re.search(r'data-last-event-id="(\w+)"', drawn)
    assert mark
    order_id = the_order(shop).id
    app = anne.app

    async def quiet() -> Message:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def follow(last: str) -> ServerSentEvent:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/orders/x/live",
            "query_string": b"",
            "headers": [(b"accept-language", b"en"), (b"last-event-id", last.encode())],
            "app": app,
        }
        events = follow_order(Request(scope, quiet), order_id, shop.context)
        waiting = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        await asyncio.to_thread(shop.drive, JobStatus.PRINTING, progress=0.5)
        shop.context.bell.ring(order_channel(order_id))
        event = await asyncio.wait_for(waiting, 10)
        await events.aclose()  # type: ignore[attr-defined]  # it is a generator
        return event

    event = asyncio.run(follow(mark.group(1)))
    # What the page knew already was not sent again: the first event is the news.
    assert "is being printed, 50 %" in (event.raw_data or "")


def test_orders_are_listed_on_the_device_that_made_them_and_nowhere_else(
    shop: Shop, anne: TestClient
) -> None:
    page = order(anne)
    assert str(page.url).rsplit("/", 1)[1] in anne.get("/orders").text
    assert "No orders on this device yet" in shop.client().get("/orders").text
    forgotten = anne.post("/orders/forget")
    assert "No orders on this device yet" in forgotten.text
    assert anne.get(str(page.url)).status_code == 200


def test_the_device_fills_the_form_in_the_next_time(anne: TestClient) -> None:
    order(anne)
    page = checkout(anne).text
    assert 'value="Anne"' in page
    assert 'value="anne@example.be"' in page


def test_a_cookie_that_we_did_not_sign_is_nothing(shop: Shop, anne: TestClient) -> None:
    order(anne)
    stolen = anne.cookies["parts3d_device"].strip('"')
    forger = shop.client()
    forger.cookies.set("parts3d_device", stolen[:-1] + ("0" if stolen[-1] != "0" else "1"))
    assert "No orders on this device yet" in forger.get("/orders").text


def test_the_fourth_open_order_of_an_address_is_refused_with_the_limit(
    shop: Shop, anne: TestClient
) -> None:
    for _ in range(3):
        order(anne)
    answer = order(anne)
    assert answer.status_code == 409
    assert "3 orders of this address are open already" in answer.text
    assert count(shop, Order) == 3


def test_a_customer_reads_french_from_checkout_to_mail(shop: Shop) -> None:
    camille = shop.client("fr-BE")
    page = order(camille)
    assert "confirmez votre commande" in page.text
    shop.pass_time(minutes=31)
    mail = shop.write_mails()[0]
    assert "Bonjour Anne" in mail
    link = confirmation(shop)
    asked = camille.post(link)
    assert "La promesse a changé" in asked.text
    for english in ("Ready ", "Agree", "Order", "counter"):
        assert english not in page.text + asked.text, english


def test_the_demos_customer_signs_in_any_number_of_times(shop: Shop) -> None:
    camille = shop.client()
    for _ in range(2):
        assert camille.get("/demo/login/customer").status_code == 200
    assert "Camille Demo" in camille.get("/").text
    assert 'value="camille@demo.example"' in checkout(camille).text
    assert "Points near 4500" in camille.get("/parts/furniture-foot").text


def test_the_demos_mailbox_shows_mails_whose_links_can_be_followed(shop: Shop) -> None:
    camille = shop.client()
    assert "No mail yet" in camille.get("/demo/mailbox").text
    order(camille, name="<script>alert(1)</script>")
    shop.write_mails()
    listed = camille.get("/demo/mailbox").text
    address = re.search(r'href="(/demo/mailbox/\w+)"', listed)
    assert address
    mail = camille.get(address.group(1)).text
    assert "<script>alert" not in mail
    link = re.search(r'<a href="http://127.0.0.1:8000(/confirm/[^"]+)"', mail)
    assert link
    assert "Confirm: please print it" in camille.get(link.group(1)).text
    assert "/demo/login/operator" in camille.get("/demo").text


def test_a_held_promise_belongs_to_one_checkout(shop: Shop, anne: TestClient) -> None:
    checkout(anne)
    checkout(shop.client())
    with shop.context.database.reading() as session:
        assert session.exec(select(func.count()).select_from(Promise)).one() == 2
