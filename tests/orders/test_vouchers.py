"""A voucher code at checkout: it changes the frozen price, is used once, and is given back."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlmodel import col, select

from parts3d.db import Database
from parts3d.orders.tables import Order
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.quotes.tables import Quote
from parts3d.quotes.voucher_service import VoucherTerms, create_voucher
from parts3d.quotes.voucher_tables import VoucherUse
from tests.support.network import settings_for
from tests.support.shop import Shop, open_shop

FOOT, STOP = "furniture-foot", "drawer-runner-stop"


@pytest.fixture
def shop(sqlite_database: Database, tmp_path: Path, now: datetime) -> Shop:
    return open_shop(sqlite_database, settings_for(tmp_path), now)


def give(shop: Shop, **terms: object) -> None:
    meant = VoucherTerms.model_validate({"code": "WELCOME", **terms})
    shop.write(lambda session: create_voucher(session, meant, actor="operator:1", now=shop.now))


def begin(client: TestClient, part: str = FOOT) -> Response:
    return client.post("/checkout", data={"part": part, "point": "huy", "quantity": "2"})


def use(client: TestClient, page: Response, code: str) -> Response:
    return client.post(f"{page.url.path}/voucher", data={"code": code})


def order(client: TestClient, page: Response, email: str = "anne@example.be") -> Response:
    key = re.search(r'"idempotency_key" value="(\w+)"', page.text)
    assert key
    typed = {"idempotency_key": key[1], "name": "Anne", "email": email, "accept_terms": "1"}
    return client.post(page.url.path, data=typed)


def test_a_voucher_makes_a_new_price_and_the_order_uses_it(shop: Shop) -> None:
    give(shop, amount_cents=200)
    client = shop.client()
    page = use(client, begin(client), " wel-come ")
    assert page.status_code == 200
    assert "Voucher WELCOME" in page.text
    assert "It takes off €2.00" in page.text
    with shop.context.database.reading() as session:
        after, before = session.exec(select(Quote).order_by(col(Quote.total_cents))).all()
        assert after.total_cents == before.total_cents - 200
        assert (after.voucher_code, after.voucher_total_cents) == ("WELCOME", 200)
        held = session.exec(select(Promise).where(Promise.status == PromiseStatus.HELD)).all()
        assert [promise.quote_id for promise in held] == [after.id]
    assert "One step is left" in order(client, page).text
    with shop.context.database.reading() as session:
        assert session.exec(select(Order)).one().total_cents == after.total_cents
        assert session.exec(select(VoucherUse)).one().given_back_at is None


def test_a_voucher_can_be_left_out_again(shop: Shop) -> None:
    give(shop, percent=10)
    client = shop.client()
    first = begin(client)
    page = use(client, use(client, first, "WELCOME"), "")
    assert "I have a voucher" in page.text
    assert _total(page) == _total(first)


def _total(page: Response) -> str:
    found = re.search(r"<tfoot>.*?<td>(.*?)</td>", page.text, re.DOTALL)
    assert found
    return found[1]


def test_codes_that_do_not_hold_are_refused_in_words_beside_the_field(shop: Shop) -> None:
    today = shop.now.date()
    give(shop, code="FIRSTPART", percent=10, part=STOP)
    give(shop, code="LATER", percent=10, first_day=today + timedelta(days=3))
    give(shop, code="SHORT", percent=10, last_day=today)
    shop.pass_time(days=1)
    client = shop.client()
    page = begin(client)
    for code, words in (
        ("NOSUCH", "There is no voucher of this code. Check each sign."),
        ("FIRSTPART", "The voucher FIRSTPART is for another part than those in the basket."),
        ("LATER", "The voucher LATER is valid from"),
        ("SHORT", "The voucher SHORT was valid until"),
    ):
        answer = use(client, page, code)
        assert answer.status_code in {404, 409, 410}, answer.status_code
        assert words in answer.text
        # The old price still stands: she can go on without.
        assert "at the counter" in answer.text


def test_the_last_use_goes_to_one_of_two_and_the_other_is_told_and_goes_on_without(
    shop: Shop,
) -> None:
    give(shop, amount_cents=100, most_uses=1)
    anne, bert = shop.client(), shop.client()
    page_a, page_b = (use(one, begin(one), "WELCOME") for one in (anne, bert))
    assert "One step is left" in order(anne, page_a).text
    refused = order(bert, page_b, "bert@example.be")
    assert refused.status_code == 409
    assert "The voucher WELCOME has been used as often as it may be." in refused.text
    without = bert.post(f"{page_b.url.path}/voucher", data={"code": ""})
    assert "One step is left" in order(bert, without, "bert@example.be").text


def test_a_first_order_voucher_is_refused_to_who_ordered_before(shop: Shop) -> None:
    give(shop, percent=20, first_order_only=True)
    client = shop.client()
    order(client, begin(client))
    page = use(client, begin(client), "WELCOME")
    refused = order(client, page)
    assert "The voucher WELCOME is for a first order only." in refused.text
    with shop.context.database.reading() as session:
        assert len(session.exec(select(Order)).all()) == 1


def test_a_cancelled_order_gives_its_voucher_back(shop: Shop) -> None:
    give(shop, amount_cents=100, most_uses=1)
    client = shop.client()
    tracking = order(client, use(client, begin(client), "WELCOME"))
    client.post(f"{tracking.url.path}/cancel")
    with shop.context.database.reading() as session:
        assert session.exec(select(VoucherUse)).one().given_back_at is not None
    assert "Voucher WELCOME" in use(client, begin(client), "WELCOME").text


def test_a_french_customer_reads_why_her_code_does_not_hold(shop: Shop) -> None:
    client = shop.client("fr")
    page = use(client, begin(client), "NOSUCH")
    assert "Aucun bon ne porte ce code." in page.text


def test_what_was_typed_beside_a_voucher_is_there_again(shop: Shop) -> None:
    give(shop, amount_cents=200)
    client = shop.client()
    page = begin(client)
    typed = {"code": "welcome", "name": "Anne", "email": "anne@example.be"}
    page = client.post(f"{page.url.path}/voucher", data=typed)
    assert "Voucher WELCOME" in page.text
    assert 'id="field-name" name="name" type="text" value="Anne"' in page.text
    assert 'value="anne@example.be"' in page.text
    without = client.post(f"{page.url.path}/voucher", data={"name": "Anna", "email": "a@b.be"})
    assert 'type="text" value="Anna"' in without.text


def test_codes_cannot_be_guessed(shop: Shop) -> None:
    give(shop, amount_cents=200)
    client = shop.client("fr")
    page = begin(client)
    for number in range(10):
        assert "Aucun bon" in use(client, page, f"GUESS{number}").text
    for code in ("welcome", "GUESS10"):
        stopped = use(client, page, code)
        assert stopped.status_code == 429
        assert "Trop de codes" in stopped.text
    asked = {"part": FOOT, "voucher": "GUESS11"}
    said = client.post("/api/v1/quotes", json=asked, headers={"accept": "application/json"})
    assert said.status_code == 429
    shop.pass_time(minutes=61)
    assert "WELCOME" in use(client, begin(client), "welcome").text


def test_a_wrong_code_of_the_interface_counts_as_well(shop: Shop) -> None:
    client = shop.client()
    headers = {"accept": "application/json"}
    codes = [
        client.post("/api/v1/quotes", json={"part": FOOT, "voucher": f"X{n}"}, headers=headers)
        for n in range(11)
    ]
    assert [one.status_code for one in codes] == [404] * 10 + [429]
