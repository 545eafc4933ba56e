from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import col, select

from parts3d.db import Database
from parts3d.errors import Conflict, NotFound, TooManyTries
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.orders.collection import (
    MAX_COUNTER_TRIES,
    Desk,
    Found,
    HandedOver,
    Refused,
    find_by_code,
    hand_over,
    unlock_code,
)
from parts3d.orders.lifecycle import OrderStatus, PaymentStatus
from parts3d.orders.payments import CaptureRequest, CaptureResult, capture_at_counter
from parts3d.orders.queries import payment_of
from parts3d.orders.receipts import receipt
from parts3d.orders.tables import Order, Payment, PaymentMethod
from parts3d.orders.tokens import collection_code
from parts3d.settings import Settings
from parts3d.units.service import hand_over_units
from tests.support.network import Network, drive_jobs, placed, settings_for, small_network


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, max_unpaid_orders=50)


def ready(database: Database, settings: Settings, network: Network) -> tuple[Order, str]:
    order = placed(database, settings, network)
    with database.unit_of_work() as work:
        jobs = work.session.exec(select(Job).where(Job.order_id == order.id)).all()
        drive_jobs(work.session, list(jobs), JobStatus.READY, network.now)
    return order, collection_code(settings.secret(), order.id)


def collect(
    database: Database,
    settings: Settings,
    desk: Desk,
    code: str,
    now: datetime,
    number: str | None = None,
) -> HandedOver | Refused:
    with database.unit_of_work() as work:
        return hand_over(
            work.session,
            settings,
            desk,
            code=code,
            number=number,
            method=PaymentMethod.CARD,
            now=now,
            hand_out=hand_over_units,
        )


def desk_of(network: Network, slug: str = "huy") -> Desk:
    return Desk(network.points[slug], "staff:1")


def other_than(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"


def test_the_code_hands_the_order_over_against_its_price(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order, code = ready(database, settings, network)
    with database.unit_of_work() as work:
        looked_up = find_by_code(
            work.session, settings, desk_of(network), code=code, number=None, now=now
        )
        assert isinstance(looked_up, Found)
        assert looked_up.order.status is OrderStatus.READY
    done = collect(database, settings, desk_of(network), f"{code[:3]} {code[3:]}", now)
    assert isinstance(done, HandedOver)
    with database.reading() as session:
        row = session.get_one(Order, order.id)
        assert row.status is OrderStatus.COLLECTED
        assert row.collected_at == now
        assert session.exec(select(Job.status)).all() == [JobStatus.HANDED_OVER]
        paid = receipt(session, settings, order.id)
        assert paid.net_cents + paid.vat_cents == paid.total_cents == order.total_cents
        assert sum(line.total_cents for line in paid.lines) == paid.total_cents
        assert (paid.number, paid.method, paid.vat_percent) == ("000001", PaymentMethod.CARD, 21)


def test_no_receipt_before_the_money(database: Database, settings: Settings, now: datetime) -> None:
    network = small_network(database, now)
    order, _ = ready(database, settings, network)
    with database.reading() as session, pytest.raises(NotFound, match="not been paid"):
        receipt(session, settings, order.id)


def test_twenty_hand_overs_at_once_take_the_money_once(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order, code = ready(database, settings, network)
    with ThreadPoolExecutor(20) as pool:
        results = list(
            pool.map(lambda _: collect(database, settings, desk_of(network), code, now), range(20))
        )
    done = [one for one in results if isinstance(one, HandedOver)]
    assert len(done) == 20
    assert [one.already for one in done].count(False) == 1
    with database.reading() as session:
        payment = payment_of(session, order.id)
        assert payment is not None
        assert payment.status is PaymentStatus.CAPTURED


def test_five_wrong_codes_lock_the_order_even_for_the_right_one(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order, code = ready(database, settings, network)
    wrong = other_than(code)
    for left in (4, 3, 2, 1):
        refused = collect(database, settings, desk_of(network), wrong, now, order.number)
        assert isinstance(refused, Refused)
        assert f"{left} of 5 tries are left" in refused.error.message
    for attempt in (wrong, code):
        locked = collect(database, settings, desk_of(network), attempt, now, order.number)
        assert isinstance(locked, Refused)
        assert isinstance(locked.error, TooManyTries)
    by_code_alone = collect(database, settings, desk_of(network), code, now)
    assert isinstance(by_code_alone, Refused)
    with database.unit_of_work() as work:
        unlock_code(work.session, work.session.get_one(Order, order.id), actor="o:1", now=now)
    assert isinstance(
        collect(database, settings, desk_of(network), code, now, order.number), HandedOver
    )


def test_parallel_guesses_are_counted_one_by_one(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order, code = ready(database, settings, network)
    guesses = [f"{(int(code) + step) % 10**6:06d}" for step in range(1, 13)]
    with ThreadPoolExecutor(12) as pool:
        list(
            pool.map(
                lambda guess: collect(
                    database, settings, desk_of(network), guess, now, order.number
                ),
                guesses,
            )
        )
    with database.reading() as session:
        row = session.get_one(Order, order.id)
        assert row.code_tries == 5
        assert row.code_locked_at is not None


def test_another_shop_learns_nothing_about_the_order(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order, code = ready(database, settings, network)
    with database.unit_of_work() as work:
        network.add_point(work.session, slug="namur")
    elsewhere = desk_of(network, "namur")
    theirs = collect(database, settings, elsewhere, code, now, order.number)
    nobodys = collect(database, settings, elsewhere, code, now, "P3D-0000-0000")
    assert isinstance(theirs, Refused)
    assert isinstance(nobodys, Refused)
    assert theirs.error.message == nobodys.error.message
    assert theirs.error.code == nobodys.error.code
    assert isinstance(collect(database, settings, elsewhere, code, now), Refused)
    with database.reading() as session:
        assert session.get_one(Order, order.id).code_tries == 0


def test_a_counter_that_guesses_is_stopped_for_a_while(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    _, code = ready(database, settings, network)
    for step in range(1, MAX_COUNTER_TRIES + 1):
        guess = f"{(int(code) + step) % 10**6:06d}"
        assert isinstance(collect(database, settings, desk_of(network), guess, now), Refused)
    stopped = collect(database, settings, desk_of(network), code, now)
    assert isinstance(stopped, Refused)
    assert isinstance(stopped.error, TooManyTries)
    later = now + timedelta(minutes=16)
    assert isinstance(collect(database, settings, desk_of(network), code, later), HandedOver)


def test_an_order_that_is_not_ready_stays(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = placed(database, settings, network)
    code = collection_code(settings.secret(), order.id)
    refused = collect(database, settings, desk_of(network), code, now, order.number)
    assert isinstance(refused, Refused)
    assert isinstance(refused.error, Conflict)
    assert "not ready yet" in refused.error.message


def test_receipts_are_numbered_without_gaps_under_load(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    orders = [ready(database, settings, network) for _ in range(6)]

    def work_at_counter(entry: tuple[Order, str]) -> None:
        order, code = entry
        collect(database, settings, desk_of(network), code, now, order.number)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work_at_counter, orders))
    with database.reading() as session:
        numbers = session.exec(
            select(Payment.receipt_number).order_by(col(Payment.receipt_number))
        ).all()
    assert numbers == [1, 2, 3, 4, 5, 6]


class Refusing:
    name = "refusing"
    acts_outside = False

    def capture(self, request: CaptureRequest) -> CaptureResult:
        assert request.amount_cents > 0
        return CaptureResult(PaymentStatus.FAILED, "card declined")


def test_a_payment_that_fails_hands_nothing_over_and_uses_no_number(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order, code = ready(database, settings, network)
    with pytest.raises(Conflict, match="card declined"), database.unit_of_work() as work:
        hand_over(
            work.session,
            settings,
            desk_of(network),
            code=code,
            method=PaymentMethod.CARD,
            now=now,
            hand_out=hand_over_units,
            provider=Refusing(),
        )
    with database.reading() as session:
        assert session.get_one(Order, order.id).status is OrderStatus.READY
    assert isinstance(collect(database, settings, desk_of(network), code, now), HandedOver)


class Outside(Refusing):
    acts_outside = True


def test_a_provider_that_acts_outside_is_never_called_inside_a_transaction(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order, _ = ready(database, settings, network)
    with database.unit_of_work() as work:
        payment = payment_of(work.session, order.id)
        assert payment is not None
        with pytest.raises(ValueError, match="from a task only"):
            capture_at_counter(
                work.session, payment, Outside(), method=PaymentMethod.CARD, actor="s", now=now
            )
