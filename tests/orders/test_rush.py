"""Going first, at the checkout: an earlier time for a surcharge, offered only where it is one."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import Session, col, select

from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.tables import Job
from parts3d.orders.tables import Order
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings
from parts3d.store import FolderStore
from tests.support.network import confirmation_of, placed, settings_for, small_network
from tests.support.shop import RungTasks, Shop

DAYS_UNTIL_RUSH = 6  # it is offered from 29 November on; the 30th is a Monday


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return with_queue(sqlite_database, settings_for(tmp_path), now + timedelta(DAYS_UNTIL_RUSH))


def with_queue(database: Database, settings: Settings, now: datetime) -> Shop:
    """One printer, three prints of another customer, promised for two days later than possible."""
    network = small_network(database, now)
    store, tasks = FolderStore(settings.data_dir / "files"), RungTasks()
    context = Context(
        settings=settings, database=database, store=store, bell=Bell(None), tasks=tasks
    )
    placed(database, settings, network, quantity=3, email="bob@example.be")
    shop = Shop(context, network, now)
    put_off(shop, timedelta(days=2))
    return shop


def put_off(shop: Shop, by: timedelta) -> None:
    """Promise what waits for another time."""

    def move(session: Session) -> None:
        for job in session.exec(select(Job)):
            job.due_at += by

    shop.write(move)


def begin(shop: Shop, client: TestClient) -> Response:
    asked = {"part": shop.network.part_slug, "point": "huy", "quantity": "1"}
    return client.post("/checkout", data=asked)


def go_first(client: TestClient, page: Response, rush: str = "1", **typed: str) -> Response:
    return client.post(f"{page.url.path}/rush", data={"rush": rush, **typed})


def order(client: TestClient, page: Response) -> Response:
    key = re.search(r'"idempotency_key" value="(\w+)"', page.text)
    assert key
    typed = {"name": "Anne", "email": "anne@example.be", "accept_terms": "1"}
    return client.post(page.url.path, data={"idempotency_key": key[1], **typed})


def prices(shop: Shop) -> list[Quote]:
    """Return Anne's prices, the first she was given first."""
    with shop.context.database.reading() as session:
        bobs = session.exec(select(Order).where(Order.contact_email == "bob@example.be")).one()
        found = session.exec(select(Quote).where(Quote.id != bobs.quote_id)).all()
        return sorted(found, key=lambda quote: quote.total_cents)


def held(shop: Shop) -> Promise:
    with shop.context.database.reading() as session:
        return session.exec(select(Promise).where(Promise.status == PromiseStatus.HELD)).one()


def test_both_times_and_both_prices_are_shown_and_going_first_is_ordered(shop: Shop) -> None:
    client = shop.client()
    page = begin(shop, client)
    usual = held(shop).ready_at
    assert "everybody keeps the time that was promised to them" in page.text
    faster = go_first(client, page, name="Anne", email="anne@example.be")
    assert faster.status_code == 200
    assert 'value="Anne"' in faster.text
    promise = held(shop)
    assert promise.ready_at < usual
    assert "Served before others" in faster.text
    assert "Without it, it would be ready" in faster.text
    before, after = prices(shop)
    more = after.total_cents - before.total_cents
    assert (before.rush_cents, after.rush_cents > 0) == (0, True)
    assert more > 0
    assert f"Go first, for €{more / 100:.2f} more" in page.text
    assert f"€{after.total_cents / 100:.2f} in all" in page.text
    assert "One step is left" in order(client, faster).text
    with shop.context.database.reading() as session:
        made = session.exec(select(Order).where(Order.quote_id == after.id)).one()
        assert (made.ready_promised_at, made.total_cents) == (promise.ready_at, after.total_cents)


def test_the_job_of_who_goes_first_is_the_next_that_the_printer_takes(shop: Shop) -> None:
    client = shop.client()
    order(client, go_first(client, begin(shop, client)))
    context, network = shop.context, shop.network
    with context.database.reading() as session:
        anne = session.exec(select(Order).where(Order.contact_email == "anne@example.be")).one()
    client.post(f"/confirm/{confirmation_of(context.settings, anne)}")
    with context.database.reading() as session:
        first = session.exec(select(Job).order_by(col(Job.due_at))).first()
        assert first is not None
        assert first.order_id == anne.id
        assert first.planned_printer_id == network.printers["huy 1"]


def test_who_went_first_can_go_on_without_it_at_the_price_before(shop: Shop) -> None:
    client = shop.client()
    page = begin(shop, client)
    usual = held(shop).ready_at
    again = go_first(client, go_first(client, page), rush="0")
    assert "Go first, for" in again.text
    assert held(shop).ready_at == usual
    totals = [quote.total_cents for quote in prices(shop)]
    assert totals[0] == totals[1] < totals[2]


def test_nothing_is_offered_where_those_who_wait_need_their_time(shop: Shop) -> None:
    put_off(shop, timedelta(days=-2))
    client = shop.client()
    page = begin(shop, client)
    assert "Go first" not in page.text
    refused = go_first(client, page)
    assert refused.status_code == 409
    assert "it would not be ready any earlier" in refused.text
    assert held(shop).id in page.url.path


def test_nothing_is_offered_where_the_tariff_has_no_rush(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = with_queue(sqlite_database, settings_for(tmp_path), now)
    client = shop.client()
    page = begin(shop, client)
    assert "Go first" not in page.text
    refused = go_first(client, page)
    assert refused.status_code == 422
    assert "Nobody is served before others at the moment." in refused.text


def test_a_hold_that_has_passed_is_taken_again_at_the_same_time_or_refused(shop: Shop) -> None:
    client = shop.client()
    page = go_first(client, begin(shop, client))
    shop.pass_time(minutes=16)
    put_off(shop, timedelta(days=-3))
    refused = order(client, page)
    assert refused.status_code == 409
    assert "it would not be ready any earlier" in refused.text


def test_the_price_stands_in_a_saved_quote_which_is_ordered_only_where_it_hurries(
    shop: Shop,
) -> None:
    client = shop.client()
    page = go_first(client, begin(shop, client))
    checkout = page.url.path.rpartition("/")[2]
    saved = client.post("/quotes/checkout", data={"checkout": checkout})
    assert "Served before others" in saved.text
    shop.pass_time(minutes=20)  # what the checkout held is given up
    saved = client.get(saved.url.path)
    assert "Ready today at" in saved.text
    assert "elsewhere this quote cannot be ordered" in saved.text
    assert client.get(f"{saved.url.path}.pdf").content.startswith(b"%PDF")
    again = client.post(f"{saved.url.path}/order", data={"point": "huy"})
    assert "Without it, it would be ready" in again.text
    assert "Go on without the surcharge" not in again.text
    put_off(shop, timedelta(days=-3))
    shown = client.get(saved.url.path).text
    assert "it would not be ready any earlier at Point 3D Huy now" in shown
    refused = client.post(f"{saved.url.path}/order", data={"point": "huy"})
    assert refused.status_code == 409
    assert "it would not be ready any earlier" in refused.text


def test_the_page_says_it_in_french(shop: Shop) -> None:
    client = shop.client("fr")
    page = begin(shop, client)
    assert "chacun garde l’heure qui lui a été promise" in page.text  # noqa: RUF001
    assert "Servi avant les autres" in go_first(client, page).text


def test_programs_are_told_what_going_first_would_bring_and_can_choose_it(shop: Shop) -> None:
    client = shop.client()
    quote = client.post("/api/v1/quotes", json={"part": shop.network.part_slug}).json()
    asked = {"quote_id": quote["id"], "point": "huy"}
    usual = client.post("/api/v1/checkouts", json=asked).json()
    offered = usual["rush"]
    assert offered["ready_at"] < usual["ready_at"]
    assert offered["more_cents"] == offered["total_cents"] - usual["quote"]["total_cents"]
    answer = client.post(f"/api/v1/checkouts/{usual['id']}/rush", json={"rush": True})
    rushed = answer.json()
    assert answer.status_code == 201
    assert rushed["ready_at"] == offered["ready_at"]
    assert rushed["otherwise_ready_at"] == usual["ready_at"]
    assert rushed["quote"]["total_cents"] == offered["total_cents"]
    assert rushed["quote"]["rush_cents"] > 0
    assert rushed["rush"] is None
    shown = client.get(f"/api/v1/checkouts/{rushed['id']}").json()
    assert shown == rushed
