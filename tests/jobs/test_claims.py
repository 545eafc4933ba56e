import threading
from datetime import datetime, timedelta
from pathlib import Path

from parts3d.db import Database
from parts3d.errors import Unavailable
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.sweeping import expire_leases
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


def test_many_claimers_at_once_never_get_the_same_job(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = Shop.open(database, tmp_path, now, orders=8)
    with database.unit_of_work() as work:
        for number in range(8):
            work.session.add(
                Printer(
                    id=f"p{number}",
                    point_id=shop.network.points["huy"],
                    agent_id=shop.agent.id,
                    name=f"p{number}",
                    model="mk3s",
                    material="PETG",
                    created_at=now,
                )
            )
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
