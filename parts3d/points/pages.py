"""The operator's points: where they are, and when they are open and staffed."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, ValidationError
from sqlmodel import col, select

from parts3d.accounts import people_pages
from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Role
from parts3d.errors import Parts3dError
from parts3d.forms import faults_by_field
from parts3d.points import equipment_pages
from parts3d.points.point_page import act_on, point_page
from parts3d.points.service import PointDetails, add_point, edit_point
from parts3d.points.tables import Point, Printer
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of, status_of

router = APIRouter(prefix="/operator", include_in_schema=False)


class PointForm(BaseModel):
    """A point as typed; ``PointDetails`` judges it."""

    model_config = ConfigDict(frozen=True)

    name: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    opening_hours: str = ""
    staffed_hours: str = ""
    unattended: str = "finish"
    bed_clear_minutes: str = "5"
    check_minutes: str = "5"
    people: str = "1"
    active: str = ""


@router.get("/points")
def list_points(request: Request, operator: OperatorDep, session: ReadDep) -> Response:
    """Show every point with its printers."""
    del operator
    points = session.exec(select(Point).order_by(Point.name)).all()
    printers = session.exec(select(Printer).where(col(Printer.withdrawn_at).is_(None))).all()
    rows = [
        (point, [printer for printer in printers if printer.point_id == point.id])
        for point in points
    ]
    return page(request, Role.OPERATOR, "points/list.html", {"rows": rows})


@router.get("/points/new")
def ask_for_point(request: Request, operator: OperatorDep) -> Response:
    """Show an empty form."""
    del operator
    return _new_point_page(request, PointForm(active="1").model_dump())


@router.post("/points")
def open_point(
    request: Request,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    form: Annotated[PointForm, Form()],
) -> Response:
    """Add a point."""
    del operator
    _ = gettext_of(get_language(request))
    typed = form.model_dump()
    try:
        details = _details(typed)
        with context.database.unit_of_work() as work:
            point_id = add_point(work.session, details, now).id
    except ValidationError as error:
        return _new_point_page(request, typed, faults_by_field(error, _), status=422)
    except Parts3dError as error:
        faults = {error.place or "name": say(request, error.message)}
        return _new_point_page(request, typed, faults, status=status_of(error))
    said = _("The point is open. Now add its printers and its agent.")
    return done(request, f"/operator/points/{point_id}", said)


@router.get("/points/{point_id}")
def show_point(
    request: Request, point_id: str, operator: OperatorDep, session: ReadDep, context: ContextDep
) -> Response:
    """Show a point with its printers and agents, to be changed."""
    del operator
    return point_page(request, session, context, point_id)


@router.post("/points/{point_id}")
def change_point(
    request: Request,
    point_id: str,
    operator: OperatorDep,
    context: ContextDep,
    form: Annotated[PointForm, Form()],
) -> Response:
    """Change a point."""
    del operator
    _ = gettext_of(get_language(request))
    typed = form.model_dump()
    try:
        details = _details(typed)
    except ValidationError as error:
        with context.database.reading() as session:
            return point_page(
                request, session, context, point_id, typed, faults_by_field(error, _), status=422
            )
    return act_on(
        request,
        context,
        point_id,
        lambda session: edit_point(session, point_id, details),
        typed=typed,
        said=_("The point is changed. New promises follow it at once."),
    )


router.include_router(equipment_pages.router)
router.include_router(people_pages.router)


def _details(typed: Mapping[str, Any]) -> PointDetails:
    return PointDetails.model_validate({**typed, "active": bool(typed["active"])})


def _new_point_page(
    request: Request,
    typed: dict[str, Any],
    faults: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    values = {"typed": typed, "faults": faults or {}}
    return page(request, Role.OPERATOR, "points/new.html", values, status=status)
