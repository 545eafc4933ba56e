"""A backup comes back while agents run: nothing is printed a second time by a machine."""

import pytest

from parts3d.accounts.tables import Agent
from parts3d.errors import StaleEpoch
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.printers import greet
from parts3d.jobs.restoring import EPOCH_JUMP, after_restore
from parts3d.jobs.tables import Job
from printer_agents.protocol import Hello, ReportKind
from tests.jobs.bench import Shop


def test_what_was_leased_or_printed_after_the_backup_is_not_started_again(shop: Shop) -> None:
    ref = shop.must_claim().ref
    # The rows as the backup had them: the job still waits, the agent's baton is an older one.
    with shop.database.unit_of_work() as work:
        job = work.session.get_one(Job, ref.job_id)
        job.status, job.epoch, job.attempt_id = JobStatus.WAITING, 0, None
        job.printer_id = job.agent_id = None
        work.session.get_one(Agent, shop.agent.id).baton = "1" * 16
    with shop.database.unit_of_work() as work:
        assert after_restore(work.session, shop.now) == 1
    job = shop.job()
    assert (job.status, job.epoch) == (JobStatus.NEEDS_HUMAN, EPOCH_JUMP)
    assert shop.claim() is None
    with pytest.raises(StaleEpoch):
        shop.permit(ref)
    assert shop.tell(ref, ReportKind.PRINTING) == "stale"
    hello = Hello(
        agent_generation=1, version="1", printers=(), baton_held="2" * 16, baton_next="3" * 16
    )
    with shop.database.unit_of_work() as work:
        greet(work.session, agent=shop.agent, hello=hello, now=shop.now)
