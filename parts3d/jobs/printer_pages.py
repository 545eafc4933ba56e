"""One printer of the counter: what its camera sees, its spool, and the point's book of spools."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, Response
from pydantic import ValidationError
from sqlmodel import Session, col, select

from parts3d.accounts.shell import page
from parts3d.accounts.tables import Agent, Role
from parts3d.context import Context
from parts3d.errors import Invalid, NotFound
from parts3d.jobs.counter_desk import Act, Counter, CounterDep, act_at
from parts3d.jobs.keeping.tasks import KEEP
from parts3d.jobs.moves import ON_A_PRINTER
from parts3d.jobs.pictures import last_picture, picture_at
from parts3d.jobs.tables import Job
from parts3d.jobs.versions import new_enough, too_old
from parts3d.orders.collection import Desk
from parts3d.points.absences import absences_of, end_absence, plan_absence
from parts3d.points.closing import typed_moment
from parts3d.points.spools import (
    SpoolDetails,
    add_spool,
    load_spool,
    spools_of,
    unload_spool,
    weigh_spool,
)
from parts3d.points.tables import Printer, Spool
from parts3d.slicing.profiles import materials
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, get_now, gettext_of

router = APIRouter(prefix="/counter", include_in_schema=False)
Short = Annotated[str, Form(max_length=80)]


@router.get("/printers/{printer_id}")
def show_printer(
    request: Request, printer_id: str, counter: CounterDep, session: ReadDep, context: ContextDep
) -> Response:
    """Show a printer with its camera and its spool."""
    return _printer_page(request, session, context, counter, printer_id)


@router.get("/pictures/{picture_id}.jpg")
def show_picture(
    picture_id: str, counter: CounterDep, session: ReadDep, context: ContextDep
) -> FileResponse:
    """Send what a camera of this point saw."""
    row = picture_at(session, counter.desk.point_id, picture_id)
    return FileResponse(context.store.path(row.picture_sha256), media_type="image/jpeg")


@router.post("/printers/{printer_id}/spool")
def change_spool(
    request: Request,
    printer_id: str,
    counter: CounterDep,
    context: ContextDep,
    spool_id: Short = "",
) -> Response:
    """Take staff's word on which spool is loaded; none of the book's is a word too."""
    _ = gettext_of(get_language(request))

    def act(session: Session, desk: Desk) -> None:
        busy = _is_busy(session, printer_id)
        if spool_id:
            load_spool(
                session,
                point_id=desk.point_id,
                printer_id=printer_id,
                spool_id=spool_id,
                busy=busy,
            )
        else:
            unload_spool(session, point_id=desk.point_id, printer_id=printer_id, busy=busy)

    said = _("Noted. The printer gets work for what is loaded.")
    return _act(request, context, counter, printer_id, act, said)


@router.post("/printers/{printer_id}/spools")
def open_spool(
    request: Request,
    printer_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    material: Short = "",
    grams: Short = "",
    name: Short = "",
    lot: Short = "",
) -> Response:
    """Write a new spool into the book and load it."""
    _ = gettext_of(get_language(request))

    def act(session: Session, desk: Desk) -> None:
        details = _details(material, grams, name, lot)
        spool = add_spool(session, desk.point_id, details, now)
        load_spool(
            session,
            point_id=desk.point_id,
            printer_id=printer_id,
            spool_id=spool.id,
            busy=_is_busy(session, printer_id),
        )

    said = _("The spool is in the book and loaded.")
    return _act(request, context, counter, printer_id, act, said)


@router.post("/printers/{printer_id}/spools/{spool_id}/weigh")
def weigh(
    request: Request,
    printer_id: str,
    spool_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    grams: Short = "",
) -> Response:
    """Correct what is left on a spool; nothing left takes it out of the book."""
    _ = gettext_of(get_language(request))

    def act(session: Session, desk: Desk) -> None:
        left = int(grams) if grams.strip().isdecimal() else -1
        weigh_spool(session, point_id=desk.point_id, spool_id=spool_id, grams=left, now=now)

    return _act(request, context, counter, printer_id, act, _("What is left is corrected."))


@router.post("/printers/{printer_id}/absences")
def plan_maintenance(
    request: Request,
    printer_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    starts: Annotated[str, Form(max_length=20)] = "",
    ends: Annotated[str, Form(max_length=20)] = "",
    reason: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """Take the printer out for a time; what is promised there is looked at at once."""
    _ = gettext_of(get_language(request))

    def act(session: Session, desk: Desk) -> None:
        plan_absence(
            session,
            point_id=desk.point_id,
            printer_id=printer_id,
            starts_at=typed_moment(starts, "starts") if starts.strip() else now,
            ends_at=typed_moment(ends, "ends"),
            reason=reason,
            actor=desk.actor,
            now=now,
        )

    said = _("Noted. Nothing is begun that would run into it, and promises reckon with it.")
    answer = _act(request, context, counter, printer_id, act, said)
    context.ring_task(KEEP, counter.desk.point_id)
    return answer


@router.post("/printers/{printer_id}/absences/{absence_id}/end")
def end_maintenance(
    request: Request,
    printer_id: str,
    absence_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
) -> Response:
    """Let the printer work again before the time."""
    _ = gettext_of(get_language(request))

    def act(session: Session, desk: Desk) -> None:
        end_absence(
            session,
            point_id=desk.point_id,
            printer_id=printer_id,
            absence_id=absence_id,
            now=now,
        )

    return _act(request, context, counter, printer_id, act, _("It works again."))


def _details(material: str, grams: str, name: str, lot: str) -> SpoolDetails:
    try:
        return SpoolDetails.model_validate(
            {"material": material, "grams": grams, "name": name, "lot": lot}
        )
    except ValidationError as error:
        raise Invalid("Type the grams of filament that are left, as 450.", place="grams") from error


def _is_busy(session: Session, printer_id: str) -> bool:
    held = select(Job.id).where(Job.printer_id == printer_id, col(Job.status).in_(ON_A_PRINTER))
    return session.exec(held).first() is not None


def _act(
    request: Request, context: Context, counter: Counter, printer_id: str, act: Act, said: str
) -> Response:
    def refused(session: Session, sentence: str, status: int) -> Response:
        return _printer_page(
            request, session, context, counter, printer_id, fault=sentence, status=status
        )

    then = f"/counter/printers/{printer_id}"
    return act_at(request, context, counter, act, refused=refused, then=then, said=said)


def _printer_page(
    request: Request,
    session: Session,
    context: Context,
    counter: Counter,
    printer_id: str,
    *,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    printer = session.get(Printer, printer_id)
    if printer is None or printer.point_id != counter.desk.point_id or printer.withdrawn_at:
        raise NotFound("There is no such printer at this point.")
    now = get_now(request)
    agent = session.get(Agent, printer.agent_id) if printer.agent_id else None
    least = context.settings.least_agent_version
    old = agent is not None and not new_enough(agent.version, least)
    values = {
        "printer": printer,
        "spool": session.get(Spool, printer.spool_id) if printer.spool_id else None,
        "spools": spools_of(session, printer.point_id),
        "in_printers": _in_printers(session, printer.point_id),
        "picture": last_picture(session, printer.id),
        "busy": _is_busy(session, printer.id),
        "materials": [(name, name) for name in materials()],
        "agent_notice": too_old(agent.version, least) if agent is not None and old else None,
        "fault": fault,
        "absences": absences_of(session, [printer.id], now).get(printer.id, []),
    }
    return page(request, Role.STAFF, "jobs/printer.html", values, status=status)


def _in_printers(session: Session, point_id: str) -> dict[str, str]:
    rows = session.exec(
        select(Printer.spool_id, Printer.name).where(
            Printer.point_id == point_id, col(Printer.spool_id).is_not(None)
        )
    ).all()
    return {str(spool_id): name for spool_id, name in rows}
