"""Which points a customer is shown, out of many: found by place, read in the same few queries."""

from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import Session

from parts3d.db import Database
from parts3d.jobs.queues import read_queues
from parts3d.points.geography import Place, distance_km
from parts3d.points.tables import Point, Printer, Unattended
from parts3d.promises.nearby import Reach
from parts3d.promises.reach import TO_CHOOSE_FROM, points_within
from parts3d.promises.service import offers
from parts3d.quotes.service import Wanted
from tests.support.network import Network, settings_for, small_network

HUY = Place(50.52, 5.24)


def many_points(session: Session, now: datetime, count: int) -> None:
    for number in range(count):
        point = Point(
            slug=f"p{number}",
            name=f"Point {number:03d}",
            street="Rue Neuve 1",
            postcode="4500",
            city="Huy",
            latitude=50.0 + number % 20 / 20,
            longitude=4.0 + number // 20 / 10,
            opening_hours="24/7",
            staffed_hours="24/7",
            unattended=Unattended.OVERNIGHT,
            created_at=now,
        )
        session.add(point)
        session.flush()
        session.add(
            Printer(
                point_id=point.id,
                name="1",
                model="mk3s",
                material="PETG",
                condition="idle",
                last_heard_at=now,
                created_at=now,
            )
        )
    session.flush()


def queries_of(database: Database, network: Network, folder: Path, now: datetime) -> int:
    """Count the statements that one list of points with promises takes."""
    settings, seen = settings_for(folder), 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1

    with database.reading() as session:
        wanted = [Wanted(network.revision_id)]
        offers(session, settings, wanted, now, read_queues=read_queues, place=HUY)
        engine = session.get_bind()
        sa.event.listen(engine, "before_cursor_execute", count)
        try:
            found = offers(session, settings, wanted, now, read_queues=read_queues, place=HUY)
        finally:
            sa.event.remove(engine, "before_cursor_execute", count)
        assert found.offers
    return seen


def test_the_points_within_reach_are_the_nearest_whatever_the_database(
    database: Database, now: datetime
) -> None:
    with database.unit_of_work() as work:
        many_points(work.session, now, 120)
    here = Place(50.5, 4.25)
    with database.reading() as session:
        found = points_within(session, here, Reach(30.0, 3, 12))
        everyone = session.execute(sa.select(Point)).scalars().all()
    by_distance = sorted(
        everyone, key=lambda one: (distance_km(here, Place(one.latitude, one.longitude)), one.name)
    )
    assert [one.id for one in found] == [one.id for one in by_distance[: len(found)]]
    assert len(found) == 12


def test_a_list_of_points_takes_as_many_queries_for_forty_as_for_one(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    network = small_network(sqlite_database, now)
    few = queries_of(sqlite_database, network, tmp_path, now)
    with sqlite_database.unit_of_work() as work:
        many_points(work.session, now, 200)
    assert queries_of(sqlite_database, network, tmp_path, now) == few


def test_a_point_that_was_added_or_closed_is_known_at_once(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.unit_of_work() as work:
        many_points(work.session, now, 3)
    with sqlite_database.reading() as session:
        assert len(points_within(session, HUY, TO_CHOOSE_FROM)) == 3
    network = Network(now)
    with sqlite_database.unit_of_work() as work:
        network.add_point(work.session)
    with sqlite_database.reading() as session:
        assert points_within(session, HUY, TO_CHOOSE_FROM)[0].id == network.points["huy"]
    with sqlite_database.unit_of_work() as work:
        work.session.get_one(Point, network.points["huy"]).active = False
    with sqlite_database.reading() as session:
        assert len(points_within(session, HUY, TO_CHOOSE_FROM)) == 3


def test_who_has_not_said_where_she_is_sees_points_too(
    sqlite_database: Database, now: datetime
) -> None:
    with sqlite_database.unit_of_work() as work:
        many_points(work.session, now, 60)
    with sqlite_database.reading() as session:
        assert len(points_within(session, None, TO_CHOOSE_FROM)) == TO_CHOOSE_FROM.most
