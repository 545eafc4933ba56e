"""How busy a point was is counted from its attempts, kept, and planned with."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlmodel import select

from parts3d.jobs.learning import keep_found, learn
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Attempt
from parts3d.points.tables import Point, Printer
from parts3d.promises.learned import LearnedKind, history_of
from parts3d.promises.queries import point_snapshots
from parts3d.slicing.tables import Slice
from tests.jobs.bench import Shop


def printed(shop: Shop, started_at: datetime, hours: float | None) -> None:
    """Add a print of so many hours; None for one that still runs."""
    with shop.database.unit_of_work() as work:
        job = shop.job()
        number = len(work.session.exec(select(Attempt)).all()) + 1
        work.session.add(
            Attempt(
                job_id=job.id,
                number=number,
                epoch=number,
                printer_id=shop.printer_id,
                agent_id=shop.agent.id,
                agent_generation=1,
                slice_id=work.session.exec(select(Slice.id)).first() or "",
                gcode_sha256="",
                download_sha256=uuid4().hex,
                leased_at=started_at,
                started_at=started_at,
                ended_at=None if hours is None else started_at + timedelta(hours=hours),
                outcome=None if hours is None else "printed",
            )
        )


def load_of(shop: Shop) -> float:
    """Learn, and return what is planned with."""
    with shop.database.unit_of_work() as work:
        keep_found(work.session, learn(work.session, shop.now), shop.now)
    with shop.database.reading() as session:
        point = session.exec(select(Point)).one()
        [found] = point_snapshots(session, [point], shop.now, read_queues=read_queues)
        assert len(history_of(session, LearnedKind.LOADS)) == 1
    return found.load


@pytest.fixture
def old_shop(shop: Shop, now: datetime) -> Shop:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).created_at = now - timedelta(days=60)
    return shop


def test_an_idle_point_is_less_busy_than_one_of_which_nothing_is_known(old_shop: Shop) -> None:
    with old_shop.database.reading() as session:
        point = session.exec(select(Point)).one()
        [unknown] = point_snapshots(session, [point], old_shop.now, read_queues=read_queues)
    assert load_of(old_shop) < unknown.load


def test_prints_of_this_week_make_a_point_busy_and_older_ones_do_not(old_shop: Shop) -> None:
    for day in range(20, 40):
        printed(old_shop, old_shop.now - timedelta(days=day), 20)
    idle = load_of(old_shop)
    for day in range(1, 7):
        printed(old_shop, old_shop.now - timedelta(days=day), 20)
    assert load_of(old_shop) > idle + 0.4


def test_what_still_runs_counts_up_to_now(old_shop: Shop) -> None:
    idle = load_of(old_shop)
    printed(old_shop, old_shop.now - timedelta(days=3), None)
    assert load_of(old_shop) > idle + 0.2
