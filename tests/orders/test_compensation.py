"""A missed promise: told, apologised for and compensated once."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from parts3d.db import Database
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tables import Job
from parts3d.notices.occasions import write_occasions
from parts3d.notices.service import mailbox
from parts3d.orders.compensation import compensate, missed
from parts3d.orders.compensation_tables import Compensation
from parts3d.orders.tables import Order, OrderEvent
from parts3d.quotes.voucher_service import check_voucher
from parts3d.quotes.voucher_tables import VoucherRecord
from parts3d.settings import Settings
from tests.support.network import Network, drive_jobs, placed, settings_for, small_network

NO_GRACE = timedelta()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(tmp_path)


def late_order(
    database: Database, settings: Settings, now: datetime
) -> tuple[Network, Order, datetime]:
    network = small_network(database, now)
    order = placed(database, settings, network)
    return network, order, order.ready_promised_at + timedelta(minutes=1)


def test_a_missed_promise_gives_one_voucher_whoever_sweeps(
    database: Database, settings: Settings, now: datetime
) -> None:
    _, order, late = late_order(database, settings, now)

    def sweep(_: int) -> Compensation | None:
        with database.unit_of_work() as work:
            return compensate(work.session, settings, order.id, late)

    with ThreadPoolExecutor(4) as pool:
        given = [one for one in pool.map(sweep, range(4)) if one is not None]
    assert len(given) == 1
    with database.reading() as session:
        [voucher] = session.exec(select(VoucherRecord)).all()
        assert voucher.most_uses == 1
        assert check_voucher(session, voucher.code, late, parts=[]).amount_cents
        reasons = session.exec(select(OrderEvent.reason)).all()
        assert any("We have apologised, with a voucher" in (one or "") for one in reasons)
        assert missed(session, late, grace=NO_GRACE) == []


def test_a_promise_that_was_kept_gives_nothing(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    _, order, late = late_order(sqlite_database, settings, now)
    with sqlite_database.unit_of_work() as work:
        jobs = list(work.session.exec(select(Job)).all())
        drive_jobs(work.session, jobs, JobStatus.READY, order.ready_promised_at)
    with sqlite_database.unit_of_work() as work:
        assert missed(work.session, late, grace=NO_GRACE) == []
        assert compensate(work.session, settings, order.id, late) is None


def test_a_promise_is_not_missed_within_the_grace(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    settings = settings_for(tmp_path, grace_minutes=10)
    _, order, late = late_order(sqlite_database, settings, now)
    with sqlite_database.unit_of_work() as work:
        assert missed(work.session, late, grace=timedelta(minutes=10)) == []
        assert compensate(work.session, settings, order.id, late) is None
        much_later = late + timedelta(minutes=10)
        assert compensate(work.session, settings, order.id, much_later) is not None


def test_a_cancelled_order_is_not_apologised_for(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    _, order, late = late_order(sqlite_database, settings, now)
    with sqlite_database.unit_of_work() as work:
        cancel_order(work.session, order.id, actor="customer", now=now)
    with sqlite_database.unit_of_work() as work:
        assert missed(work.session, late, grace=NO_GRACE) == []
        assert compensate(work.session, settings, order.id, late) is None


def test_the_rule_may_give_words_only(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    settings = settings_for(tmp_path, apology_percent=0, apology_least_cents=0)
    _, order, late = late_order(sqlite_database, settings, now)
    with sqlite_database.unit_of_work() as work:
        row = compensate(work.session, settings, order.id, late)
        assert row is not None
        assert (row.amount_cents, row.voucher_id) == (0, None)


def test_the_apology_is_mailed_once_with_its_voucher(
    sqlite_database: Database, settings: Settings, now: datetime
) -> None:
    _, order, late = late_order(sqlite_database, settings, now)
    with sqlite_database.unit_of_work() as work:
        compensate(work.session, settings, order.id, late)
        [voucher] = work.session.exec(select(VoucherRecord)).all()
    for _ in range(2):
        with sqlite_database.unit_of_work() as work:
            write_occasions(work.session, settings, order.id, late)
    with sqlite_database.reading() as session:
        [(notice, text)] = mailbox(session, settings)
    assert "We apologise" in text
    assert voucher.code in text
    assert "sorry" in notice.subject
