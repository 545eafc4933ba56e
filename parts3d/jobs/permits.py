"""The permit to start: committed before it is said, and never taken back by a machine."""

from datetime import datetime

from sqlmodel import Session

from parts3d.accounts.agents import revoked
from parts3d.accounts.tables import Agent
from parts3d.errors import Conflict
from parts3d.jobs.claims import current_job
from parts3d.jobs.filament import take_for
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Attempt
from parts3d.jobs.turns import may_begin
from parts3d.points.tables import Printer
from parts3d.slicing.tables import Slice
from printer_agents.protocol import AttemptRef


def permit_start(session: Session, *, agent: Agent, ref: AttemptRef, now: datetime) -> None:
    """Permit the current attempt to start; asked again with the same epoch, the answer is the same.

    From this commit on no machine gives the job to another printer, and the printer's bed
    counts as not clear.

    Raises:
        StaleEpoch: the attempt is no longer the current one.
        Conflict: the job was cancelled, the bed is not clear, another material or too little of
            it is loaded, closing time or maintenance has come too near, or it was started before.
        NotSignedIn: the agent's key was revoked since it asked.
    """
    if session.get_one(Agent, agent.id, populate_existing=True).revoked_at is not None:
        raise revoked()
    job = current_job(session, agent, ref)
    job.last_heard_at = now
    if job.status is JobStatus.START_PERMITTED:
        session.flush()
        return
    attempt = session.get_one(Attempt, job.attempt_id)
    actor = f"agent:{agent.id}"
    if job.status is JobStatus.UNKNOWN and attempt.started_at is None:
        # Silence came between permit and start; an agent asks again only when its printer's
        # history proves that nothing was started.
        move_job(session, job, JobStatus.START_PERMITTED, actor=actor, now=now)
        return
    if job.status is not JobStatus.LEASED:
        raise Conflict(
            f"This job is {job.status.value.replace('_', ' ')}; it cannot be started.",
            code="not_startable",
        )
    printer = session.get_one(Printer, ref.printer_id, with_for_update=True)
    if not printer.bed_clear:
        raise Conflict(
            f"The bed of {printer.name} is not confirmed clear. Staff confirm it at the counter.",
            code="bed_not_clear",
        )
    sliced = session.get_one(Slice, attempt.slice_id)
    if not may_begin(session, printer, job, sliced.print_seconds or 0, now):
        raise Conflict(
            f"It would no longer end on {printer.name} as the shop's hours and maintenance allow; "
            "it waits for its next turn.",
            code="too_late_to_start",
        )
    take_for(session, job, attempt, printer)
    printer.bed_clear = False
    job.lease_until = None
    attempt.permitted_at = now
    move_job(session, job, JobStatus.START_PERMITTED, actor=actor, now=now)
