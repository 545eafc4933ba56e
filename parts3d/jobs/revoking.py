"""Revoking an agent's key: from the commit on it gets no work, and no permit to start."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.jobs.claims import release
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.points.service import revoke_agent

# What an agent has in hand that a machine may not take away from it.
_MAY_PRINT = (JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.UNKNOWN)


def revoke(
    session: Session, *, point_id: str, agent_id: str, actor: str, now: datetime
) -> Sequence[Job]:
    """Revoke a key; jobs that were leased and never permitted wait again. Twice is once.

    A print that runs goes on: its end must be told by staff.

    Returns:
        The jobs that wait again.

    Raises:
        NotFound: no such agent at this point.
    """
    revoke_agent(session, point_id=point_id, agent_id=agent_id, now=now)
    leased = session.exec(
        select(Job)
        .where(Job.agent_id == agent_id, Job.status == JobStatus.LEASED)
        .with_for_update()
    ).all()
    for job in leased:
        release(session, job, actor=actor, outcome="agent_revoked", now=now)
    return leased


def prints_of(session: Session, agent: Agent) -> Sequence[Job]:
    """Return the jobs that an agent's printers may be printing."""
    return session.exec(
        select(Job)
        .where(Job.agent_id == agent.id, col(Job.status).in_(_MAY_PRINT))
        .order_by(Job.label)
    ).all()
