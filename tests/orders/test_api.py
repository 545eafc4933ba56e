from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlmodel import select

from parts3d.bell import Bell
from parts3d.context import Context
from parts3d.db import Database
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.orders.api import router
from parts3d.orders.tables import Order
from parts3d.orders.tokens import collection_code
from parts3d.points.tables import Point
from parts3d.settings import Settings
from parts3d.store import FolderStore
from parts3d.web import install_error_answers
from tests.support.network import (
    Network,
    confirmation_of,
    drive_jobs,
    settings_for,
    small_network,
)


@dataclass
class Shop:
    """The API in front of a small network, with a clock that the test turns."""

    client: TestClient
    database: Database
    settings: Settings
    network: Network
    now: datetime
    rung: list[tuple[str | int, ...]] = field(default_factory=list)

    def ring_task(self, name: str, *args: str | int) -> None:
        self.rung.append((name, *args))

    def post(self, path: str, body: object, **headers: str) -> Any:
        return self.client.post(f"/api/v1{path}", json=body, headers=headers)

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1{path}")

    def checkout(self, point: str = "huy", quantity: int = 1) -> str:
        quote = self.post("/quotes", {"part": self.network.part_slug, "quantity": quantity})
        assert quote.status_code == 201, quote.text
        held = self.post("/checkouts", {"quote_id": quote.json()["id"], "point": point})
        assert held.status_code == 201, held.text
        return str(held.json()["id"])

    def order(self, checkout_id: str, key: str = "key-00000001", **changes: object) -> Any:
        body = {
            "checkout_id": checkout_id,
            "name": "Anne",
            "email": "anne@example.be",
            "language": "en",
            "accept_terms": True,
            **changes,
        }
        return self.client.post("/api/v1/orders", json=body, headers={"Idempotency-Key": key})

    def row(self, number: str) -> Order:
        with self.database.reading() as session:
            order = session.exec(select(Order).where(Order.number == number)).one()
            session.expunge(order)
            return order

    def confirm(self, number: str, **body: object) -> Any:
        token = confirmation_of(self.settings, self.row(number))
        return self.post(f"/orders/{token}/confirm", body)


@pytest.fixture
def shop(database: Database, now: datetime, tmp_path: Path) -> Iterator[Shop]:
    settings = settings_for(tmp_path)
    app = FastAPI()
    app.include_router(router)
    install_error_answers(app)
    with TestClient(app, raise_server_exceptions=False) as client:
        made = Shop(client, database, settings, small_network(database, now), now)
        app.state.clock = lambda: made.now
        store = FolderStore(settings.files_dir)
        app.state.context = Context(settings, database, store, Bell(None), made)
        yield made


def test_an_order_goes_from_its_price_to_its_code(shop: Shop) -> None:
    offers = shop.post(
        "/offers", {"part": "basket-wheel", "postcode": "4500"}, **{"Accept-Language": "en"}
    ).json()
    assert offers["offers"][0]["sentence"].startswith("Ready today at ")
    answer = shop.order(shop.checkout(quantity=2))
    assert answer.status_code == 201
    made = answer.json()
    assert (made["status"], made["stage"], made["quantity"]) == ("priced", "confirm", 2)
    assert shop.rung == [("notices.tell", shop.row(made["number"]).id)]
    placed = shop.confirm(made["number"]).json()
    assert (placed["status"], placed["stage"], len(placed["copies"])) == ("placed", "queued", 2)
    with shop.database.unit_of_work() as work:
        drive_jobs(work.session, list(work.session.exec(select(Job))), JobStatus.READY, shop.now)
    ready = shop.get(f"/orders/{made['token']}").json()
    code = collection_code(shop.settings.secret(), shop.row(made["number"]).id)
    assert (ready["stage"], ready["collection_code"], ready["progress"]) == ("ready", code, 1.0)
    assert [event["status"] for event in ready["timeline"]] == [
        "draft",
        "priced",
        "placed",
        "in_production",
        "ready",
    ]
    assert not ready["may_cancel"]
    assert ready["receipt"] is None


def test_the_same_key_answers_200_with_the_same_order(shop: Shop) -> None:
    checkout_id = shop.checkout()
    first, second = shop.order(checkout_id), shop.order(checkout_id)
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["token"] == second.json()["token"]
    other = shop.order(checkout_id, name="Bob")
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")


def test_an_order_without_a_key_says_which_header_is_missing(shop: Shop) -> None:
    answer = shop.post("/orders", {})
    assert answer.status_code == 422
    assert "idempotency" in answer.json()["message"].lower()


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/quotes", {"part": "no-such-part"}, 404, "unknown_part"),
        ("/quotes", {"part": "basket-wheel", "quantity": 11}, 422, "invalid"),
        ("/quotes", {"part": "basket-wheel", "quantity": 0}, 422, "invalid"),
        ("/quotes", {"part": "basket-wheel", "discount": 1}, 422, "invalid"),
        ("/quotes", {"part": "../secret"}, 422, "invalid"),
        ("/offers", {"part": "basket-wheel", "postcode": "9999"}, 404, "unknown_postcode"),
        ("/offers", {"part": "basket-wheel", "postcode": "Paris"}, 422, "invalid"),
        ("/offers", {"part": "basket-wheel", "latitude": 50.5}, 422, "invalid"),
        ("/checkouts", {"quote_id": "0" * 32, "point": "huy"}, 404, "unknown_quote"),
        ("/checkouts", {"quote_id": "x\x00", "point": "huy"}, 422, "invalid"),
        ("/orders/P3D-0000-0000/cancel", None, 404, "unknown_order"),
        ("/orders/abc.123.def/confirm", {}, 404, "unknown_link"),
    ],
)
def test_bad_input_gets_a_sentence_and_its_status(
    shop: Shop, path: str, body: object, status: int, code: str
) -> None:
    answer = shop.post(path, body)
    assert answer.status_code == status, answer.text
    assert answer.json()["code"] == code
    assert len(answer.json()["message"]) > 20


def test_malformed_json_is_refused_and_nothing_is_lost(shop: Shop) -> None:
    answer = shop.client.post(
        "/api/v1/quotes", content=b'{"part": ', headers={"Content-Type": "application/json"}
    )
    assert answer.status_code == 422
    assert answer.json()["code"] == "invalid"


def test_an_expired_quote_is_a_conflict_and_still_readable(shop: Shop) -> None:
    quote = shop.post("/quotes", {"part": "basket-wheel"}).json()
    shop.now += timedelta(minutes=31)
    held = shop.post("/checkouts", {"quote_id": quote["id"], "point": "huy"})
    assert (held.status_code, held.json()["code"]) == (409, "quote_expired")
    assert shop.get(f"/quotes/{quote['id']}").json() == quote


def test_a_closed_point_refuses_in_words(shop: Shop) -> None:
    with shop.database.unit_of_work() as work:
        point = work.session.exec(select(Point)).one()
        point.opening_hours = point.staffed_hours = "Jan 01 10:00-12:00"
    [refusal] = shop.post("/offers", {"part": "basket-wheel"}).json()["refusals"]
    assert refusal["code"] == "never_open"
    quote = shop.post("/quotes", {"part": "basket-wheel"}).json()
    held = shop.post("/checkouts", {"quote_id": quote["id"], "point": "huy"})
    assert (held.status_code, held.json()["code"]) == (409, "never_open")


def test_a_number_opens_nothing_and_says_nothing(shop: Shop) -> None:
    made = shop.order(shop.checkout()).json()
    real, invented = shop.get(f"/orders/{made['number']}"), shop.get("/orders/P3D-0000-0000")
    assert real.status_code == invented.status_code == 404
    assert real.json() == invented.json()


def test_a_confirmation_link_is_not_used_by_a_get(shop: Shop) -> None:
    made = shop.order(shop.checkout()).json()
    token = confirmation_of(shop.settings, shop.row(made["number"]))
    assert shop.get(f"/orders/{token}/confirm").status_code == 405
    assert shop.get(f"/orders/{token}").status_code == 404
    assert shop.get(f"/orders/{made['token']}").json()["status"] == "priced"


def test_the_orders_own_link_does_not_confirm_its_address(shop: Shop) -> None:
    made = shop.order(shop.checkout()).json()
    answer = shop.post(f"/orders/{made['token']}/confirm", {})
    assert answer.status_code == 404
    assert shop.get(f"/orders/{made['token']}").json()["status"] == "priced"


def test_a_late_confirmation_shows_the_change_and_asks(shop: Shop) -> None:
    made = shop.order(shop.checkout()).json()
    shop.now += timedelta(hours=1)
    assert shop.get(f"/orders/{made['token']}").json()["hold_expired"]
    changed = shop.confirm(made["number"])
    assert (changed.status_code, changed.json()["code"]) == (409, "promise_changed")
    assert changed.json()["was_ready_at"] == made["ready_at"]
    agreed = shop.confirm(made["number"], accepted_ready_at=changed.json()["ready_at"])
    assert agreed.status_code == 200
    assert agreed.json()["ready_at"] == changed.json()["ready_at"]


def test_cancelling_is_free_until_a_print_was_permitted(shop: Shop) -> None:
    made = shop.order(shop.checkout()).json()
    shop.confirm(made["number"])
    with shop.database.unit_of_work() as work:
        drive_jobs(
            work.session,
            list(work.session.exec(select(Job))),
            JobStatus.START_PERMITTED,
            shop.now,
        )
    refused = shop.post(f"/orders/{made['token']}/cancel", None)
    assert (refused.status_code, refused.json()["code"]) == (409, "printing")
    second = shop.order(shop.checkout(), key="key-00000002").json()
    ended = shop.post(f"/orders/{second['token']}/cancel", None).json()
    assert (ended["status"], ended["stage"]) == ("cancelled", "cancelled")


def test_a_program_holds_only_so_many_places_at_once_and_is_told_when_to_try_again(
    shop: Shop,
) -> None:
    for _ in range(shop.settings.holds_per_address - 1):
        shop.checkout()
        shop.now += timedelta(minutes=1)
    wanted = {"part": shop.network.part_slug, "quantity": 1}
    last, more = (shop.post("/quotes", wanted).json()["id"] for _ in range(2))
    assert shop.post("/checkouts", {"quote_id": last, "point": "huy"}).status_code == 201
    refused = shop.post("/checkouts", {"quote_id": more, "point": "huy"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_checkouts")
    assert "try again at 10:15." in refused.json()["message"]
    # Opened again, a price gives its own place back first.
    assert shop.post("/checkouts", {"quote_id": last, "point": "huy"}).status_code == 201
    shop.now = shop.now.replace(minute=15)
    assert shop.post("/checkouts", {"quote_id": more, "point": "huy"}).status_code == 201
