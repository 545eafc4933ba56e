"""The counter's page of today's hours: staff close early or come late, and take it back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Role
from parts3d.errors import Invalid, NotFound
from parts3d.jobs.counter_desk import Counter, CounterDep
from parts3d.jobs.keeping.replanning import begin_replan, progress_of
from parts3d.jobs.keeping.tasks import KEEP, REPLAN
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.points.closing import call_off, close_points, hours_of
from parts3d.points.closure_tables import Closure
from parts3d.points.hours import Stretch
from parts3d.points.short_days import ShortDay, shortened
from parts3d.points.tables import Point
from parts3d.promises.words import N_
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of

router = APIRouter(prefix="/counter/hours", include_in_schema=False)
HowForm = Annotated[ShortDay, Form()]
AtForm = Annotated[str, Form(max_length=10)]
WhyForm = Annotated[str, Form(max_length=200)]
_WHY = {
    ShortDay.CLOSES_EARLY: N_("The shop closes early today."),
    ShortDay.OPENS_LATE: N_("The shop opens later today."),
}
_MADE = (OrderStatus.PLACED, OrderStatus.IN_PRODUCTION)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What staff are about to say: when it is closed, why, and whom it concerns."""

    how: ShortDay
    at: str
    why: str
    closed: Stretch
    promised: int
    on_shelf: int


@router.get("")
def show_hours(request: Request, counter: CounterDep, session: ReadDep, now: NowDep) -> Response:
    """Show today's hours, what was said of them, and the forms."""
    return _page(request, session, counter, now)


@router.post("/look")
def look_first(
    request: Request,
    counter: CounterDep,
    session: ReadDep,
    now: NowDep,
    how: HowForm,
    at: AtForm = "",
    why: WhyForm = "",
) -> Response:
    """Show what it would mean, and ask for a yes; nothing is closed yet."""
    try:
        asked = _asked(session, counter.desk.point_id, now, how, at, why)
    except Invalid as error:
        return _refused(request, session, counter, now, how, at, why, error)
    return _page(request, session, counter, now, asked=asked)


@router.post("")
def shorten_day(
    request: Request,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    how: HowForm,
    at: AtForm = "",
    why: WhyForm = "",
) -> Response:
    """Close for a part of today, and look at the point's orders again at once."""
    point_id = counter.desk.point_id
    try:
        with context.database.unit_of_work() as work:
            asked = _asked(work.session, point_id, now, how, at, why)
            batch = close_points(
                work.session,
                [point_id],
                *asked.closed,
                reason=asked.why,
                actor=counter.desk.actor,
                now=now,
            )
            begin_replan(work.session, batch, [point_id], asked.why, now)
            work.after_commit(lambda: context.ring_task(REPLAN, batch))
    except Invalid as error:
        with context.database.reading() as session:
            return _refused(request, session, counter, now, how, at, why, error)
    _ = gettext_of(get_language(request))
    said = _("Noted. Promises reckon with it, and this point's orders are looked at again.")
    return done(request, "/counter/hours", said)


@router.post("/{batch}/undo")
def take_back(
    request: Request, batch: str, counter: CounterDep, context: ContextDep, now: NowDep
) -> Response:
    """Open as usual after all; twice is once.

    Raises:
        NotFound: it was not said at this counter: the operator's closures are hers.
    """
    point_id = counter.desk.point_id
    with context.database.unit_of_work() as work:
        rows = work.session.exec(select(Closure).where(Closure.batch == batch)).all()
        if not rows or any(_is_others(row, point_id) for row in rows):
            raise NotFound("There is nothing of the kind to take back at this point.")
        call_off(work.session, batch, now)
        work.after_commit(lambda: context.ring_task(KEEP, point_id))
    _ = gettext_of(get_language(request))
    said = _("Taken back: open as usual. What was moved meanwhile stays where it is.")
    return done(request, "/counter/hours", said)


def _is_others(row: Closure, point_id: str) -> bool:
    return row.point_id != point_id or not row.made_by.startswith("staff:")


def _asked(
    session: Session, point_id: str, now: datetime, how: ShortDay, at: str, why: str
) -> _Asked:
    point = session.get_one(Point, point_id)
    closed = shortened(hours_of(session, point, now), now, how, at)
    begins, ends = closed
    promised = session.exec(
        select(sa.func.count())
        .select_from(Order)
        .where(
            Order.point_id == point_id,
            col(Order.status).in_(_MADE),
            col(Order.ready_promised_at) > begins,
            col(Order.ready_promised_at) <= ends,
        )
    ).one()
    on_shelf = session.exec(
        select(sa.func.count())
        .select_from(Order)
        .where(Order.point_id == point_id, Order.status == OrderStatus.READY)
    ).one()
    return _Asked(how, at.strip(), why.strip() or _WHY[how], closed, promised, on_shelf)


def _refused(
    request: Request,
    session: Session,
    counter: Counter,
    now: datetime,
    how: ShortDay,
    at: str,
    why: str,
    error: Invalid,
) -> Response:
    typed = {"how": how.value, "at": at, "why": why, "fault": say(request, error.message)}
    return _page(request, session, counter, now, typed=typed, status=422)


def _page(
    request: Request,
    session: Session,
    counter: Counter,
    now: datetime,
    *,
    asked: _Asked | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    point = session.get_one(Point, counter.desk.point_id)
    hours = hours_of(session, point, now)
    opens_at = hours.next_open(now)
    values = {
        "asked": asked,
        "typed": typed or {},
        "said": _said(session, point.id, now),
        "opens_at": opens_at,
        "closes_at": None if opens_at is None else hours.closes_at(opens_at),
        "moment": now,
    }
    return page(request, Role.STAFF, "jobs/hours.html", values, status=status)


def _said(session: Session, point_id: str, now: datetime) -> list[dict[str, Any]]:
    """Return what is closed from now on, the operator's closures too; those cannot be undone."""
    rows = session.exec(
        select(Closure)
        .where(
            Closure.point_id == point_id,
            Closure.ends_at > now,
            col(Closure.called_off_at).is_(None),
        )
        .order_by(col(Closure.starts_at))
    ).all()
    found = []
    for row in rows:
        ready, total = progress_of(session, row.batch)
        found.append(
            {
                "closure": row,
                "done": ready,
                "total": total,
                "may_undo": not _is_others(row, point_id),
            }
        )
    return found
