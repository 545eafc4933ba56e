"""Two customers never get the same slot, whatever they do at once, on either database."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import pytest
from sqlmodel import Session, col, select

from parts3d.db import Database
from parts3d.errors import Conflict, NotFound, Parts3dError
from parts3d.jobs.placing import confirm_contact
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job
from parts3d.orders.checkout import submit
from parts3d.orders.opening import open_checkout
from parts3d.points.tables import Point
from parts3d.promises.queries import point_snapshots
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.settings import Settings
from tests.support.network import (
    Network,
    confirmation_of,
    details_for,
    opened,
    settings_for,
    small_network,
)

BUYERS = 50
ROUNDS = 100 if os.environ.get("PARTS3D_TEST_LONG") else 1
LAST = 5 * 24 * 3600  # seconds; with time for a second try no other fits into fourteen days


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, max_unpaid_orders=1000)


def at_once(buyers: int, buy: Callable[[int], object]) -> list[object]:
    def or_refusal(number: int) -> object:
        try:
            return buy(number)
        except Parts3dError as refusal:
            return refusal

    with ThreadPoolExecutor(buyers) as pool:
        return list(pool.map(or_refusal, range(buyers)))


def buys(database: Database, settings: Settings, network: Network, number: int) -> str:
    """Open a checkout, give details, confirm: the whole way of one buyer."""
    promise_id, _ = opened(database, settings, network)
    details = details_for(
        promise_id, idempotency_key=uuid4().hex, email=f"buyer{number}@example.be"
    )
    with database.unit_of_work() as work:
        order = submit(work.session, settings, details, network.now, read_queues=read_queues).order
        confirmation = confirmation_of(settings, order)
    with database.unit_of_work() as work:
        return confirm_contact(work.session, settings, confirmation, network.now).id


@pytest.mark.parametrize("_round", range(ROUNDS))
def test_of_fifty_buyers_of_the_last_slot_exactly_one_wins(
    database: Database, settings: Settings, now: datetime, _round: int
) -> None:
    network = small_network(database, now, print_seconds=LAST)
    results = at_once(BUYERS, lambda number: buys(database, settings, network, number))
    won = [one for one in results if isinstance(one, str)]
    lost = [one for one in results if isinstance(one, Conflict)]
    assert len(won) == 1
    assert len(lost) == BUYERS - 1
    assert {one.code for one in lost} <= {"fully_booked", "beyond_capacity"}
    with database.reading() as session:
        assert len(session.exec(select(Job)).all()) == 1


def test_buyers_at_once_get_slots_one_after_another(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    results = at_once(6, lambda number: buys(database, settings, network, number))
    assert all(isinstance(one, str) for one in results)
    with database.reading() as session:
        starts = sorted(session.exec(select(Promise.starts_at)).all())
    assert all(later - earlier >= timedelta(seconds=1800) for earlier, later in pairwise(starts))


def test_an_expired_hold_that_is_confirmed_by_two_tabs_at_once_makes_one_order(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise_id, _ = opened(database, settings, network)
    details = details_for(promise_id)
    with database.unit_of_work() as work:
        order = submit(work.session, settings, details, now, read_queues=read_queues).order
        confirmation = confirmation_of(settings, order)
    later = now + timedelta(minutes=20)

    def confirm(_: int) -> str:
        with database.unit_of_work() as work:
            return confirm_contact(
                work.session,
                settings,
                confirmation,
                later,
                accepted_ready_at=later + timedelta(days=1),
            ).id

    results = at_once(4, confirm)
    assert {one for one in results if isinstance(one, str)} == {order.id}
    with database.reading() as session:
        assert len(session.exec(select(Job)).all()) == 1
        held = session.exec(select(Promise).where(col(Promise.status) == PromiseStatus.HELD)).all()
        assert held == []


def holds_of(session: Session, network: Network) -> int:
    point = session.get_one(Point, network.points["huy"])
    [snapshot] = point_snapshots(session, [point], network.now, read_queues=read_queues)
    return len(snapshot.holds)


def open_tab(database: Database, settings: Settings, network: Network, holder: str | None) -> str:
    network.now += timedelta(seconds=1)
    with database.unit_of_work() as work:
        return open_checkout(
            work.session,
            settings,
            parts={network.part_slug: 1},
            point_slug="huy",
            now=network.now,
            read_queues=read_queues,
            holder=holder,
        ).promise.id


def test_a_customer_with_many_tabs_holds_two_slots_and_others_all_of_theirs(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(sqlite_database, now)
    for _ in range(2):
        open_tab(sqlite_database, settings, network, None)
    tabs = [open_tab(sqlite_database, settings, network, "anne") for _ in range(5)]
    with sqlite_database.reading() as session:
        assert holds_of(session, network) == 4
        kept = session.exec(
            select(Promise.id).where(Promise.holder == "anne", Promise.status == PromiseStatus.HELD)
        ).all()
    assert set(kept) == set(tabs[-2:])


def test_a_tab_whose_hold_gave_way_is_computed_again_when_it_orders(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(sqlite_database, now)
    first = open_tab(sqlite_database, settings, network, "anne")
    for _ in range(2):
        open_tab(sqlite_database, settings, network, "anne")
    details = details_for(first, accepted_ready_at=now + timedelta(days=1))
    with sqlite_database.unit_of_work() as work:
        order = submit(work.session, settings, details, now, read_queues=read_queues).order
        assert order.promise_id != first


def test_nobody_orders_at_a_point_that_closed_its_account(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(sqlite_database, now)
    with sqlite_database.unit_of_work() as work:
        work.session.get_one(Point, network.points["huy"]).active = False
    with pytest.raises((NotFound, Conflict)):
        open_tab(sqlite_database, settings, network, None)
