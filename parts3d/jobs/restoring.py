"""After a backup was brought back: agents may have done what the rows know nothing of.

A job that waited when the backup was made may have been printed since. No machine starts it again:
its epoch jumps past every one that may have been given out, and a person at the point decides.
"""

from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import end_attempt, move_job
from parts3d.jobs.tables import Job

# More leases than any job had between a backup and its return.
EPOCH_JUMP = 1_000


def after_restore(session: Session, now: datetime) -> int:
    """Make the rows safe to work from; returns how many jobs wait for a person now.

    Agents are heard again whatever baton they hold: theirs is newer than the one in the rows.
    """
    for agent in session.exec(select(Agent)).all():
        agent.baton = None
    jobs = session.exec(
        select(Job).where(col(Job.status).in_([JobStatus.WAITING, JobStatus.LEASED]))
    ).all()
    for job in jobs:
        end_attempt(session, job, "restored", now)
        job.epoch += EPOCH_JUMP
        job.lease_until = None
        move_job(
            session,
            job,
            JobStatus.NEEDS_HUMAN,
            actor="system",
            now=now,
            reason="The server was restored from a backup: was this printed meanwhile?",
        )
    session.flush()
    return len(jobs)
