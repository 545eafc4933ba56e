"""The counter at which somebody is signed in, and how its acts are done and answered."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response
from sqlmodel import Session

from parts3d.accounts.guards import StaffDep
from parts3d.accounts.shell import done, say
from parts3d.context import Context
from parts3d.errors import NotFound, Parts3dError
from parts3d.jobs.channels import ring_point
from parts3d.jobs.keeping.tasks import KEEP
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.notices.announce import announce
from parts3d.orders.collection import Desk
from parts3d.web import status_of

Act = Callable[[Session, Desk], Job | None]
# Draws the page again with a refusal's sentence, and its status.
AnswerFault = Callable[[Session, str, int], Response]


@dataclass(frozen=True, slots=True)
class Counter:
    """One counter; it outlives the session that read it, since a live page goes on for hours."""

    desk: Desk
    person: str


def get_counter(account: StaffDep) -> Counter:
    """Return the counter of the staff who are signed in."""
    desk = Desk(point_id=account.point_id or "", actor=f"staff:{account.id}")
    return Counter(desk, account.name)


CounterDep = Annotated[Counter, Depends(get_counter)]


def act_at(
    request: Request,
    context: Context,
    counter: Counter,
    act: Act,
    *,
    refused: AnswerFault,
    then: str = "/counter",
    said: str | None = None,
) -> Response:
    """Do one act in one commit, ring, go on; a refusal is told on the page it came from.

    Raises:
        NotFound: what it was about is not at this point.
    """
    try:
        with context.database.unit_of_work() as work:
            job = act(work.session, counter.desk)
            if job is not None:
                announce(context, work, job.order_id, job.point_id)
                if job.status is JobStatus.FAILED:
                    work.after_commit(lambda: context.ring_task(KEEP, counter.desk.point_id))
            else:
                work.after_commit(lambda: ring_point(context.bell, counter.desk.point_id))
    except NotFound:
        raise
    except Parts3dError as error:
        sentence = say(request, error.message)
        with context.database.reading() as session:
            return refused(session, sentence, status_of(error))
    return done(request, then, said)
