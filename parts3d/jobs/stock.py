"""Jobs that a part in stock serves: given back when their order ends, forgotten when it is bad."""

from datetime import datetime

from sqlmodel import Session

from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Job
from parts3d.points.shelf import put_back_on_shelf

_AT_HAND = frozenset({JobStatus.PASSED, JobStatus.READY})


def is_at_hand(job: Job) -> bool:
    """Tell whether a part of the stock serves a job and can lie there again."""
    return job.stock_unit_id is not None and job.status in _AT_HAND


def give_back(session: Session, job: Job, *, actor: str, now: datetime, reason: str | None) -> None:
    """Cancel a job that a part in stock serves; the part lies there again."""
    if job.stock_unit_id is None:
        return
    put_back_on_shelf(session, job.stock_unit_id)
    move_job(session, job, JobStatus.CANCELLED, actor=actor, now=now, reason=reason)


def print_instead(job: Job) -> None:
    """Let a job be printed whose part in stock was no good; that part stays out of the stock."""
    job.stock_unit_id = None
