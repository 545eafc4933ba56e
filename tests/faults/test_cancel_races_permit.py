"""A customer cancels while a printer gets its permit: one of the two, never both, never neither.

``make test`` races a few times on either database; ``make faults`` ten thousand times in all.
"""

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

import pytest
from sqlmodel import select

from parts3d.db import Database
from parts3d.errors import Conflict
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from tests.support.network import drive_jobs, placed, settings_for, small_network

RACES = 250 * int(os.environ.get("PARTS3D_FAULT_ROUNDS", "0")) or 5
ENDS = {
    (OrderStatus.CANCELLED, JobStatus.CANCELLED),
    (OrderStatus.IN_PRODUCTION, JobStatus.START_PERMITTED),
}


@pytest.mark.timeout(3600)
def test_cancelling_and_permitting_at_once_never_both_happen(
    database: Database, tmp_path: Path, now: datetime
) -> None:
    settings = settings_for(tmp_path, max_unpaid_orders=2 * RACES)
    network = small_network(database, now)
    with ThreadPoolExecutor(2) as pool:
        for number in range(RACES):
            order_id = placed(database, settings, network).id
            with database.unit_of_work() as work:
                job = work.session.exec(select(Job).where(Job.order_id == order_id)).one()
                drive_jobs(work.session, [job], JobStatus.LEASED, now)
            _race(database, pool, order_id, job.id, now, cancel_first=bool(number % 2))


def _race(
    database: Database,
    pool: ThreadPoolExecutor,
    order_id: str,
    job_id: str,
    now: datetime,
    *,
    cancel_first: bool,
) -> None:
    start = threading.Barrier(2)

    def cancel() -> bool:
        start.wait()
        try:
            with database.unit_of_work() as work:
                cancel_order(work.session, order_id, actor="customer", now=now)
        except Conflict:
            return False
        return True

    def permit() -> bool:
        start.wait()
        try:
            with database.unit_of_work() as work:
                found = work.session.exec(
                    select(Job).where(Job.id == job_id).with_for_update()
                ).one()
                move_job(work.session, found, JobStatus.START_PERMITTED, actor="agent:1", now=now)
        except Conflict:
            return False
        return True

    runs = [cancel, permit] if cancel_first else [permit, cancel]
    outcomes = [one.result() for one in [pool.submit(run) for run in runs]]
    assert sorted(outcomes) == [False, True]
    with database.unit_of_work() as work:
        order, job = work.session.get_one(Order, order_id), work.session.get_one(Job, job_id)
        assert (order.status, job.status) in ENDS
        # Out of the way of the orders to come.
        job.status = JobStatus.HANDED_OVER
