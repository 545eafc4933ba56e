"""The operator's prices: drafts, their effect on past orders, and publishing."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlmodel import select

from parts3d.accounts.tables import Role
from parts3d.db import Database
from parts3d.quotes.service import still_valid
from parts3d.quotes.tables import Quote
from parts3d.quotes.tariff_service import tariff_in_force
from parts3d.quotes.tariff_tables import TariffRecord
from tests.support.network import Network, settings_for, small_network, submitted
from tests.support.site import Site


@pytest.fixture
def network(sqlite_database: Database, now: datetime) -> Network:
    return small_network(sqlite_database, now)


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime, network: Network) -> Site:
    assert network.part_slug
    return Site.open(
        sqlite_database, settings_for(tmp_path), tmp_path, now, "parts3d.quotes.tariff_pages"
    )


@pytest.fixture
def operator(site: Site) -> TestClient:
    return site.signed_in(Role.OPERATOR, name="Olga")


def form_of(page: str) -> dict[str, str]:
    """Return what stands in the draft's fields, as a browser would send it."""
    form = page[page.index("novalidate") : page.index("</form>", page.index("novalidate"))]
    found = {}
    for tag in re.findall(r"<input[^>]*>", form):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        assert name is not None
        found[name.group(1)] = value.group(1) if value else ""
    for name_, body in re.findall(
        r'<select[^>]*name="([^"]*)"[^>]*>(.*?)</select>', form, re.DOTALL
    ):
        chosen = re.search(r'value="([^"]*)" selected', body)
        found[name_] = chosen.group(1) if chosen else ""
    return found


def draft_of(operator: TestClient) -> str:
    answer = operator.post("/operator/prices/drafts", data={"title": "Cheaper PETG"})
    assert answer.status_code == 303
    return str(answer.headers["location"])


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page)).replace("\u00a0", " ")


def test_only_the_operator_sees_prices(site: Site) -> None:
    for browser in (site.signed_in(Role.MAINTAINER), site.visitor()):
        assert browser.get("/operator/prices").status_code in {303, 401, 403}


def test_the_tariff_in_force_is_told_in_words(operator: TestClient) -> None:
    said = words_of(operator.get("/operator/prices").text)
    assert "PETG: €55.00 a kilogram" in said
    assert "€4.90 an order, VAT included" in said
    assert "25 % on top of all this" in said


def test_a_draft_without_orders_is_shown_on_the_catalogue(operator: TestClient) -> None:
    said = words_of(operator.get(draft_of(operator)).text)
    assert "There is no order of the last 30 days" in said
    assert "this draft changes no price" in said


def test_a_saved_draft_shows_what_past_orders_would_have_cost(
    site: Site, operator: TestClient, network: Network
) -> None:
    database = site.context.database
    order_id = submitted(database, site.context.settings, network, quantity=3).order.id
    with database.reading() as session:
        (quote,) = session.exec(select(Quote)).all()
    url = draft_of(operator)
    typed = form_of(operator.get(url).text)
    assert (typed["material.PETG"], typed["share"], typed["minimum"]) == ("55", "25", "4.90")
    saved = operator.post(url, data={**typed, "handling_part": "1,60"})
    assert saved.status_code == 303
    page = operator.get(url).text
    # Three copies at 1.00 more each, a quarter for the point and 21 % VAT: 4.5375, rounded once.
    said = words_of(page)
    assert f"/operator/orders/{order_id}" in page
    assert "+€4.54" in said or "+€4.53" in said
    assert f"{quote.total_cents // 100}.{quote.total_cents % 100:02}" in said
    assert "By part" in said
    # Nobody pays a draft.
    with database.reading() as session:
        assert tariff_in_force(session, site.now).handling_cents_per_part == 60


def test_a_new_printer_price_and_a_royalty_come_back_as_typed(operator: TestClient) -> None:
    url = draft_of(operator)
    typed = form_of(operator.get(url).text)
    changes = {
        "machine.mk4": "2.345",
        "break.0.copies": "5",
        "break.0.percent": "7,5",
        "rush": "30",
        "rush_meaning.en": "Before the others.",
        "rush_meaning.fr": "Avant les autres.",
        "royalty.0.part": "basket-wheel",
        "royalty.0.author": "Ada",
        "royalty.0.percent": "5",
        "voucher_floor": "1.00",
    }
    assert operator.post(url, data={**typed, **changes}).status_code == 303
    stands = form_of(operator.get(url).text)
    assert {name: stands[name] for name in changes} == {**changes, "break.0.percent": "7.5"}
    assert "royalty.1.part" in stands  # there is always room for more


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("share", "a quarter", "Write a number here"),
        ("share", "", "Fill this in"),
        ("share", "-1", "Write a number here"),
        ("share", "99999", "too large"),
        ("minimum", "4.905", "Write whole cents"),
        ("break.3.copies", "50", "Fill in both"),
        ("title", " ", "Give the draft a name"),
        ("rush", "30", "Say in words what the customer gets"),
        ("royalty.0.part", "basket-wheel", "Say who is paid"),
    ],
)
def test_a_fault_is_told_at_its_field_and_what_was_typed_stays(
    operator: TestClient, field: str, text: str, words: str
) -> None:
    url = draft_of(operator)
    typed = {**form_of(operator.get(url).text), "handling_order": "7.77", field: text}
    answer = operator.post(url, data=typed)
    assert answer.status_code == 422
    assert words in answer.text
    assert "not saved yet" in answer.text
    assert form_of(answer.text)["handling_order"] == "7.77"


def test_quantity_breaks_that_do_not_go_up_are_told(operator: TestClient) -> None:
    url = draft_of(operator)
    typed = form_of(operator.get(url).text)
    for index, (copies, percent) in enumerate([("5", "10"), ("10", "5")]):
        typed |= {f"break.{index}.copies": copies, f"break.{index}.percent": percent}
    assert "Quantity breaks go up" in operator.post(url, data=typed).text


def test_an_order_that_the_draft_cannot_price_is_named(
    site: Site, operator: TestClient, network: Network
) -> None:
    number = submitted(site.context.database, site.context.settings, network).order.number
    url = draft_of(operator)
    typed = form_of(operator.get(url).text)
    assert operator.post(url, data={**typed, "material.PETG": ""}).status_code == 303
    said = words_of(operator.get(url).text)
    assert "cannot price everything" in said
    assert f"{number} : There is no price for PETG" in said


def test_cancelled_and_old_orders_do_not_count(
    site: Site, operator: TestClient, network: Network
) -> None:
    submitted(site.context.database, site.context.settings, network)
    url = draft_of(operator)
    assert "There is no order" not in operator.get(url).text
    site.now += timedelta(days=31)
    operator = site.signed_in(Role.OPERATOR, name="Otto")
    assert "There is no order of the last 30 days" in operator.get(url).text
    assert "There is no order" not in operator.get(f"{url}?days=90").text


def test_a_draft_is_published_shown_and_withdrawn(site: Site, operator: TestClient) -> None:
    url = draft_of(operator)
    answer = operator.post(f"{url}/publish", data={"first_day": "2026-12-01"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/operator/prices")
    said = words_of(operator.get("/operator/prices").text)
    assert "From 01/12/2026 on" in said
    assert "Cheaper PETG, published by Olga" in said
    assert operator.get(url).headers["location"] == "/operator/prices"
    other = draft_of(operator)
    refused = operator.post(f"{other}/publish", data={"first_day": "2026-12-01"})
    assert refused.status_code == 409
    assert "two cannot hold at once" in refused.text
    assert operator.post(f"{other}/publish", data={"first_day": "soon"}).status_code == 422
    with site.context.database.reading() as session:
        record_id = session.exec(
            select(TariffRecord.id).where(TariffRecord.name == "2026-12-01")
        ).one()
    gone = operator.post(f"/operator/prices/tariffs/{record_id}/withdraw")
    assert gone.status_code == 303
    assert "From 01/12/2026 on" not in words_of(operator.get("/operator/prices").text)


def test_a_tariff_of_today_holds_at_once_and_is_never_withdrawn(
    site: Site, operator: TestClient
) -> None:
    url = draft_of(operator)
    operator.post(f"{url}/publish", data={"first_day": "2026-11-24"})
    said = words_of(operator.get("/operator/prices").text)
    assert "Since 24/11/2026 · 2026-11-24 · Cheaper PETG" in said
    assert "Before" in said
    with site.context.database.reading() as session:
        record_id = session.exec(select(TariffRecord.id)).one()
    refused = operator.post(f"/operator/prices/tariffs/{record_id}/withdraw")
    assert refused.status_code == 409
    assert "cannot be withdrawn" in words_of(refused.text)


def test_a_draft_can_be_thrown_away_and_needs_a_name(operator: TestClient) -> None:
    url = draft_of(operator)
    assert operator.post(f"{url}/discard").status_code == 303
    assert "Cheaper PETG" not in operator.get("/operator/prices").text
    nameless = operator.post("/operator/prices/drafts", data={"title": ""})
    assert nameless.status_code == 422
    assert "Give the draft a name" in nameless.text


def test_a_new_tariff_never_changes_a_quote_that_was_given(
    site: Site, operator: TestClient, network: Network
) -> None:
    database, settings = site.context.database, site.context.settings
    before = submitted(database, settings, network, quantity=3).order
    with database.reading() as session:
        given = session.get_one(Quote, before.quote_id).model_dump()
    url = draft_of(operator)
    typed = form_of(operator.get(url).text)
    operator.post(url, data={**typed, "handling_part": "5"})
    operator.post(f"{url}/publish", data={"first_day": "2026-11-24"})
    after = submitted(database, settings, network, quantity=3, email="bob@example.be").order
    with database.reading() as session:
        quote = session.get_one(Quote, before.quote_id)
        assert quote.model_dump() == given
        assert still_valid(session, settings, quote, site.now) is quote
        assert session.get_one(Quote, after.quote_id).tariff_id == "2026-11-24"
    assert after.total_cents > before.total_cents
