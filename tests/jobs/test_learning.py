"""Staff's times, failures and outages are learned from rows, kept with history, and used."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session, select

from parts3d.db import Database
from parts3d.jobs.learning import keep_found, learn, learning_due, note_spells
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job, JobEvent
from parts3d.points.spell_tables import PrinterSpell
from parts3d.points.tables import Point, Printer
from parts3d.promises.decision_tables import Learned
from parts3d.promises.learned import LEAST_CLEARINGS, LearnedKind, current_learned
from parts3d.promises.queries import point_snapshots
from parts3d.promises.snapshot import PointSnapshot
from tests.support.network import Network, placed, settings_for, small_network


@pytest.fixture
def network(sqlite_database: Database, tmp_path: Path, now: datetime) -> Network:
    network = small_network(sqlite_database, now)
    placed(sqlite_database, settings_for(tmp_path), network)
    return network


def checks(session: Session, now: datetime, *, count: int, minutes: float) -> None:
    """Add prints that waited so long for their check, one after another."""
    [job] = session.exec(select(Job)).all()
    for number in range(count):
        ended = now - timedelta(hours=count - number)
        for at, before, after in (
            (ended, JobStatus.PRINTING, JobStatus.PRINTED),
            (ended + timedelta(minutes=minutes), JobStatus.PRINTED, JobStatus.PASSED),
        ):
            session.add(
                JobEvent(
                    job_id=job.id,
                    at=at,
                    epoch=number,
                    from_status=before,
                    to_status=after,
                    actor="staff:1",
                )
            )
    session.flush()


def snapshot(session: Session, network: Network, now: datetime) -> PointSnapshot:
    point = session.get_one(Point, network.points["huy"])
    [found] = point_snapshots(session, [point], now, read_queues=read_queues)
    return found


def learned(database: Database, now: datetime) -> None:
    with database.unit_of_work() as work:
        keep_found(work.session, learn(work.session, now), now)


def test_slow_staff_make_the_plan_reckon_with_slow_staff(
    sqlite_database: Database, network: Network, now: datetime
) -> None:
    with sqlite_database.unit_of_work() as work:
        assert snapshot(work.session, network, now).staff_minutes == ()
        checks(work.session, now, count=LEAST_CLEARINGS * 3, minutes=45)
    learned(sqlite_database, now)
    with sqlite_database.reading() as session:
        minutes = snapshot(session, network, now).staff_minutes
    assert list(minutes) == sorted(minutes)
    assert 25 < minutes[len(minutes) // 2] < 45


def test_a_few_checks_say_too_little(
    sqlite_database: Database, network: Network, now: datetime
) -> None:
    with sqlite_database.unit_of_work() as work:
        checks(work.session, now, count=LEAST_CLEARINGS - 1, minutes=45)
    learned(sqlite_database, now)
    with sqlite_database.reading() as session:
        assert snapshot(session, network, now).staff_minutes == ()


def test_outages_are_noted_as_they_begin_and_end_and_make_a_printer_less_sure(
    sqlite_database: Database, network: Network, now: datetime
) -> None:
    for number in range(6):
        for condition, hours in (("error", 0), ("error", 1), ("idle", 2), ("idle", 3)):
            at = now + timedelta(hours=6 * number + hours)
            with sqlite_database.unit_of_work() as work:
                printer = work.session.exec(select(Printer)).one()
                printer.condition = condition
                changed = note_spells(work.session, at)
                assert changed == (hours in {0, 2})
    later = now + timedelta(days=2)
    with sqlite_database.reading() as session:
        spells = session.exec(select(PrinterSpell)).all()
        assert [(one.ended_at or later) - one.began_at for one in spells] == [
            timedelta(hours=2)
        ] * 6
    learned(sqlite_database, later)
    with sqlite_database.reading() as session:
        [printer_now] = snapshot(session, network, later).printers
    assert printer_now.outages_per_hour > 1 / 100


def test_a_row_a_day_is_history_and_the_newest_is_used(
    sqlite_database: Database, network: Network, now: datetime
) -> None:
    del network
    for hours in (0, 1, 25, 26, 50):
        learned(sqlite_database, now + timedelta(hours=hours))
    with sqlite_database.reading() as session:
        rows = session.exec(select(Learned).where(Learned.kind == LearnedKind.STAFF)).all()
        assert len(rows) == 3
        assert sum(row.replaced_at is None for row in rows) == 1
        assert current_learned(session).counts[LearnedKind.STAFF] == 0
        assert not learning_due(session, now + timedelta(hours=50, minutes=5))
        assert learning_due(session, now + timedelta(hours=75))
