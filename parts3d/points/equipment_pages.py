"""The operator's view of what stands in a point: printers, and agents with their keys."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session

from parts3d.accounts.agents import register_agent
from parts3d.accounts.guards import OperatorDep
from parts3d.db import new_id
from parts3d.jobs.keeping.replanning import begin_replan
from parts3d.jobs.keeping.tasks import REPLAN
from parts3d.points.agent_config import key_of
from parts3d.points.point_page import act_on
from parts3d.points.service import (
    add_printer,
    change_printer,
    get_point,
    withdraw_printer,
)
from parts3d.web import ContextDep, NowDep, get_language, gettext_of

router = APIRouter(prefix="/points/{point_id}", include_in_schema=False)
Text = Annotated[str, Form(max_length=500)]


@router.post("/printers")
def install_printer(
    request: Request,
    point_id: str,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    printer_name: Text = "",
    model: Text = "",
    material: Text = "",
    agent_id: Text = "",
) -> Response:
    """Add a printer to a point."""
    del operator
    _ = gettext_of(get_language(request))
    return act_on(
        request,
        context,
        point_id,
        lambda session: add_printer(
            session,
            point_id=point_id,
            name=printer_name,
            model=model,
            material=material,
            agent_id=agent_id or None,
            now=now,
        ),
        typed={
            "printer_name": printer_name,
            "model": model,
            "material": material,
            "agent_id": agent_id,
        },
        renamed={"name": "printer_name"},
        said=_("The printer is added. Put the new configuration into the shop's agent."),
    )


@router.post("/printers/{printer_id}")
def reload_printer(
    request: Request,
    point_id: str,
    printer_id: str,
    operator: OperatorDep,
    context: ContextDep,
    material: Text = "",
    agent_id: Text = "",
) -> Response:
    """Say what is loaded and which agent drives the printer."""
    del operator
    _ = gettext_of(get_language(request))
    return act_on(
        request,
        context,
        point_id,
        lambda session: change_printer(
            session,
            point_id=point_id,
            printer_id=printer_id,
            material=material,
            agent_id=agent_id or None,
        ),
        renamed={"material": printer_id},
        said=_("The printer is changed."),
    )


@router.post("/printers/{printer_id}/withdraw")
def retire_printer(
    request: Request,
    point_id: str,
    printer_id: str,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
) -> Response:
    """Take a printer out of the network."""
    del operator
    _ = gettext_of(get_language(request))
    batch = new_id()

    def act(session: Session) -> None:
        printer = withdraw_printer(session, point_id=point_id, printer_id=printer_id, now=now)
        begin_replan(session, batch, [point_id], f"{printer.name} is taken out.", now)

    answer = act_on(
        request,
        context,
        point_id,
        act,
        said=_("The printer is taken out. Nothing new is planned on it."),
    )
    context.ring_task(REPLAN, batch)
    return answer


@router.post("/agents")
def register_key(
    request: Request,
    point_id: str,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    agent_name: Text = "",
    public_key: Text = "",
) -> Response:
    """Register the key of a shop's agent."""
    del operator
    _ = gettext_of(get_language(request))

    def act(session: Session) -> object:
        point = get_point(session, point_id)
        return register_agent(
            session,
            point_id=point_id,
            name=agent_name.strip() or point.name,
            public_key=key_of(public_key),
            now=now,
        )

    return act_on(
        request,
        context,
        point_id,
        act,
        typed={"agent_name": agent_name, "public_key": public_key},
        said=_("The key is registered. Compare the fingerprint with the shop before it prints."),
    )
