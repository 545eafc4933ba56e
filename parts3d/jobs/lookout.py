"""One look for all who wait: so that a thousand waiting agents cost a thousandth each.

A bell may be lost, the row is the truth: yet a thousand agents that each look for themselves every
few seconds are hundreds of transactions a second. Here one task of the process reads, for all of
its waiters, which points have changed, and wakes the ears of those points only.
"""

import asyncio
import contextlib
import logging
from collections import Counter
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from sqlalchemy import func
from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.bell import Bell, Ear
from parts3d.context import Context
from parts3d.errors import Parts3dError
from parts3d.jobs.channels import point_channel
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job, PrinterCommand

_log = logging.getLogger(__name__)

# Even if its ring was lost, a command is heard within 2 s, and a revoked agent is woken within 5 s.
LOOK_SECONDS = 1.5
# While Redis is away no ring of another process is heard.
DEAF_LOOK_SECONDS = 1.0

# What of a point decides whether its agents should look again.
Mark = tuple[object, ...]


@dataclass(slots=True)
class Lookout:
    """Who waits in this event loop, and what their points looked like."""

    waiting: Counter[str] = field(default_factory=Counter)
    # Points whose agents began to wait since the last look: what changed between their own look
    # and ours may be in the marks already, so where there is one they are woken once.
    fresh: set[str] = field(default_factory=set)
    marks: dict[str, Mark] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None

    async def wait(self, context: Context, ear: Ear, point_id: str, seconds: float) -> bool:
        """Wait until the point's agents should look again (True), or the seconds are over."""
        self.waiting[point_id] += 1
        if self.task is None or self.task.done():
            self.task = asyncio.create_task(self._look(context))
        try:
            return await ear.ring(seconds)
        finally:
            self.waiting[point_id] -= 1
            if self.waiting[point_id] <= 0:
                del self.waiting[point_id]

    async def _look(self, context: Context) -> None:
        """Look until nobody waits; the next waiter starts it again."""
        while self.waiting:
            await asyncio.sleep(LOOK_SECONDS if context.bell.hears else DEAF_LOOK_SECONDS)
            fresh, self.fresh = self.fresh, set()
            try:
                marks = await asyncio.to_thread(_read, context)
            except Parts3dError as fault:
                self.fresh |= fresh
                _log.warning("The waiting agents' rows could not be read: %s", fault.message)
                continue
            changed = {
                point_id
                for point_id in marks.keys() | self.marks.keys()
                if marks.get(point_id) != self.marks.get(point_id)
            }
            self.marks = marks
            for point_id in (changed | fresh & marks.keys()) & self.waiting.keys():
                context.bell.wake(point_channel(point_id))


_lookouts: WeakKeyDictionary[Bell, dict[asyncio.AbstractEventLoop, Lookout]] = WeakKeyDictionary()


def lookout_of(context: Context) -> Lookout:
    """Return the one of this bell in the running event loop."""
    loops = _lookouts.setdefault(context.bell, {})
    loop = asyncio.get_running_loop()
    for ended in [known for known in loops if known.is_closed()]:
        del loops[ended]
    return loops.setdefault(loop, Lookout())


def _read(context: Context) -> dict[str, Mark]:
    with context.database.reading() as session:
        return read_marks(session)


def read_marks(session: Session) -> dict[str, Mark]:
    """Return a mark for each point where something waits for its agents; a change changes it."""
    marks: dict[str, list[object]] = {}
    waiting = select(
        Job.point_id, func.count(), func.sum(Job.version), func.max(Job.created_at)
    ).where(Job.status == JobStatus.WAITING)
    dropped = (
        select(Job.point_id, func.count(), func.max(Job.id))
        .join(Attempt, col(Attempt.id) == col(Job.attempt_id))
        .where(
            col(Attempt.ended_at).is_(None),
            col(Job.status).in_([JobStatus.CANCELLED, JobStatus.MOVED]),
        )
    )
    asked = (
        select(Job.point_id, func.count(), func.max(PrinterCommand.asked_at))
        .join(PrinterCommand, col(PrinterCommand.job_id) == col(Job.id))
        .where(col(PrinterCommand.outcome).is_(None))
    )
    revoked = select(Agent.point_id, func.max(Agent.revoked_at)).where(
        col(Agent.revoked_at).is_not(None)
    )
    for number, question in enumerate((waiting, dropped, asked)):
        for point_id, *values in session.execute(question.group_by(Job.point_id)):
            marks.setdefault(point_id, []).append((number, *values))
    for point_id, moment in session.execute(revoked.group_by(Agent.point_id)):
        marks.setdefault(point_id, []).append((moment,))
    return {point_id: tuple(values) for point_id, values in marks.items()}


async def stop_looking(context: Context) -> None:
    """End the look of the running event loop; for the end of the web server's life."""
    lookout = lookout_of(context)
    if lookout.task is not None:
        lookout.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lookout.task
