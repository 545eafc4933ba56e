"""What staff do at the bench: clear beds, decide what a machine cannot, order a reprint."""

from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import Conflict, NotFound
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import end_attempt, move_job
from parts3d.jobs.remaking import bed_exists, remake_copies
from parts3d.jobs.stock import print_instead
from parts3d.jobs.tables import Job
from parts3d.points.tables import Printer

_ON_THE_BED = (JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.UNKNOWN)


def job_of_point(session: Session, point_id: str, job_id: str) -> Job:
    """Return a job of this point, locked.

    Raises:
        NotFound: no such job here (another point's job does not exist for these staff).
    """
    job = session.exec(
        select(Job)
        .where(Job.id == job_id, Job.point_id == point_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if job is None:
        raise NotFound("There is no such job at this point.")
    return job


def clear_bed(
    session: Session, *, point_id: str, printer_id: str, actor: str, now: datetime
) -> Printer:
    """Confirm that a printer's bed is clear.

    Raises:
        NotFound: not a printer of this point.
        Conflict: something is being printed there, or may be.
    """
    del actor
    printer = session.exec(
        select(Printer)
        .where(Printer.id == printer_id, Printer.point_id == point_id)
        .with_for_update()
    ).first()
    if printer is None:
        raise NotFound("There is no such printer at this point.")
    busy = session.exec(
        select(Job).where(Job.printer_id == printer.id, col(Job.status).in_(_ON_THE_BED))
    ).first()
    if busy is not None:
        raise Conflict(
            f"{printer.name} is still at work on {busy.label}. "
            "Decide about that job first, then confirm the bed."
        )
    printer.bed_clear = True
    printer.bed_cleared_at = now
    session.flush()
    return printer


def decide(
    session: Session,
    *,
    point_id: str,
    job_id: str,
    printed: bool,
    why: str,
    actor: str,
    now: datetime,
) -> Job:
    """Settle a job that no machine can: it was printed, or it was not.

    Raises:
        NotFound: not a job of this point.
        Conflict: the job does not wait for a person.
    """
    job = job_of_point(session, point_id, job_id)
    if job.status not in {JobStatus.NEEDS_HUMAN, JobStatus.UNKNOWN}:
        raise Conflict("This job does not wait for a decision. Look at the list again.")
    end_attempt(session, job, "printed" if printed else "failed", now)
    if printed:
        job.printed_at = now
        job.progress = 1.0
    target = JobStatus.PRINTED if printed else JobStatus.FAILED
    move_job(session, job, target, actor=actor, now=now, reason=why or None)
    return job


def reject(
    session: Session, *, point_id: str, job_id: str, why: str, actor: str, now: datetime
) -> Job:
    """Reject a printed part at the check; it waits for the decision to print again.

    Raises:
        NotFound: not a job of this point.
        Conflict: the part is not there to be rejected.
    """
    job = job_of_point(session, point_id, job_id)
    if job.status not in {JobStatus.PRINTED, JobStatus.PASSED, JobStatus.READY}:
        raise Conflict("Only a printed part can be rejected.")
    move_job(
        session,
        job,
        JobStatus.FAILED,
        actor=actor,
        now=now,
        reason=f"Rejected at the check: {why}" if why else "Rejected at the check.",
    )
    return job


def print_again(session: Session, *, point_id: str, job_id: str, actor: str, now: datetime) -> Job:
    """Order a reprint: the job waits again, and its next attempt has a new epoch.

    Raises:
        NotFound: not a job of this point.
        Conflict: the job has not failed.
    """
    job = job_of_point(session, point_id, job_id)
    if job.status is not JobStatus.FAILED:
        raise Conflict("Only a failed print can be ordered again.")
    _leave_out_remade(session, job, now)
    move_job(session, job, JobStatus.WAITING, actor=actor, now=now, reason="To be printed again.")
    print_instead(job)
    job.printer_id = None
    job.agent_id = None
    job.progress = None
    job.remaining_seconds = None
    session.flush()
    return job


def _leave_out_remade(session: Session, job: Job, now: datetime) -> None:
    """Copies that were rejected before have jobs of their own: only the others are printed."""
    copies = job.copies - job.rejected_copies
    if job.copies == 1 or (not job.rejected_copies and bed_exists(session, job, copies)):
        return
    if bed_exists(session, job, copies):
        alone = copies
    else:
        alone = 1
        remake_copies(
            session,
            job,
            first_copy=job.copy_number + 1,
            copies=copies - 1,
            now=now,
            reason="To be printed again.",
        )
    job.print_seconds = round(job.print_seconds * alone / job.copies)
    job.copies, job.rejected_copies = alone, 0
    session.flush()


def put_on_shelf(session: Session, *, point_id: str, job_id: str, actor: str, now: datetime) -> Job:
    """Bag a checked part and put it on the shelf.

    Raises:
        NotFound: not a job of this point.
        Conflict: the part was not checked yet.
    """
    job = job_of_point(session, point_id, job_id)
    move_job(session, job, JobStatus.READY, actor=actor, now=now)
    return job
