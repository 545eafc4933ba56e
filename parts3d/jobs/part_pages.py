"""One part in the hands of staff: decide, check, bag, print again."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import FileResponse, Response
from sqlmodel import Session

from parts3d.accounts.shell import page
from parts3d.accounts.tables import Role
from parts3d.context import Context
from parts3d.errors import NotFound
from parts3d.jobs.bench import decide, job_of_point, print_again, put_on_shelf, reject
from parts3d.jobs.bench_view import job_view
from parts3d.jobs.commands import ask
from parts3d.jobs.counter_desk import Act, Counter, CounterDep, act_at
from parts3d.jobs.tables import Job
from parts3d.orders.collection import Desk
from parts3d.units.service import pass_check
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of
from printer_agents.protocol import CommandVerb

router = APIRouter(prefix="/counter/jobs", include_in_schema=False)
Reason = Annotated[str, Form(max_length=300)]


@router.get("/{job_id}")
def show_job(request: Request, job_id: str, counter: CounterDep, session: ReadDep) -> Response:
    """Show one part with what is to be done with it."""
    return _job_page(request, session, counter, job_id)


@router.get("/{job_id}/picture.png")
def show_job_picture(
    job_id: str, counter: CounterDep, session: ReadDep, context: ContextDep
) -> FileResponse:
    """Send the picture of a part that this point prints."""
    picture = job_view(session, counter.desk.point_id, job_id, "en").picture_sha256
    if picture is None:
        raise NotFound("There is no picture of this part.")
    return FileResponse(context.store.path(picture), media_type="image/png")


@router.post("/{job_id}/pass")
def pass_part(
    request: Request,
    job_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    rejected: Annotated[str, Form(max_length=10)] = "0",
    why: Reason = "",
) -> Response:
    """Pass the check, of a plate also without some copies that are printed again.

    The parts have serial numbers from now on, shown on the same page.
    """
    _ = gettext_of(get_language(request))
    faults = {}
    if not rejected.strip().isdecimal():
        faults["rejected"] = _("Type a number, or 0 if all are good.")
    elif int(rejected) and not why.strip():
        faults["some_why"] = _("Say what is wrong with the part.")
    if faults:
        typed = {"rejected": rejected, "some_why": why}
        return _faulty(request, context, counter, job_id, faults, typed)

    def act(session: Session, desk: Desk) -> Job:
        units = pass_check(
            session,
            point_id=desk.point_id,
            job_id=job_id,
            actor=desk.actor,
            now=now,
            rejected=int(rejected),
            why=why,
        )
        return session.get_one(Job, units[0].job_id)

    return _act(request, context, counter, job_id, act)


@router.post("/{job_id}/reject")
def reject_part(
    request: Request,
    job_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    why: Reason = "",
) -> Response:
    """Reject a printed part, with the reason."""
    if not why.strip():
        _ = gettext_of(get_language(request))
        faults = {"why": _("Say what is wrong with the part.")}
        return _faulty(request, context, counter, job_id, faults, {"act": "reject"})

    def act(session: Session, desk: Desk) -> Job:
        return reject(
            session,
            point_id=desk.point_id,
            job_id=job_id,
            why=why.strip(),
            actor=desk.actor,
            now=now,
        )

    return _act(request, context, counter, job_id, act)


@router.post("/{job_id}/shelf")
def shelve_part(
    request: Request, job_id: str, counter: CounterDep, context: ContextDep, now: NowDep
) -> Response:
    """The part is bagged and lies on the shelf."""
    _ = gettext_of(get_language(request))

    def act(session: Session, desk: Desk) -> Job:
        return put_on_shelf(
            session, point_id=desk.point_id, job_id=job_id, actor=desk.actor, now=now
        )

    said = _("On the shelf. The customer is told as soon as the whole order is there.")
    return _act(request, context, counter, job_id, act, then="/counter", said=said)


@router.post("/{job_id}/again")
def order_reprint(
    request: Request, job_id: str, counter: CounterDep, context: ContextDep, now: NowDep
) -> Response:
    """Print a lost part again."""
    _ = gettext_of(get_language(request))

    def act(session: Session, desk: Desk) -> Job:
        return print_again(
            session, point_id=desk.point_id, job_id=job_id, actor=desk.actor, now=now
        )

    said = _("It is printed again as soon as a printer is free.")
    return _act(request, context, counter, job_id, act, then="/counter", said=said)


@router.post("/{job_id}/decide")
def decide_job(
    request: Request,
    job_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    printed: Annotated[str, Form()] = "",
    why: Reason = "",
) -> Response:
    """Settle what no machine knows: was it printed or not?"""
    _ = gettext_of(get_language(request))
    faults = {}
    if printed not in {"yes", "no"}:
        faults["printed"] = _("Look at the printer, then choose one.")
    if printed == "no" and not why.strip():
        faults["why"] = _("Say what you saw at the printer.")
    if faults:
        return _faulty(request, context, counter, job_id, faults, {"printed": printed, "why": why})

    def act(session: Session, desk: Desk) -> Job:
        return decide(
            session,
            point_id=desk.point_id,
            job_id=job_id,
            printed=printed == "yes",
            why=why.strip(),
            actor=desk.actor,
            now=now,
        )

    return _act(request, context, counter, job_id, act)


@router.post("/{job_id}/command")
def command_print(
    request: Request,
    job_id: str,
    counter: CounterDep,
    context: ContextDep,
    now: NowDep,
    verb: Annotated[str, Form(max_length=10)] = "",
) -> Response:
    """Ask the printer to pause, to go on, or to stop."""
    if verb not in set(CommandVerb):
        raise NotFound("A print can be paused, resumed or cancelled.")

    def act(session: Session, desk: Desk) -> Job:
        job = job_of_point(session, desk.point_id, job_id)
        ask(
            session,
            job,
            CommandVerb(verb),
            actor=desk.actor,
            now=now,
            seconds=context.settings.command_seconds,
        )
        return job

    return _act(request, context, counter, job_id, act)


def _act(
    request: Request,
    context: Context,
    counter: Counter,
    job_id: str,
    act: Act,
    *,
    then: str | None = None,
    said: str | None = None,
) -> Response:
    def refused(session: Session, sentence: str, status: int) -> Response:
        return _job_page(request, session, counter, job_id, fault=sentence, status=status)

    url = then or f"/counter/jobs/{job_id}"
    return act_at(request, context, counter, act, refused=refused, then=url, said=said)


def _faulty(
    request: Request,
    context: Context,
    counter: Counter,
    job_id: str,
    faults: dict[str, str],
    typed: dict[str, str],
) -> Response:
    with context.database.reading() as session:
        return _job_page(request, session, counter, job_id, faults=faults, typed=typed, status=422)


def _job_page(
    request: Request,
    session: Session,
    counter: Counter,
    job_id: str,
    *,
    fault: str | None = None,
    faults: dict[str, str] | None = None,
    typed: dict[str, str] | None = None,
    status: int = 200,
) -> Response:
    view = job_view(session, counter.desk.point_id, job_id, get_language(request))
    values = {"view": view, "fault": fault, "faults": faults or {}, "typed": typed or {}}
    return page(request, Role.STAFF, "jobs/part.html", values, status=status)
