"""The operator's page of closures: close points or a region, follow the re-planning, open again."""

from datetime import datetime
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import done, page
from parts3d.accounts.tables import Role
from parts3d.errors import Invalid
from parts3d.jobs.keeping.replanning import begin_replan, progress_of
from parts3d.jobs.keeping.tasks import REPLAN
from parts3d.points.closing import call_off, chosen_points, close_points, typed_moment
from parts3d.points.closure_tables import Closure
from parts3d.points.tables import Point
from parts3d.sentences import in_language
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of

router = APIRouter(prefix="/operator/closures", include_in_schema=False)
_SHOWN = 30


@router.get("")
def show_closures(
    request: Request, operator: OperatorDep, session: ReadDep, now: NowDep
) -> Response:
    """Show what is closed and how far its orders are re-planned, and the form."""
    del operator
    return _page(request, session, now, {})


@router.post("")
def add_closure(
    request: Request,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    where: Annotated[str, Form(max_length=80)] = "",
    starts: Annotated[str, Form(max_length=20)] = "",
    ends: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Close points for a time, and re-plan their orders."""
    _ = gettext_of(get_language(request))
    typed = {"where": where, "starts": starts, "ends": ends, "reason": reason}
    try:
        with context.database.unit_of_work() as work:
            points = chosen_points(work.session, where)
            batch = close_points(
                work.session,
                [point.id for point in points],
                typed_moment(starts, "starts") if starts.strip() else now,
                typed_moment(ends, "ends"),
                reason=reason,
                actor=f"operator:{operator.id}",
                now=now,
            )
            orders = begin_replan(
                work.session, batch, [point.id for point in points], reason.strip(), now
            )
            work.after_commit(lambda: context.ring_task(REPLAN, batch))
    except Invalid as error:
        faults = {error.place or "where": in_language(error.message, _)}
        with context.database.reading() as session:
            return _page(request, session, now, {"typed": typed, "faults": faults}, status=422)
    said = _("Closed: {points} points. {orders} orders are looked at.").format(
        points=len(points), orders=orders
    )
    return done(request, "/operator/closures", said)


@router.post("/{batch}/call-off")
def open_again(
    request: Request, batch: str, operator: OperatorDep, context: ContextDep, now: NowDep
) -> Response:
    """Open again before the time."""
    del operator
    _ = gettext_of(get_language(request))
    with context.database.unit_of_work() as work:
        call_off(work.session, batch, now)
    return done(request, "/operator/closures", _("Open again; promises reckon with it at once."))


def _page(
    request: Request, session: Session, now: datetime, values: dict[str, Any], *, status: int = 200
) -> Response:
    shown = {"typed": {}, "faults": {}, **values, "rows": _rows(session), "closing_now": now}
    return page(request, Role.OPERATOR, "jobs/closures.html", shown, status=status)


def _rows(session: Session) -> list[dict[str, Any]]:
    batches = session.exec(
        select(Closure.batch, sa.func.max(Closure.made_at))
        .group_by(col(Closure.batch))
        .order_by(sa.func.max(Closure.made_at).desc())
        .limit(_SHOWN)
    ).all()
    rows = []
    for batch, _made in batches:
        found = session.exec(
            select(Closure, Point.name)
            .join(Point, col(Point.id) == col(Closure.point_id))
            .where(Closure.batch == batch)
            .order_by(Point.name)
        ).all()
        ready, total = progress_of(session, batch)
        rows.append(
            {
                "batch": batch,
                "closure": found[0][0],
                "points": [name for _, name in found],
                "done": ready,
                "total": total,
            }
        )
    return rows
