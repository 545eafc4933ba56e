from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlmodel import Session, select

from parts3d.db import Database
from parts3d.errors import Conflict, Expired, NotFound
from parts3d.jobs.queues import read_queues
from parts3d.points.geography import Place
from parts3d.points.hours import Hours, Unattended
from parts3d.points.tables import Point, Printer
from parts3d.promises.holds import hold, release_expired, retake
from parts3d.promises.queries import orderable_models
from parts3d.promises.service import offers, ranked, say_refusal
from parts3d.promises.snapshot import Offer, PointSnapshot, RefusalCode
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.quotes.service import Wanted, quote_part
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings
from tests.support.network import Network, placed, settings_for, small_network

LATER = timedelta(minutes=16)  # a hold lasts 15


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def quoted(session: Session, settings: Settings, network: Network, quantity: int = 1) -> Quote:
    return quote_part(
        session,
        settings,
        network.revision_id,
        quantity,
        network.now,
        printer_models=orderable_models(session),
    )


def held(
    database: Database, settings: Settings, network: Network, now: datetime | None = None
) -> Promise:
    with database.unit_of_work() as work:
        quote = quoted(work.session, settings, network)
        return hold(
            work.session,
            settings,
            quote,
            network.points["huy"],
            now or network.now,
            read_queues=read_queues,
        )


def distinct(values: Iterable[object]) -> int:
    return len(set(values))


def test_offers_rank_points_and_say_why_others_offer_nothing(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        network.add_point(work.session, slug="namur", latitude=50.47, longitude=4.87)
        network.add_point(work.session, slug="liege", material="PLA")
    with database.reading() as session:
        options = offers(
            session,
            settings,
            [Wanted(network.revision_id)],
            now,
            read_queues=read_queues,
            place=Place(50.52, 5.24),
        )
        assert [one.point.slug for one in options.offers] == ["huy", "namur"]
        assert options.offers[0].offer.ready_at > now
        [refused] = options.refusals
        assert refused.refusal.code is RefusalCode.NO_MATERIAL
        assert "no PETG loaded" in say_refusal(session, refused.refusal)


def test_of_points_that_are_ready_alike_the_one_with_room_is_shown_first(tmp_path: Path) -> None:
    settings = settings_for(tmp_path)
    now = datetime(2026, 11, 24, 10, tzinfo=UTC)
    hours = Hours.parse("Mo-Sa 09:00-18:30")
    points = [
        PointSnapshot(name, hours, hours, Unattended.NONE, (), load=load)
        for name, load in (("full", 1.0), ("roomy", 0.5))
    ]
    alike = [Offer(one.id, "p", now + LATER, now, (), (), 0.99) for one in points]
    shown = ranked(settings, alike, points, None)
    assert [one.offer.point_id for one in shown] == ["roomy", "full"]
    indifferent = settings.model_copy(update={"choice_minutes_if_scarce": 0})
    shown = ranked(indifferent, alike, points, None)
    assert [one.offer.point_id for one in shown] == ["full", "roomy"]


def test_a_printer_that_was_not_heard_for_long_is_not_promised(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        printer = work.session.exec(select(Printer)).one()
        printer.last_heard_at = now - timedelta(minutes=11)
    with database.reading() as session:
        options = offers(
            session, settings, [Wanted(network.revision_id)], now, read_queues=read_queues
        )
        assert not options.offers
        assert options.refusals[0].refusal.code is RefusalCode.PRINTERS_UNAVAILABLE


def test_a_hold_keeps_its_slot_from_the_next_customer(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    first = held(database, settings, network)
    second = held(database, settings, network)
    assert first.starts_at == now
    assert second.starts_at >= first.starts_at + timedelta(seconds=first.print_seconds)
    assert second.ready_at > first.ready_at
    assert second.reasons[0]["code"] == "holds"


def test_a_hold_ends_by_itself_after_a_quarter_of_an_hour(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    first = held(database, settings, network)
    assert first.held_until == now + timedelta(minutes=15)
    second = held(database, settings, network, now + LATER)
    assert second.starts_at == now + LATER
    with database.unit_of_work() as work:
        assert release_expired(work.session, now + LATER) == 1
    with database.unit_of_work() as work:
        assert release_expired(work.session, now + LATER) == 0
        assert work.session.get_one(Promise, first.id).status is PromiseStatus.RELEASED


def test_a_placed_order_takes_the_capacity_that_its_hold_had(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    order = placed(database, settings, network)
    with database.reading() as session:
        first = session.get_one(Promise, order.promise_id)
        session.expunge(first)
    assert first.status is PromiseStatus.TAKEN
    second = held(database, settings, network)
    assert second.starts_at >= first.starts_at + timedelta(seconds=first.print_seconds)
    assert second.reasons[0]["code"] == "queue"


def test_copies_go_to_every_printer_that_can_make_them(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = Network(now)
    with database.unit_of_work() as work:
        network.add_point(work.session, models=("mk3s", "mk3s"))
        network.add_part(work.session)
        quote = quoted(work.session, settings, network, 3)
        promise = hold(
            work.session, settings, quote, network.points["huy"], now, read_queues=read_queues
        )
        assert len(promise.placements) == 3
        assert distinct(one["printer_id"] for one in promise.placements) == 2
        assert promise.print_seconds == 3 * 1800


def test_an_expired_price_holds_nothing(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        quote = quoted(work.session, settings, network)
        with pytest.raises(Expired, match="Ask for the price again"):
            hold(
                work.session,
                settings,
                quote,
                network.points["huy"],
                now + timedelta(minutes=30),
                read_queues=read_queues,
            )


def test_a_point_that_takes_no_orders_holds_nothing(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with database.unit_of_work() as work:
        work.session.get_one(Point, network.points["huy"]).active = False
        network.add_point(work.session, slug="namur")
        quote = quoted(work.session, settings, network)
        with pytest.raises(NotFound, match="takes no orders"):
            hold(work.session, settings, quote, network.points["huy"], now, read_queues=read_queues)


def test_retaking_while_held_changes_nothing(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise = held(database, settings, network)
    with database.unit_of_work() as work:
        row = work.session.get_one(Promise, promise.id)
        retaken = retake(work.session, settings, row, now, read_queues=read_queues)
        assert retaken.promise is row
        assert not retaken.is_later


def test_retaking_after_expiry_says_what_changed(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise = held(database, settings, network)
    placed_at = now + LATER
    held(database, settings, network, placed_at)  # another customer has the slot now
    with database.unit_of_work() as work:
        row = work.session.get_one(Promise, promise.id)
        retaken = retake(work.session, settings, row, placed_at, read_queues=read_queues)
        assert retaken.is_later
        assert retaken.old_ready_at == promise.ready_at
        assert retaken.promise is not None
        assert retaken.new_ready_at == retaken.promise.ready_at
        assert row.status is PromiseStatus.RELEASED


def test_retaking_at_a_point_that_can_no_longer_print_gives_the_refusal(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    promise = held(database, settings, network)
    with database.unit_of_work() as work:
        work.session.exec(select(Printer)).one().condition = "error"
    with database.unit_of_work() as work:
        row = work.session.get_one(Promise, promise.id)
        retaken = retake(work.session, settings, row, now + LATER, read_queues=read_queues)
        assert retaken.promise is None
        assert retaken.refusal is not None
        assert retaken.refusal.code is RefusalCode.PRINTERS_UNAVAILABLE


def test_of_eight_customers_at_once_exactly_one_gets_the_last_slot(
    database: Database, settings: Settings, now: datetime
) -> None:
    # Five days of print: it may fail, but no other fits into fourteen surely enough.
    network = small_network(database, now, print_seconds=5 * 24 * 3600)

    def buy(_: int) -> Promise | Conflict:
        try:
            return held(database, settings, network)
        except Conflict as refusal:
            return refusal

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(buy, range(8)))
    winners = [one for one in results if isinstance(one, Promise)]
    losers = [one for one in results if isinstance(one, Conflict)]
    assert len(winners) == 1
    assert {one.code for one in losers} == {"fully_booked"}


def test_eight_customers_at_once_get_eight_different_slots(
    database: Database, settings: Settings, now: datetime
) -> None:
    network = small_network(database, now)
    with ThreadPoolExecutor(8) as pool:
        promises = list(pool.map(lambda _: held(database, settings, network), range(8)))
    starts = sorted(promise.starts_at for promise in promises)
    assert distinct(starts) == 8
    assert all(after - before >= timedelta(seconds=1800) for before, after in pairwise(starts))
