"""Pairing an agent: its code, its fingerprint, which printers it drives."""

import base64
from collections.abc import Mapping, Sequence
from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import Session, col, select

from parts3d.accounts.guards import ShopDep
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Account, Agent, Role
from parts3d.context import Context
from parts3d.errors import NotFound, Parts3dError
from parts3d.jobs.channels import ring_point
from parts3d.jobs.revoking import revoke
from parts3d.points.agent_list import agents_page
from parts3d.points.pairing import (
    NEW_PRINTER,
    approve,
    deny,
    open_pairing,
    typed_code,
)
from parts3d.points.pairing_tables import Pairing
from parts3d.points.tables import Point, Printer
from parts3d.slicing.profiles import printer_models, profile
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of, status_of
from printer_agents.protocol import key_fingerprint

router = APIRouter(prefix="/pair", include_in_schema=False)
Text = Annotated[str, Form(max_length=120)]


class PairForm(BaseModel):
    """What staff chose; ``approve`` judges it. ``local`` and ``printer`` go in pairs."""

    model_config = ConfigDict(frozen=True)

    point: str = ""
    name: str = Field(default="", max_length=120)
    replaces: str = ""
    local: list[str] = Field(default=[], max_length=100)
    printer: list[str] = Field(default=[], max_length=100)


@router.post("")
def type_code(
    request: Request, person: ShopDep, context: ContextDep, now: NowDep, code: Text = ""
) -> Response:
    """Take the code that an agent shows, and go on to its fingerprint."""
    _ = gettext_of(get_language(request))
    try:
        with context.database.unit_of_work() as work:
            found = typed_code(work.session, code=code, account_id=person.id, now=now)
            pairing_id = found.id if found else None
    except Parts3dError as error:
        sentence, status = say(request, error.message), status_of(error)
    else:
        if pairing_id is not None:
            return RedirectResponse(f"/agents/pair/{pairing_id}", status_code=303)
        status = 422
        sentence = _("No agent shows this code. Check each sign; a code is good for ten minutes.")
    with context.database.reading() as session:
        return agents_page(
            request, person, session, now, code=code, code_fault=sentence, status=status
        )


@router.get("/{pairing_id}")
def compare(
    request: Request,
    pairing_id: str,
    person: ShopDep,
    session: ReadDep,
    now: NowDep,
    point: str = "",
) -> Response:
    """Show the fingerprint to compare, and the printers to choose from."""
    pairing = open_pairing(session, pairing_id, account_id=person.id, now=now)
    return _pair_page(request, session, person, pairing, point)


@router.post("/{pairing_id}")
def connect(
    request: Request,
    pairing_id: str,
    person: ShopDep,
    context: ContextDep,
    now: NowDep,
    form: Annotated[PairForm, Form()],
) -> Response:
    """Take the agent in: the fingerprint is the same, and these are its printers."""
    _ = gettext_of(get_language(request))
    chosen = dict(zip(form.local, form.printer, strict=False))
    point_id = _point_for(person, form.point)
    try:
        with context.database.unit_of_work() as work:
            pairing = open_pairing(work.session, pairing_id, account_id=person.id, now=now)
            agent = approve(
                work.session,
                pairing,
                point_id=point_id,
                name=form.name,
                chosen=chosen,
                may_add_printers=person.role is Role.OPERATOR,
                account_id=person.id,
                now=now,
            )
            if form.replaces and form.replaces != agent.id:
                actor = f"{person.role}:{person.id}"
                revoke(
                    work.session, point_id=point_id, agent_id=form.replaces, actor=actor, now=now
                )
            agent_name = agent.name
            work.after_commit(lambda: ring_point(context.bell, point_id))
    except Parts3dError as error:
        if isinstance(error, NotFound) and error.place is None:
            raise
        return _refused(request, context, person, pairing_id, form.point, chosen, error)
    said = _("%(name)s is paired. It goes on by itself within a few seconds.")
    return done(request, "/agents", said % {"name": agent_name})


@router.post("/{pairing_id}/refuse")
def refuse(
    request: Request, pairing_id: str, person: ShopDep, context: ContextDep, now: NowDep
) -> Response:
    """Refuse an agent that shows another fingerprint."""
    _ = gettext_of(get_language(request))
    with context.database.unit_of_work() as work:
        pairing = open_pairing(work.session, pairing_id, account_id=person.id, now=now)
        deny(work.session, pairing, account_id=person.id, now=now)
    said = _("The agent is refused: it gets no work. Start its pairing again in the shop.")
    return done(request, "/agents", said)


def _refused(
    request: Request,
    context: Context,
    person: Account,
    pairing_id: str,
    point: str,
    chosen: Mapping[str, str],
    error: Parts3dError,
) -> Response:
    with context.database.reading() as session:
        pairing = session.get_one(Pairing, pairing_id)
        return _pair_page(
            request,
            session,
            person,
            pairing,
            point,
            chosen=chosen,
            fault=say(request, error.message),
            status=status_of(error),
        )


def _point_for(person: Account, asked: str) -> str:
    return (person.point_id or "") if person.role is Role.STAFF else asked


def _pair_page(
    request: Request,
    session: Session,
    person: Account,
    pairing: Pairing,
    point: str,
    *,
    chosen: Mapping[str, str] | None = None,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    point_id = _point_for(person, point)
    points = session.exec(select(Point).order_by(Point.name)).all()
    place = next((row for row in points if row.id == point_id), None)
    printers = session.exec(
        select(Printer)
        .where(Printer.point_id == point_id, col(Printer.withdrawn_at).is_(None))
        .order_by(Printer.name)
    ).all()
    agents = session.exec(
        select(Agent)
        .where(Agent.point_id == point_id, col(Agent.revoked_at).is_(None))
        .where(Agent.public_key != pairing.public_key)
        .order_by(Agent.name)
    ).all()
    values = {
        "pairing": pairing,
        "fingerprint": key_fingerprint(base64.b64decode(pairing.public_key)),
        "points": points,
        "point_options": [(row.id, row.name) for row in points],
        "place": place,
        "printers": printers,
        "agents": agents,
        "agent_names": {agent.id: agent.name for agent in agents},
        "models": [(f"{NEW_PRINTER}{model}", profile(model).name) for model in printer_models()]
        if person.role is Role.OPERATOR
        else [],
        "chosen": _guess(pairing, printers) if chosen is None else chosen,
        "fault": fault,
    }
    return page(request, person.role, "points/pair.html", values, status=status)


def _guess(pairing: Pairing, printers: Sequence[Printer]) -> dict[str, str]:
    """Return which printer each local one most likely is: the same name, or the only one."""
    names = {printer.name.casefold(): printer.id for printer in printers}
    names |= {printer.id.casefold(): printer.id for printer in printers}
    local = [str(printer["id"]) for printer in pairing.printers]
    if len(local) == len(printers) == 1:
        return {local[0]: printers[0].id}
    return {name: names[name.casefold()] for name in local if name.casefold() in names}
