"""What time alone does to jobs: leases run out, silence becomes ``unknown``."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from parts3d.jobs.claims import release
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Job
from parts3d.points.tables import Printer
from printer_agents.protocol import SILENT_SECONDS

_BRUSSELS = ZoneInfo("Europe/Brussels")
_PRINTER_AWAY_AFTER = timedelta(seconds=SILENT_SECONDS)


def expire_leases(session: Session, now: datetime) -> list[Job]:
    """Give jobs back whose lease ran out before a permit; returns them."""
    expired = session.exec(
        select(Job)
        .where(Job.status == JobStatus.LEASED, col(Job.lease_until) < now)
        .with_for_update(skip_locked=True)
    ).all()
    for job in expired:
        release(session, job, actor="system", outcome="lease_expired", now=now)
    return list(expired)


def note_silence(session: Session, now: datetime, silence_seconds: float) -> list[Job]:
    """Call jobs ``unknown`` whose agent was not heard since the permit; returns them.

    Never ``failed``: the printer prints on while the internet is down.
    """
    silent = session.exec(
        select(Job)
        .where(
            col(Job.status).in_([JobStatus.START_PERMITTED, JobStatus.PRINTING]),
            col(Job.last_heard_at) < now - timedelta(seconds=silence_seconds),
        )
        .with_for_update(skip_locked=True)
    ).all()
    for job in silent:
        heard = (job.last_heard_at or now).astimezone(_BRUSSELS)
        move_job(
            session,
            job,
            JobStatus.UNKNOWN,
            actor="system",
            now=now,
            reason=f"The shop was last heard at {heard:%H:%M}; the print may well go on.",
        )
    return list(silent)


def note_absent_printers(session: Session, now: datetime) -> None:
    """Show printers as offline whose agent was not heard for a while."""
    absent = session.exec(
        select(Printer).where(
            col(Printer.last_heard_at) < now - _PRINTER_AWAY_AFTER,
            Printer.condition != "offline",
        )
    ).all()
    for printer in absent:
        printer.condition = "offline"
        printer.detail = "The shop's agent does not answer."
    session.flush()
