"""The shop and a part's page, as a customer meets them."""

import asyncio
import re
from datetime import datetime
from pathlib import Path

import pytest
from fastapi.sse import ServerSentEvent
from fastapi.testclient import TestClient
from sqlmodel import select
from starlette.requests import Request
from starlette.types import Message

from parts3d.catalogue.part_pages import Asked, follow_part
from parts3d.db import Database
from parts3d.points.tables import Point, Printer
from parts3d.shop import Whereabouts
from parts3d.slicing.tables import Slice, SliceStatus
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path), now)


@pytest.fixture
def visitor(shop: Shop) -> TestClient:
    return shop.client()


def names(page: str) -> list[str]:
    return re.findall(r'part-card__name"><a href="[^"]*">([^<]+)</a>', page)


def test_the_shop_shows_every_part_on_sale_with_price_and_ready_time(visitor: TestClient) -> None:
    page = visitor.get("/").text
    assert len(names(page)) == 6
    assert "Oven knob for a D-shaft" in names(page)
    assert "gas" not in " ".join(names(page)).lower()
    assert page.count("part-card__price") == 6
    assert "Ready today at" in page


def test_a_search_by_model_number_finds_the_part_and_says_what_it_fits(
    visitor: TestClient,
) -> None:
    page = visitor.get("/", params={"q": "SMS46GI01E"}).text
    assert names(page) == ["Dishwasher lower basket wheel"]
    assert "Fits Bosch SMS4…" in page
    assert "1 part for “SMS46GI01E”" in page


def test_a_search_that_finds_nothing_says_what_to_do_and_keeps_the_words(
    visitor: TestClient,
) -> None:
    answer = visitor.get("/", params={"q": "<b>XYZ 999</b>"})
    assert answer.status_code == 200
    assert "Check the number on the appliance" in answer.text
    assert "&lt;b&gt;XYZ 999&lt;/b&gt;" in answer.text
    assert "<b>XYZ" not in answer.text


def test_a_category_shows_its_parts_only(visitor: TestClient) -> None:
    assert len(names(visitor.get("/", params={"c": "furniture"}).text)) == 2


def test_a_part_shows_what_a_buyer_must_know(visitor: TestClient) -> None:
    page = visitor.get("/parts/oven-knob-d-shaft").text
    for fact in (
        "44.0 mm",
        "Whirlpool",
        "Not above 80 °C",
        "Turn by hand only",
        "CC-BY-4.0",
        "safety@parts3d.example",
        "within 14 days",
        "How the price is made up",
        "VAT 21 %",
        "/api/v1/parts/oven-knob-d-shaft/model.glb",
    ):
        assert fact in page, fact


def test_the_price_of_two_is_the_price_of_two(visitor: TestClient) -> None:
    def total(quantity: int) -> str:
        page = visitor.get("/parts/furniture-foot", params={"quantity": quantity}).text
        found = re.search(r'price-tag">.*?</span> (\S+) <small>', page)
        assert found
        return found.group(1)

    assert total(1) != total(2)


def test_points_are_ranked_by_the_place_that_was_typed_and_it_is_remembered(
    visitor: TestClient,
) -> None:
    near_namur = visitor.get("/parts/furniture-foot", params={"postcode": "5000"}).text
    assert near_namur.index("Point 3D Namur") < near_namur.index("Point 3D Huy")
    assert "Points near 5000 Namur" in near_namur
    assert "Points near 5000 Namur" in visitor.get("/parts/furniture-foot").text
    near_huy = visitor.get("/parts/furniture-foot", params={"postcode": "4500"}).text
    assert near_huy.index("Point 3D Huy") < near_huy.index("Point 3D Namur")


def test_the_phone_position_is_remembered_rounded_to_a_hundred_metres(visitor: TestClient) -> None:
    page = visitor.get(
        "/parts/furniture-foot", params={"postcode": "", "lat": "50.518734", "lon": "5.239561"}
    ).text
    assert "Points near your position" in page
    kept = visitor.cookies["parts3d_place"]
    assert kept == "50.519_5.24"


def test_an_emptied_postcode_is_forgotten(visitor: TestClient) -> None:
    visitor.get("/parts/furniture-foot", params={"postcode": "5000"})
    visitor.get("/parts/furniture-foot", params={"postcode": ""})
    assert "parts3d_place" not in visitor.cookies


@pytest.mark.parametrize("typed", ["99", "x' OR 1=1", "0000", "nan_nan", "95_5"])
def test_a_wrong_postcode_is_said_beside_the_field_and_the_part_stays(
    visitor: TestClient, typed: str
) -> None:
    answer = visitor.get("/parts/furniture-foot", params={"postcode": typed})
    assert answer.status_code == 422
    assert 'class="field__error"' in answer.text
    assert "Order and collect here" in answer.text


def test_a_point_that_cannot_make_it_says_why(visitor: TestClient) -> None:
    page = visitor.get("/parts/furniture-foot").text
    assert "Point 3D Liege has no PETG loaded today (it has ASA). Choose another point." in page


def test_without_capacity_the_page_says_why_and_what_helps(shop: Shop, visitor: TestClient) -> None:
    def load_pla(session: object) -> None:
        for printer in session.exec(select(Printer)):  # type: ignore[attr-defined]
            printer.material = "PLA"

    shop.write(load_pla)
    page = visitor.get("/parts/furniture-foot").text
    assert "No promise right now" in page
    assert page.count("has no PETG loaded today (it has PLA)") == 3
    assert 'action="/checkout"' not in page


def test_no_open_point_is_said_in_words(shop: Shop, visitor: TestClient) -> None:
    def close_all(session: object) -> None:
        for point in session.exec(select(Point)):  # type: ignore[attr-defined]
            point.active = False

    shop.write(close_all)
    answer = visitor.get("/parts/furniture-foot")
    assert answer.status_code == 200
    assert "No point is open for orders at the moment." in answer.text
    assert visitor.get("/").status_code == 200


def test_a_time_that_stands_until_closing_says_until_when_to_order(
    shop: Shop, visitor: TestClient
) -> None:
    def only_namur(session: object) -> None:
        for point in session.exec(select(Point)):  # type: ignore[attr-defined]
            point.active = point.slug == "namur"

    shop.write(only_namur)
    shop.pass_time(hours=7, minutes=55)
    page = visitor.get("/parts/oven-knob-d-shaft").text
    assert "has no ASA" in page
    page = visitor.get("/parts/furniture-foot").text
    assert "Ready tomorrow at" in page
    assert re.search(r"Order (within \d+ min|before .*) for this time\.", page)


def test_while_nothing_is_sliced_the_page_says_so_and_cannot_be_ordered(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    visitor = open_shop(sqlite_database, settings_for(tmp_path), now, sliced=False).client()
    page = visitor.get("/parts/furniture-foot").text
    assert "Being prepared for our printers" in page
    assert "0 of 2 printer models done" in page
    assert 'action="/checkout"' not in page
    assert "hx-sse:connect" in page
    assert "Being prepared for our printers" in visitor.get("/").text


def test_the_page_follows_the_slicing_by_itself(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = open_shop(sqlite_database, settings_for(tmp_path), now, sliced=False)
    app = shop.client().app

    def finish(session: object) -> None:
        for row in session.exec(select(Slice)):  # type: ignore[attr-defined]
            row.status, row.print_seconds, row.filament_mg = SliceStatus.READY, 1800, 9000

    async def quiet() -> Message:
        await asyncio.sleep(3600)
        return {"type": "http.disconnect"}

    async def follow() -> list[ServerSentEvent]:
        scope = {
            "type": "http",
            "method": "GET",
            "path": "/parts/furniture-foot/live",
            "query_string": b"",
            "headers": [(b"accept-language", b"en")],
            "app": app,
        }
        asked = Asked("furniture-foot", 1, Whereabouts())
        events = follow_part(Request(scope, quiet), asked, shop.context)
        first = await anext(events)
        await asyncio.to_thread(shop.write, finish)
        shop.context.bell.ring("slices")
        second = await asyncio.wait_for(anext(events), 10)
        await events.aclose()  # type: ignore[attr-defined]  # it is a generator
        return [first, second]

    first, second = asyncio.run(follow())
    assert "0 of 2 printer models done" in (first.raw_data or "")
    assert "Order and collect here" in (second.raw_data or "")


@pytest.mark.parametrize(
    "path",
    [
        "/parts/no-such-part",
        "/parts/gas-hob-coupling",
        "/parts/washing-machine-door-handle",
        "/parts/no-such-part/live",
        "/nowhere",
        "/demo",
        "/demo/mailbox",
        "/demo/login/customer",
    ],
)
def test_what_does_not_exist_or_is_not_sold_is_a_404_with_a_way_on(
    visitor: TestClient, path: str
) -> None:
    answer = visitor.get(path)
    assert answer.status_code == 404
    assert 'role="search"' in answer.text
    assert "Nothing here" in answer.text


def test_too_many_copies_are_refused_in_words(visitor: TestClient) -> None:
    answer = visitor.get("/parts/furniture-foot", params={"quantity": 99})
    assert answer.status_code == 422
    assert "Choose from 1 to 10" in answer.text


def test_the_same_pages_speak_french(shop: Shop) -> None:
    visitor = shop.client("fr-BE,fr;q=0.9")
    page = visitor.get("/").text
    assert '<html lang="fr">' in page
    assert "Bouton de four" in page
    assert "Prête aujourd’hui" in page  # noqa: RUF001 - a French apostrophe
    part = visitor.get("/parts/furniture-foot", params={"postcode": "99"}).text
    assert "n’est pas un code postal belge" in part  # noqa: RUF001 - a French apostrophe
    assert "Choisissez un autre point" in part
    for english in ("Ready ", "Choose", "Order and collect", "Limits of use", "How it works"):
        assert english not in page + part, english


def test_the_house_answers_those_who_watch_it_and_robots(visitor: TestClient) -> None:
    assert visitor.get("/healthz").json()["status"] == "ok"
    assert "Disallow: /orders" in visitor.get("/robots.txt").text
    assert "Who sells" in visitor.get("/terms").text
