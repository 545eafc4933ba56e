"""The one place where a job's status changes."""

from datetime import datetime

from sqlmodel import Session

from parts3d.jobs.filament import settle_filament
from parts3d.jobs.following import follow_jobs, tells_orders
from parts3d.jobs.lifecycle import JOB_LIFECYCLE, JobStatus
from parts3d.jobs.tables import Attempt, Job, JobEvent

# A printer has such a job on it, or may have: nothing else may be given to it.
ON_A_PRINTER = (
    JobStatus.LEASED,
    JobStatus.START_PERMITTED,
    JobStatus.PRINTING,
    JobStatus.UNKNOWN,
    JobStatus.NEEDS_HUMAN,
)


def move_job(
    session: Session,
    job: Job,
    target: JobStatus,
    *,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    """Move a job, append its event, and let its order follow.

    Args:
        session: flushed, not committed.
        job: the row; its version makes the change compare-and-set.
        target: where to; the same status is a no-op.
        actor: ``staff:<id>``, ``agent:<id>``, ``customer`` or ``system``.
        now: the server's moment.
        reason: in words; becomes the job's reason (none clears it).

    Raises:
        Conflict: the table does not allow the move, or somebody else moved it first.
    """
    before = job.status
    if before == target:
        return
    job.status = JOB_LIFECYCLE.move(before, target)
    job.reason = reason
    session.add(
        JobEvent(
            job_id=job.id,
            at=now,
            epoch=job.epoch,
            from_status=before,
            to_status=target,
            actor=actor,
            reason=reason,
        )
    )
    session.flush()
    if tells_orders(before, target):
        follow_jobs(session, job.order_id, now)


def end_attempt(
    session: Session, job: Job, outcome: str, now: datetime, *, progress: float | None = None
) -> None:
    """Close the present try with its outcome; closing it twice keeps the first.

    ``progress`` says how much of its filament it has used, if that is known.
    """
    attempt = session.get(Attempt, job.attempt_id) if job.attempt_id else None
    if attempt is not None and attempt.ended_at is None:
        attempt.ended_at = now
        attempt.outcome = outcome
        settle_filament(session, attempt, progress)
        session.flush()
