"""The sweep that keeps promises, and the task that does the same for one point at once."""

import threading
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.context import Context
from parts3d.jobs.channels import ring_order, ring_point
from parts3d.jobs.hedges import settle_failed
from parts3d.jobs.keeping.acts import Why, print_again_now
from parts3d.jobs.keeping.carrying_out import carry_out
from parts3d.jobs.keeping.elsewhere import lapse
from parts3d.jobs.keeping.outcomes import settle_outcomes
from parts3d.jobs.keeping.replanning import replan_some
from parts3d.jobs.keeping.risk import busy_points, moves_for
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.tasks import sweeper, task

KEEP = "jobs.keep"
REPLAN = "jobs.replan"
# Of a region's orders, in one turn of the sweep; the task goes on until all are done.
_REPLANNED_A_SWEEP = 20
# Where nothing has changed only time has: that is looked at less often.
_LOOK_AGAIN = timedelta(minutes=1)


class Watch:
    """What one process has looked at: spares looking twice; forgotten, nothing is lost."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[str, datetime]] = {}
        self._lock = threading.Lock()

    def is_due(self, point_id: str, mark: str, now: datetime) -> bool:
        """Tell whether a point has to be looked at, and note that it is."""
        with self._lock:
            known = self._seen.get(point_id)
            if known is not None and known[0] == mark and now - known[1] < _LOOK_AGAIN:
                return False
            self._seen[point_id] = (mark, now)
            return True


_watch = Watch()


@sweeper
def keep_promises(context: Context, now: datetime) -> None:
    """Find promises at risk and make the moves that help, point by point."""
    settle_twins(context, now)
    with context.database.unit_of_work() as work:
        closed = lapse(work.session, now)
        for row in closed:
            work.after_commit(lambda order_id=row.order_id: ring_order(context.bell, order_id))  # type: ignore[misc]
            work.after_commit(lambda point_id=row.from_point_id: ring_point(context.bell, point_id))  # type: ignore[misc]
    reprint_failed(context, now)
    with context.database.reading() as session:
        busy = busy_points(session, now)
    for one in busy:
        if _watch.is_due(f"{context.database.url} {one.point_id}", one.mark, now):
            keep_point(context, one.point_id, now)


@task(KEEP)
def keep_now(context: Context, point_id: str) -> None:
    """Do for one point at once what the sweep does: something happened there."""
    now = datetime.now(UTC)
    settle_twins(context, now)
    reprint_failed(context, now, point_id=point_id)
    keep_point(context, point_id, now)


def keep_point(context: Context, point_id: str, now: datetime) -> int:
    """Make what moves help the promises of a point; returns how many were made."""
    with context.database.reading() as session:
        moves = moves_for(session, context.settings, point_id, now)
    return sum(carry_out(context, move, now) is not None for move in moves)


def settle_twins(context: Context, now: datetime) -> None:
    """End failed prints whose twin lives."""
    with context.database.unit_of_work() as work:
        for job in settle_failed(work.session, now):
            work.after_commit(lambda job=job: _ring(context, job))  # type: ignore[misc]


def reprint_failed(context: Context, now: datetime, *, point_id: str | None = None) -> None:
    """Let failed prints wait again by rule, one transaction each."""
    with context.database.reading() as session:
        failed = _failed(session, point_id)
    for job_id in failed:
        with context.database.unit_of_work() as work:
            why = Why({"code": "failed"})
            if print_again_now(work.session, job_id, None, why, now) is not None:
                job = work.session.get_one(Job, job_id)
                work.after_commit(lambda job=job: _ring(context, job))  # type: ignore[misc]


@task(REPLAN)
def replan_batch(context: Context, batch: str) -> None:
    """Re-plan all orders of a closure, one transaction each; killed, the sweep goes on."""
    while replan_some(context, datetime.now(UTC), batch=batch):
        pass


@sweeper
def go_on_replanning(context: Context, now: datetime) -> None:
    """Re-plan orders that a task has left."""
    replan_some(context, now, most=_REPLANNED_A_SWEEP)


@sweeper
def note_outcomes(context: Context, now: datetime) -> None:
    """Note which promises were kept and which were missed."""
    grace = timedelta(minutes=context.settings.grace_minutes)
    with context.database.unit_of_work() as work:
        settle_outcomes(work.session, now, grace=grace)


def _failed(session: Session, point_id: str | None) -> list[str]:
    statement = select(Job.id).where(
        Job.status == JobStatus.FAILED, col(Job.surplus_since).is_(None)
    )
    if point_id is not None:
        statement = statement.where(Job.point_id == point_id)
    return list(session.exec(statement.limit(200)))


def _ring(context: Context, job: Job) -> None:
    ring_order(context.bell, job.order_id)
    ring_point(context.bell, job.point_id)
