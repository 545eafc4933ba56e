"""What cannot be sold is refused in a sentence that says why and what would help."""

import sqlite3
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from parts3d.catalogue.safety import SafetyClass
from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.errors import Conflict, Invalid
from parts3d.orders.tables import Order
from parts3d.points.tables import Point, Printer
from parts3d.quotes.asked import Bearing, check_material
from parts3d.quotes.tables import Quote, QuoteLine
from parts3d.slicing.tables import Slice, SliceStatus
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop

WHEEL, FOOT, STOP = "dishwasher-basket-wheel", "furniture-foot", "drawer-runner-stop"
SOFTENING_C = {"PLA": 55.0, "PETG": 72.0, "ASA": 95.0, "PA-CF": 140.0}


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path), now)


def ask(client: TestClient, path: str = "quotes", **json: Any) -> tuple[int, str, str]:
    answer = client.post(f"/api/v1/{path}", json=json, headers={"accept": "application/json"})
    body = answer.json()
    return answer.status_code, body.get("code", ""), body.get("message", "")


@pytest.mark.parametrize("path", ["quotes", "offers"])
def test_a_material_that_there_is_not_is_named_with_those_that_there_are(
    shop: Shop, path: str
) -> None:
    status, code, words = ask(shop.client(), path, part=FOOT, material="unobtainium")
    assert (status, code) == (422, "unknown_material")
    assert words == (
        "There is no material unobtainium. Materials are PLA, PETG, ASA, ABS, PA-CF, TPU."
    )


def test_a_warm_part_is_not_made_of_what_softens_there_and_those_that_bear_it_are_named(
    shop: Shop,
) -> None:
    status, code, words = ask(shop.client(), part=WHEEL, material="PLA")
    assert (status, code) == (422, "material_too_soft")
    assert words == (
        "Dishwasher lower basket wheel may reach 75 °C in use, and PLA softens at 55 °C. "
        "Materials that bear it: ASA, ABS, PA-CF."
    )


def test_a_loaded_part_is_made_of_approved_materials_only(shop: Shop) -> None:
    status, code, words = ask(shop.client(), part=FOOT, material="TPU")
    assert (status, code) == (422, "material_not_approved")
    assert "Materials that are: PETG, ASA, ABS, PA-CF." in words


def test_a_part_is_sold_in_the_material_it_was_approved_in(shop: Shop) -> None:
    status, code, words = ask(shop.client(), part=FOOT, material="ASA")
    assert (status, code) == (409, "material_not_offered")
    assert words == "Screw-on furniture foot is sold in PETG; it was not approved in ASA."
    assert ask(shop.client(), part=FOOT, material="PETG")[0] == 201


def test_unknown_and_absent_printers_are_named_with_those_in_use(shop: Shop) -> None:
    client = shop.client()
    status, code, words = ask(client, part=FOOT, printer_model="mark9")
    assert (status, code) == (422, "unknown_printer")
    assert words.startswith("There is no printer model mark9. Models are ")
    assert ask(client, part=FOOT, printer_model="neptune4")[0] == 201

    def withdraw(session: Session) -> None:
        for printer in session.exec(select(Printer).where(Printer.model == "neptune4")):
            printer.withdrawn_at = shop.now

    shop.write(withdraw)
    status, code, words = ask(client, part=FOOT, printer_model="neptune4")
    assert (status, code) == (409, "printer_not_in_use")
    assert words.endswith("at the moment. Models in use are mk3s.")


def test_a_printer_that_cannot_print_the_part_is_named_with_those_that_can(shop: Shop) -> None:
    shop.write(lambda session: _fail_slices(session, FOOT, "mk3s"))
    status, code, words = ask(shop.client(), part=FOOT, printer_model="mk3s")
    assert (status, code) == (409, "printer_cannot")
    assert words.endswith("It can on neptune4.")


def _fail_slices(session: Session, slug: str, *models: str) -> Revision:
    part = session.exec(select(Part).where(Part.slug == slug)).one()
    revision = session.get_one(Revision, part.current_revision_id)
    for row in session.exec(select(Slice).where(Slice.model_sha256 == revision.model_sha256)):
        if not models or row.printer_model in models:
            row.status, row.failure = SliceStatus.FAILED, "It does not fit."
    return revision


def test_a_part_that_fits_no_printer_says_how_large_it_and_the_largest_printer_are(
    shop: Shop,
) -> None:
    def enlarge(session: Session) -> None:
        revision = _fail_slices(session, FOOT)
        size = {"x": 400.0, "y": 390.0, "z": 380.0}
        revision.manifest = {**revision.manifest, "dimensions_mm": size}

    shop.write(enlarge)
    status, code, words = ask(shop.client(), part=FOOT)
    assert (status, code) == (409, "fits_no_printer")
    assert words == (
        "This part measures 400 x 390 x 380 mm and fits no printer of ours; "
        "the largest prints 225 x 225 x 265 mm."
    )
    assert "fits no printer of ours" in shop.client().get(f"/parts/{FOOT}").text


@pytest.mark.parametrize(("quantity", "words"), [(11, "Choose from 1 to 10."), (0, "quantity")])
def test_a_quantity_beyond_the_limit_names_it(shop: Shop, quantity: int, words: str) -> None:
    status, _, said = ask(shop.client(), lines=[{"part": FOOT, "quantity": quantity}])
    assert status == 422
    assert words in said


def test_more_than_a_point_makes_in_its_days_is_refused_with_the_quantity(shop: Shop) -> None:
    def slow(session: Session) -> None:
        for row in session.exec(select(Slice)):
            row.print_seconds = 70 * 3600
        for point in session.exec(select(Point).where(Point.slug != "huy")):
            point.active = False

    shop.write(slow)
    client = shop.client()
    quote = client.post("/api/v1/quotes", json={"part": FOOT, "quantity": 10}).json()
    status, code, words = ask(client, "checkouts", quote_id=quote["id"], point="huy")
    assert (status, code) == (409, "beyond_capacity")
    assert "cannot make 10 of these in the next 14 days" in words


def test_an_expired_quote_is_refused_with_its_time(shop: Shop) -> None:
    client = shop.client()
    quote = client.post("/api/v1/quotes", json={"part": FOOT}).json()
    shop.pass_time(minutes=31)
    status, code, words = ask(client, "checkouts", quote_id=quote["id"], point="huy")
    assert (status, code) == (409, "quote_expired")
    assert words == "This price was frozen until 10:30. Ask for the price again."


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        (Quote, "voucher_code", "FREE"),
        (QuoteLine, "quantity", 9),
        (QuoteLine, "total_cents", 1),
        (Quote, "tariff_id", "2020-01"),
    ],
)
def test_an_altered_quote_is_found_out_and_ordered_by_nobody(
    shop: Shop, table: type[Quote] | type[QuoteLine], column: str, value: object
) -> None:
    client = shop.client()
    quote = client.post("/api/v1/quotes", json={"part": FOOT, "quantity": 2}).json()
    checkout = client.post(
        "/api/v1/checkouts", json={"quote_id": quote["id"], "point": "huy"}
    ).json()

    shop.write(lambda session: setattr(session.exec(select(table)).one(), column, value))
    status, code, words = ask(client, "checkouts", quote_id=quote["id"], point="huy")
    assert (status, code) == (409, "quote_altered")
    assert words.startswith("This quote is not as it was given")
    answer = client.post(
        "/api/v1/orders",
        json={
            "checkout_id": checkout["id"],
            "name": "Anne",
            "email": "anne@example.be",
            "accept_terms": True,
        },
        headers={"Idempotency-Key": "a-key-of-hers"},
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "quote_altered")
    with shop.context.database.reading() as session:
        assert session.exec(select(Order)).all() == []


def test_an_amount_changed_behind_our_back_breaks_the_databases_own_sums(shop: Shop) -> None:
    quote = shop.client().post("/api/v1/quotes", json={"part": FOOT}).json()
    path = shop.context.database.url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as connection, pytest.raises(sqlite3.IntegrityError):
        connection.execute("UPDATE quote SET total_cents = 1 WHERE id = ?", (quote["id"],))


def test_an_unknown_quote_is_said_to_be_unknown(shop: Shop) -> None:
    status, code, words = ask(shop.client(), "checkouts", quote_id="0" * 32, point="huy")
    assert (status, code) == (404, "unknown_quote")
    assert words == "There is no such quote. Ask for the price again."


@pytest.mark.parametrize(
    "json",
    [
        {},
        {"part": FOOT, "lines": [{"part": STOP}]},
        {"lines": []},
        {"lines": [{"part": STOP}], "quantity": 2},
        {"lines": [{"part": STOP}, {"part": STOP}]},
        {"lines": [{"part": f"part-{number}"} for number in range(21)]},
        {"lines": [{"part": STOP, "discount": 1}]},
    ],
)
def test_a_request_of_no_shape_or_two_is_refused(shop: Shop, json: dict[str, Any]) -> None:
    assert ask(shop.client(), **json)[0] == 422


def test_several_lines_are_quoted_and_offered_as_one(shop: Shop) -> None:
    client = shop.client()
    lines = [{"part": FOOT, "quantity": 2}, {"part": STOP}]
    quote = client.post("/api/v1/quotes", json={"lines": lines}).json()
    assert (quote["part"], quote["quantity"]) == (None, 3)
    assert [line["part"] for line in quote["lines"]] == [FOOT, STOP]
    assert sum(line["total_cents"] for line in quote["lines"]) == quote["total_cents"]
    assert all(plate["gcode_sha256"] for line in quote["lines"] for plate in line["plates"])
    offers = client.post("/api/v1/offers", json={"lines": [*lines, {"part": WHEEL}]}).json()
    assert offers["offers"] == []
    assert any(
        one["sentence"].startswith("Dishwasher lower basket wheel: Point 3D Huy has no ASA")
        for one in offers["refusals"]
    )


@given(
    st.sampled_from(sorted(SOFTENING_C)),
    st.sampled_from(sorted(SOFTENING_C)),
    st.sampled_from([None, *SafetyClass]),
    st.none() | st.integers(20, 160).map(float),
)
def test_no_material_passes_but_the_recipes_own(
    asked: str, recipe: str, safety_class: SafetyClass | None, hottest: float | None
) -> None:
    part = Bearing("Knob", safety_class, hottest, recipe)
    if asked == recipe:
        check_material(asked, part, SOFTENING_C)
        return
    with pytest.raises((Invalid, Conflict)) as refusal:
        check_material(asked, part, SOFTENING_C)
    words = refusal.value.message
    assert asked in words
    if hottest is not None and SOFTENING_C[asked] <= hottest:
        named = words.partition("bear it: ")[2].rstrip(".").split(", ")
        assert all(name == "none" or SOFTENING_C[name] > hottest for name in named)
