"""The operator's overview: every order and job with the reason why it waits."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import Response
from sqlmodel import col, select

from parts3d.accounts.actors import actor_names
from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import done, page
from parts3d.accounts.tables import Role
from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.jobs.bench_view import job_view
from parts3d.jobs.overview import counts, find_order, open_jobs, orders
from parts3d.jobs.stopping import give_up_order
from parts3d.jobs.tables import Attempt
from parts3d.notices.announce import announce
from parts3d.orders.collection import unlock_code
from parts3d.orders.queries import lock_order, whole_order
from parts3d.orders.tables import Order
from parts3d.points.tables import Point, Printer
from parts3d.sentences import in_language
from parts3d.web import ContextDep, LanguageDep, NowDep, ReadDep, get_language, gettext_of

router = APIRouter(prefix="/operator", include_in_schema=False)


@router.get("")
def show_overview(
    request: Request,
    operator: OperatorDep,
    session: ReadDep,
    language: LanguageDep,
    now: NowDep,
    q: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """Show what is under way; a number leads to its order."""
    del operator
    fault = None
    if q.strip():
        order = find_order(session, q)
        if order is not None:
            return done(request, f"/operator/orders/{order.id}")
        _ = gettext_of(language)
        fault = _("No order has this number. It looks like P3D-7K4M-2Q9X; check each sign.")
    values = {
        "q": q,
        "q_fault": fault,
        "figures": counts(session, now),
        "orders": orders(session, language),
        "ended": orders(session, language, ended=True),
        "jobs": open_jobs(session, language),
    }
    return page(request, Role.OPERATOR, "jobs/overview.html", values, status=404 if fault else 200)


@router.get("/orders/{order_id}")
def show_order(
    request: Request,
    order_id: str,
    operator: OperatorDep,
    session: ReadDep,
    language: LanguageDep,
) -> Response:
    """Show one order with its jobs and its history."""
    del operator
    if session.get(Order, order_id) is None:
        raise NotFound("There is no such order.")
    whole = whole_order(session, order_id)
    values = {
        "whole": whole,
        "jobs": open_jobs(session, language, order_id=order_id),
        "actors": actor_names(session, [event.actor for event in whole.events]),
    }
    return page(request, Role.OPERATOR, "jobs/order.html", values)


@router.post("/orders/{order_id}/unlock")
def unlock_order(
    request: Request, order_id: str, operator: OperatorDep, context: ContextDep, now: NowDep
) -> Response:
    """Let the collection code be tried again."""
    _ = gettext_of(get_language(request))
    actor = f"operator:{operator.id}"
    with context.database.unit_of_work() as work:
        unlock_code(work.session, lock_order(work.session, order_id), actor=actor, now=now)
    said = _("The code may be tried again.")
    return done(request, f"/operator/orders/{order_id}", said)


@router.post("/orders/{order_id}/give-up")
def give_up(
    request: Request,
    order_id: str,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    why: Annotated[str, Form(max_length=300)] = "",
) -> Response:
    """End an order that cannot be fulfilled; the customer is told."""
    _ = gettext_of(get_language(request))
    try:
        with context.database.unit_of_work() as work:
            order = give_up_order(
                work.session, order_id, actor=f"operator:{operator.id}", now=now, reason=why
            )
            announce(context, work, order.id, order.point_id)
    except (Conflict, Invalid) as error:
        said = in_language(error.message, _)
    else:
        said = _("The order has ended; the customer is told by mail.")
    return done(request, f"/operator/orders/{order_id}", said)


@router.get("/jobs/{job_id}")
def show_job(
    request: Request, job_id: str, operator: OperatorDep, session: ReadDep, language: LanguageDep
) -> Response:
    """Show one job with its tries and its history."""
    del operator
    view = job_view(session, None, job_id, language)
    attempts = session.exec(
        select(Attempt, Printer)
        .join(Printer, col(Printer.id) == col(Attempt.printer_id))
        .where(Attempt.job_id == job_id)
        .order_by(col(Attempt.number), col(Attempt.epoch))
    ).all()
    (row,) = [
        row
        for row in open_jobs(session, language, order_id=view.job.order_id)
        if row.job.id == job_id
    ]
    values: dict[str, Any] = {
        "view": view,
        "row": row,
        "attempts": attempts,
        "order": session.get_one(Order, view.job.order_id),
        "point": session.get_one(Point, view.job.point_id),
        "actors": actor_names(session, [event.actor for event in view.events]),
    }
    return page(request, Role.OPERATOR, "jobs/job.html", values)
