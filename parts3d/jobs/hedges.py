"""Several jobs for the same copies: the first that passes its check serves the line.

A hedge is a job of its own, with epochs of its own; ``hedge_of`` names the job it stands beside.
Once one has passed, the others are cancelled if nothing was permitted to start. What is already
on a printer, or beyond, is marked as surplus: it is finished, checked, and becomes stock.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Job
from parts3d.points.shelf import made_by
from parts3d.promises.queries import held_units

_NOT_STARTED = frozenset({JobStatus.WAITING, JobStatus.LEASED, JobStatus.FAILED})
_OVER = frozenset({JobStatus.CANCELLED, JobStatus.MOVED, JobStatus.HANDED_OVER})
# What may still become the part, the nearest to the shelf first.
_HOPE = (
    JobStatus.READY,
    JobStatus.PASSED,
    JobStatus.PRINTED,
    JobStatus.PRINTING,
    JobStatus.START_PERMITTED,
    JobStatus.UNKNOWN,
    JobStatus.LEASED,
    JobStatus.WAITING,
)
_SERVED = "Another print of the same part passed its check."
_STANDS_IN = "Another print of the same part is under way."


def first_of(job: Job) -> str:
    """Return the id that all jobs for the same copies share: that of the first of them."""
    return job.hedge_of or job.id


def lock_twins(session: Session, job_id: str) -> list[Job]:
    """Return all jobs for the same copies, locked in the order of their ids.

    Always before their order: as agents' reports and cancellations lock.
    """
    first = session.exec(
        select(sa.func.coalesce(col(Job.hedge_of), col(Job.id))).where(Job.id == job_id)
    ).first()
    statement = (
        select(Job)
        .where(sa.or_(col(Job.id) == first, col(Job.hedge_of) == first))
        .order_by(col(Job.id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    known = session.exec(statement).all()
    # Whoever waited for these locks looks again: a twin may have been added meanwhile.
    while len(twins := session.exec(statement).all()) != len(known):
        known = twins
    return list(twins)


def serve_line(session: Session, job: Job, twins: Sequence[Job], now: datetime) -> list[Job]:
    """Let a job that passed its check serve the line; returns the others that this changed.

    Args:
        session: flushed, not committed.
        job: passed.
        twins: of ``lock_twins``.
        now: the server's moment.
    """
    changed = []
    for other in twins:
        if other.id == job.id or other.status in _OVER or other.surplus_since is not None:
            continue
        if other.status in _NOT_STARTED:
            move_job(session, other, JobStatus.CANCELLED, actor="system", now=now, reason=_SERVED)
            other.lease_until = None
        else:
            other.surplus_since = now
        changed.append(other)
    session.flush()
    return changed


def is_served(job: Job, twins: Sequence[Job]) -> bool:
    """Tell whether another job serves the line already, so that this one makes stock."""
    return job.surplus_since is not None or any(
        other.id != job.id
        and other.surplus_since is None
        and other.status in {JobStatus.PASSED, JobStatus.READY, JobStatus.HANDED_OVER}
        for other in twins
    )


def settle_failed(session: Session, now: datetime) -> list[Job]:
    """End failed jobs whose twin lives, after calling it back if it was surplus; the sweep's.

    A surplus print that fails is ended too: nobody waits for it.

    Returns the jobs that changed.
    """
    twin = sa.orm.aliased(Job)
    same = sa.func.coalesce(col(twin.hedge_of), col(twin.id)) == sa.func.coalesce(
        col(Job.hedge_of), col(Job.id)
    )
    failed = session.exec(
        select(Job.id).where(
            Job.status == JobStatus.FAILED,
            sa.or_(
                col(Job.surplus_since).is_not(None),
                sa.exists().where(same, col(twin.id) != col(Job.id), col(twin.status).in_(_HOPE)),
            ),
        )
    ).all()
    changed: list[Job] = []
    for job_id in failed:
        twins = lock_twins(session, job_id)
        job = next(one for one in twins if one.id == job_id)
        hopes = [
            one
            for one in twins
            if one.id != job.id and one.status in _HOPE and not _is_sold(session, one, now)
        ]
        if job.status is not JobStatus.FAILED or not (hopes or job.surplus_since):
            continue
        if job.surplus_since is None and all(one.surplus_since for one in hopes):
            back = min(hopes, key=lambda one: _HOPE.index(one.status))
            back.surplus_since = None
            for part in made_by(session, back.id):
                part.left_at = now
            changed.append(back)
        words = _STANDS_IN if hopes else _SERVED
        move_job(session, job, JobStatus.CANCELLED, actor="system", now=now, reason=words)
        changed.append(job)
    session.flush()
    return changed


def _is_sold(session: Session, job: Job, now: datetime) -> bool:
    """Tell whether a job's parts lay in stock and serve, or are held for, somebody else by now."""
    if job.surplus_since is None or job.status is not JobStatus.READY:
        return False
    there = {part.unit_id for part in made_by(session, job.id)}
    good = job.copies - job.rejected_copies
    return len(there) < good or bool(there & held_units(session, [job.point_id], now))


def furthest(jobs: Sequence[Job]) -> list[Job]:
    """Return of the jobs for the same copies the one that is furthest; in the given order."""
    best: dict[str, Job] = {}
    for job in jobs:
        known = best.get(first_of(job))
        if known is None or _hope(job) < _hope(known):
            best[first_of(job)] = job
    chosen = {job.id for job in best.values()}
    return [job for job in jobs if job.id in chosen]


def _hope(job: Job) -> int:
    if job.status is JobStatus.HANDED_OVER:
        return -1
    return _HOPE.index(job.status) if job.status in _HOPE else len(_HOPE)
