"""Eight printers take all that waits at once, on either database: each job goes to one of them.

``make test`` has a hundred jobs, ``make faults`` five thousand.
"""

import os
import threading
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import col, select

from parts3d.db import Database, new_id
from parts3d.errors import Unavailable
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job
from tests.jobs.bench import Shop

CLAIMERS = 8
JOBS = 5_000 if int(os.environ.get("PARTS3D_FAULT_ROUNDS", "1")) > 1 else 100
# What one printer can still promise.
ORDERS = min(JOBS // 5, 100)


def many_jobs(shop: Shop, count: int) -> None:
    """Let so many jobs wait, a few of each order."""
    with shop.database.unit_of_work() as work:
        first, *others = work.session.exec(select(Job)).all()
        rows = [first, *others]
        for number in range(count - len(rows)):
            copied = rows[number % len(rows)].model_dump()
            work.session.add(Job(**copied | {"id": new_id(), "version": 1}))


class Crowd:
    """Printers that claim until nothing is left; each print takes no time."""

    def __init__(self, shop: Shop) -> None:
        self.shop = shop
        self.claimed: list[str] = []
        self.faults: list[BaseException] = []

    def claim(self, printer_id: str) -> None:
        """Claim for one printer. What is left may be in others' hands just now: look again."""
        try:
            while len(self.claimed) < JOBS and not self.faults:
                try:
                    work = self.shop.claim(printer_id=printer_id)
                except Unavailable:
                    continue
                if work is not None:
                    self.claimed.append(work.ref.job_id)
                    self._put_aside(work.ref.job_id)
        except BaseException as fault:  # noqa: BLE001 - told by the test
            self.faults.append(fault)

    def _put_aside(self, job_id: str) -> None:
        """It is printed; the printer is free again."""
        with self.shop.database.unit_of_work() as work:
            work.session.get_one(Job, job_id).status = JobStatus.HANDED_OVER
            attempts = select(Attempt).where(
                Attempt.job_id == job_id, col(Attempt.ended_at).is_(None)
            )
            for attempt in work.session.exec(attempts).all():
                attempt.ended_at = self.shop.now


@pytest.mark.timeout(3600)
def test_no_job_goes_to_two_of_eight_claimers(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    shop = Shop.open(database, tmp_path, now, orders=ORDERS)
    many_jobs(shop, JOBS)
    shop.add_printers(CLAIMERS)
    crowd = Crowd(shop)
    threads = [threading.Thread(target=crowd.claim, args=(f"p{n}",)) for n in range(CLAIMERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert crowd.faults == []
    assert len(crowd.claimed) == JOBS
    assert len(set(crowd.claimed)) == JOBS
