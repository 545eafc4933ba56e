"""Who may use a voucher, how often, and what the others are told."""

from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from parts3d.db import Database
from parts3d.errors import Conflict, Invalid, NotFound, Parts3dError
from parts3d.quotes.voucher_service import (
    VoucherTerms,
    check_voucher,
    create_voucher,
    give_back,
    list_vouchers,
    redeem,
    stop_voucher,
)
from parts3d.quotes.vouchers import Voucher
from tests.support.network import small_network

OLGA = "operator:olga"
ANY = {"basket-wheel"}


def made(database: Database, now: datetime, **terms: Any) -> str:
    if "percent" not in terms:
        terms.setdefault("amount_cents", 500)
    with database.unit_of_work() as work:
        return create_voucher(
            work.session,
            VoucherTerms.model_validate({"code": "WELCOME", **terms}),
            actor=OLGA,
            now=now,
        ).id


def used(
    database: Database, now: datetime, order_id: str, email: str = "ada@example.be", **known: Any
) -> None:
    with database.unit_of_work() as work:
        redeem(
            work.session,
            "welcome",
            now,
            order_id=order_id,
            parts=ANY,
            email=email,
            **known,
        )


def checked(database: Database, now: datetime, code: str = "WELCOME", **known: Any) -> Voucher:
    with database.reading() as session:
        return check_voucher(session, code, now, **{"parts": ANY, **known})


def test_a_code_is_found_however_it_is_typed(database: Database, now: datetime) -> None:
    made(database, now, code="wel-come 10", percent=10)
    assert checked(database, now, " Welcome-10 ") == Voucher("WELCOME10", share=Decimal("0.1"))


def test_a_voucher_without_a_code_gets_one_that_nobody_guesses(
    database: Database, now: datetime
) -> None:
    made(database, now, code="")
    made(database, now, code="")
    with database.reading() as session:
        first, second = (one.record.code for one in list_vouchers(session))
    assert first != second
    assert len(first) == len(second) == 8


def test_each_refusal_says_why(database: Database, now: datetime) -> None:
    with pytest.raises(NotFound, match="no voucher of this code"):
        checked(database, now)
    small_network(database, now)
    made(
        database,
        now,
        first_day=date(2026, 12, 1),
        last_day=date(2026, 12, 31),
        most_uses=1,
        first_order_only=True,
        part="basket-wheel",
    )
    december = datetime.fromisoformat("2026-12-01T00:00:00+01:00")
    with pytest.raises(Conflict, match="valid from 01/12/2026 on"):
        checked(database, december - timedelta(seconds=1))
    assert checked(database, december).part == "basket-wheel"
    with pytest.raises(Conflict, match="valid until 31/12/2026"):
        checked(database, december + timedelta(days=31))
    with pytest.raises(Conflict, match="for another part"):
        checked(database, december, parts={"knob"})
    with pytest.raises(Conflict, match="first order only"):
        checked(database, december, earlier_orders=1)
    used(database, december, "order-1")
    with pytest.raises(Conflict, match="as often as it may be"):
        checked(database, december)


def test_the_last_day_is_a_whole_day_in_brussels(database: Database, now: datetime) -> None:
    made(database, now, last_day=date(2026, 12, 31))
    last_second = datetime.fromisoformat("2026-12-31T22:59:59+00:00")
    assert checked(database, last_second).amount_cents == 500
    with pytest.raises(Conflict, match="valid until"):
        checked(database, last_second + timedelta(seconds=1))


def test_an_order_uses_a_voucher_once_however_often_it_is_submitted(
    database: Database, now: datetime
) -> None:
    made(database, now, most_uses=1)
    used(database, now, "order-1")
    used(database, now, "order-1")
    with database.reading() as session:
        (listed,) = list_vouchers(session)
    assert (listed.uses, listed.given_back) == (1, 0)


def test_a_cancelled_order_gives_its_use_back(database: Database, now: datetime) -> None:
    made(database, now, most_uses=1)
    used(database, now, "order-1")
    for _ in range(2):
        with database.unit_of_work() as work:
            give_back(work.session, "order-1", now)
    used(database, now, "order-2", "bob@example.be")
    with database.reading() as session:
        (listed,) = list_vouchers(session)
    assert (listed.uses, listed.given_back) == (1, 1)


def test_a_first_order_is_known_by_its_address_however_it_is_written(
    database: Database, now: datetime
) -> None:
    made(database, now, first_order_only=True)
    used(database, now, "order-1", "Ada@Example.be")
    with pytest.raises(Conflict, match="first order only"):
        used(database, now, "order-2", "ada@example.be ")
    used(database, now, "order-3", "bob@example.be")


def test_an_order_takes_one_voucher_only(database: Database, now: datetime) -> None:
    made(database, now)
    made(database, now, code="SECOND")
    used(database, now, "order-1")
    with pytest.raises(Conflict, match="one voucher only"), database.unit_of_work() as work:
        redeem(work.session, "SECOND", now, order_id="order-1", parts=ANY, email="ada@example.be")


def test_two_customers_never_both_use_the_last_one(database: Database, now: datetime) -> None:
    made(database, now, most_uses=3)

    def try_it(number: int) -> str:
        try:
            used(database, now, f"order-{number}", f"c{number}@example.be")
        except Parts3dError as error:
            return error.code
        return "used"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(try_it, range(12)))
    assert outcomes == ["used"] * 3 + ["voucher_used_up"] * 9


def test_a_stopped_voucher_is_refused_and_stays_in_the_list(
    database: Database, now: datetime
) -> None:
    voucher_id = made(database, now)
    for moment in (now, now + timedelta(hours=1)):
        with database.unit_of_work() as work:
            stop_voucher(work.session, voucher_id, actor=OLGA, now=moment)
    with pytest.raises(Conflict, match="no longer valid"):
        checked(database, now)
    with database.reading() as session:
        (listed,) = list_vouchers(session)
    assert (listed.record.stopped_at, listed.record.stopped_by) == (now, OLGA)
    with pytest.raises(NotFound), database.unit_of_work() as work:
        stop_voucher(work.session, "0" * 32, actor=OLGA, now=now)


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        ({"code": "x!"}, "4 to 24 letters"),
        ({"part": "no-such-part"}, "no such part"),
        ({"last_day": date(2026, 11, 23)}, "over already"),
    ],
)
def test_a_voucher_that_cannot_be_is_not_made(
    database: Database, now: datetime, terms: dict[str, Any], words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        made(database, now, **terms)


def test_a_code_is_given_once_only(database: Database, now: datetime) -> None:
    made(database, now)
    with pytest.raises(Conflict, match="WELCOME was given before"):
        made(database, now, code="wel come")


def test_terms_that_contradict_each_other_are_refused() -> None:
    for terms in (
        {},
        {"amount_cents": 1, "percent": 1},
        {"percent": 101},
        {"percent": 5, "first_day": date(2026, 2, 1), "last_day": date(2026, 1, 1)},
    ):
        with pytest.raises(ValidationError):
            VoucherTerms.model_validate(terms)
