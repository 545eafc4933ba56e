"""Whether an agent may have something to hear, in one statement: mostly it has not."""

from collections.abc import Iterable
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job, PrinterCommand

# Of what an agent may still hold a file, or a lease.
DROPPED = (JobStatus.CANCELLED, JobStatus.MOVED)
_CLAIMABLE = (JobStatus.WAITING, JobStatus.LEASED)


class News(NamedTuple):
    """What it is worth to look for. False is certain; True may come to nothing.

    (A job of another printer, a command that has just expired.)
    """

    jobs: bool
    dropped: bool
    commands: bool


def _news() -> sa.Select[bool, bool, bool]:
    agent_id: sa.BindParameter[str] = sa.bindparam("agent_id")
    claimable = select(Job.id).where(
        col(Job.point_id).in_(sa.bindparam("point_ids", expanding=True)),
        col(Job.status).in_(_CLAIMABLE),
    )
    dropped = (
        select(Attempt.id)
        .join(Job, col(Attempt.id) == col(Job.attempt_id))
        .where(
            col(Attempt.agent_id) == agent_id,
            col(Attempt.ended_at).is_(None),
            col(Job.status).in_(DROPPED),
        )
    )
    asked = select(PrinterCommand.id).where(
        col(PrinterCommand.agent_id) == agent_id, col(PrinterCommand.outcome).is_(None)
    )
    return sa.select(claimable.exists(), dropped.exists(), asked.exists())


# Built once: building it takes longer than asking it.
_NEWS = _news()


def news_for(session: Session, agent: Agent, point_ids: Iterable[str]) -> News:
    """Tell whether it is worth looking for work, dropped attempts and commands.

    A thousand waiting agents ask this, and each statement more is a thousand.
    """
    asked = {"agent_id": agent.id, "point_ids": list(point_ids)}
    return News(*session.execute(_NEWS, asked).one())
