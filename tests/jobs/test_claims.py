import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import select

from parts3d.accounts.tables import Agent
from parts3d.db import Database
from parts3d.errors import NotSignedIn, Unavailable
from parts3d.jobs.following import follow_jobs, tells_orders
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.sweeping import expire_leases
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.points.tables import Printer
from printer_agents.protocol import PrinterCondition
from tests.jobs.bench import Shop


def test_an_idle_clear_and_loaded_printer_gets_the_waiting_job(shop: Shop) -> None:
    work = shop.must_claim()
    assert work.ref.epoch == 1
    assert work.ref.printer_id == shop.printer_id
    assert shop.job().status is JobStatus.LEASED


def test_the_agent_learns_a_job_and_never_the_customer(shop: Shop) -> None:
    words = shop.must_claim().model_dump_json().lower()
    assert "anne" not in words
    assert "@" not in words


def test_a_printer_that_is_not_idle_gets_nothing(shop: Shop) -> None:
    assert shop.claim(condition=PrinterCondition.PRINTING) is None


def test_an_uncleared_bed_gets_nothing_by_the_servers_own_word(shop: Shop) -> None:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).bed_clear = False
    assert shop.claim(bed_clear=True) is None


def test_a_printer_with_another_material_gets_nothing(shop: Shop) -> None:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).material = "ASA"
    assert shop.claim() is None


def test_a_model_without_a_slice_gets_nothing(shop: Shop) -> None:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Printer, shop.printer_id).model = "neptune4"
    assert shop.claim() is None


def test_a_claim_whose_answer_was_lost_gets_the_same_attempt_again(shop: Shop) -> None:
    first = shop.must_claim()
    assert shop.claim(after_seconds=5) == first


def test_a_fresh_journal_gets_the_job_with_a_higher_epoch(shop: Shop) -> None:
    first = shop.must_claim()
    assert shop.claim(generation=2) is None
    second = shop.claim(generation=2)
    assert second is not None
    assert second.ref.job_id == first.ref.job_id
    assert second.ref.epoch == first.ref.epoch + 1


def test_a_lease_that_ran_out_gives_the_job_back_with_a_new_epoch(shop: Shop) -> None:
    first = shop.must_claim()
    with shop.database.unit_of_work() as work:
        assert len(expire_leases(work.session, shop.now + timedelta(seconds=61))) == 1
    assert shop.job().status is JobStatus.WAITING
    assert shop.must_claim().ref.epoch == first.ref.epoch + 1


def test_a_printer_with_a_job_on_it_gets_no_second_one(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = Shop.open(database, tmp_path, now, orders=2)
    shop.permit(shop.must_claim().ref)
    assert shop.claim() is None


def test_a_lease_and_its_end_leave_the_order_where_it_was(shop: Shop) -> None:
    """Nothing is started, so nobody who works on the order has to be waited for."""
    assert not tells_orders(JobStatus.WAITING, JobStatus.LEASED)
    assert not tells_orders(JobStatus.LEASED, JobStatus.WAITING)
    assert tells_orders(JobStatus.LEASED, JobStatus.START_PERMITTED)
    assert tells_orders(JobStatus.LEASED, JobStatus.CANCELLED)
    shop.must_claim()
    with shop.database.reading() as session:
        assert session.exec(select(Order)).one().status is OrderStatus.PLACED


def test_many_claimers_at_once_never_get_the_same_job(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = Shop.open(database, tmp_path, now, orders=8)
    shop.add_printers(8)
    claimed: list[str] = []

    def claim(number: int) -> None:
        for _ in range(10):
            try:
                work = shop.claim(printer_id=f"p{number}")
            except Unavailable:
                continue
            if work is not None:
                claimed.append(work.ref.job_id)
                return

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(claimed) == 8
    assert len(set(claimed)) == 8


def test_two_claims_at_once_for_one_printer_lease_one_job(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = Shop.open(database, tmp_path, now, orders=6)
    with ThreadPoolExecutor(4) as claimers:
        found = list(claimers.map(lambda _: shop.claim(), range(4)))
    leased = [job for job in shop.jobs() if job.status is JobStatus.LEASED]
    assert len(leased) == 1
    assert {work.ref.job_id for work in found if work} == {leased[0].id}


def test_a_revoked_agent_that_waits_for_work_gets_none(shop: Shop) -> None:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Agent, shop.agent.id).revoked_at = shop.now
    with pytest.raises(NotSignedIn, match="revoked"):
        shop.claim()
    assert shop.job().status is JobStatus.WAITING


def test_a_claim_that_outlived_its_journal_does_not_take_the_new_ones_lease(shop: Shop) -> None:
    with shop.database.unit_of_work() as work:
        work.session.get_one(Agent, shop.agent.id).generation = 2
    assert shop.claim(generation=2) is not None
    assert shop.claim(generation=1) is None
    assert shop.job().status is JobStatus.LEASED


def test_two_printers_claim_jobs_of_one_order_at_the_same_time(
    postgres_database: Database, tmp_path: Path, now: datetime
) -> None:
    """Each has a share of the order's row by what it wrote before; neither may wait for it."""
    shop = Shop.open(postgres_database, tmp_path, now, orders=2)
    first, second = shop.jobs()
    with shop.database.unit_of_work() as work:
        work.session.get_one(Job, second.id).order_id = first.order_id
    with shop.database.unit_of_work() as one, shop.database.unit_of_work() as other:
        for session, job in ((one.session, first), (other.session, second)):
            row = session.get_one(Job, job.id, with_for_update=True)
            for material in ("ASA", "PETG"):
                row.material = material
                session.flush()
        one.session.execute(text("SET LOCAL lock_timeout = '5s'"))
        follow_jobs(one.session, first.order_id, now)
        other.session.rollback()
