"""The operator's vouchers."""

from datetime import datetime
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from parts3d.accounts.tables import Role
from parts3d.db import Database
from parts3d.quotes.voucher_service import list_vouchers, redeem
from tests.support.network import settings_for, small_network
from tests.support.site import Site

URL = "/operator/vouchers"


@pytest.fixture
def site(sqlite_database: Database, tmp_path: Path, now: datetime) -> Site:
    small_network(sqlite_database, now)
    return Site.open(
        sqlite_database, settings_for(tmp_path), tmp_path, now, "parts3d.quotes.voucher_pages"
    )


@pytest.fixture
def operator(site: Site) -> TestClient:
    return site.signed_in(Role.OPERATOR, name="Olga")


def test_without_vouchers_the_page_says_what_they_are_for(operator: TestClient) -> None:
    assert "No voucher yet" in operator.get(URL).text


def test_a_voucher_is_made_listed_with_its_uses_and_stopped(
    site: Site, operator: TestClient
) -> None:
    made = operator.post(
        URL,
        data={
            "code": "wel-come",
            "euros": "2,50",
            "last_day": "2026-12-31",
            "most_uses": "3",
            "part": "basket-wheel",
            "first_order_only": "1",
            "note": "leaflet",
        },
    )
    assert (made.status_code, made.headers["location"]) == (303, URL)
    with site.context.database.unit_of_work() as work:
        redeem(
            work.session,
            "WELCOME",
            site.now,
            order_id="order-1",
            parts={"basket-wheel"},
            email="ada@example.be",
        )
    page = operator.get(URL).text.replace("\u00a0", " ")
    for words in (
        "The voucher WELCOME may be used.",
        "€2.50 off",
        "only for Basket wheel",
        "first order only",
        "31/12/2026",
        "leaflet",
        "Uses: 1 of 3",
    ):
        assert words in page, words
    with site.context.database.reading() as session:
        (listed,) = list_vouchers(session)
    assert listed.record.amount_cents == 250
    assert operator.post(f"{URL}/{listed.record.id}/stop").status_code == 303
    page = operator.get(URL).text
    assert "The voucher WELCOME is stopped." in page
    assert "/stop" not in page


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "Give either an amount or a percentage."),
        ({"euros": "5", "percent": "10"}, "Give either an amount or a percentage."),
        ({"euros": "five"}, "Write a number here."),
        ({"euros": "0"}, "too small"),
        ({"euros": "1.005"}, "Write a number here."),
        ({"percent": "101"}, "too large"),
        ({"percent": "10", "last_day": "2026-01-01"}, "The last day is over already."),
        (
            {"percent": "10", "first_day": "2027-02-01", "last_day": "2027-01-01"},
            "The last day lies before the first one.",
        ),
        ({"percent": "10", "code": "no!"}, "A code has 4 to 24 letters and digits"),
        ({"percent": "10", "part": "no-such"}, "There is no such part."),
    ],
)
def test_a_fault_is_told_and_what_was_typed_stays(
    operator: TestClient, typed: dict[str, str], words: str
) -> None:
    answer = operator.post(URL, data={"note": "for Ada", **typed})
    assert answer.status_code == 422
    assert words in answer.text
    assert "for Ada" in answer.text


def test_the_same_code_twice_is_refused_in_words(operator: TestClient) -> None:
    operator.post(URL, data={"code": "WELCOME", "percent": "10"})
    answer = operator.post(URL, data={"code": "WELCOME", "percent": "20"})
    assert answer.status_code == 409
    assert "The code WELCOME was given before." in answer.text


def test_others_see_no_vouchers(site: Site) -> None:
    assert site.signed_in(Role.MAINTAINER).get(URL).status_code == 403
