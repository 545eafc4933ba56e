"""The page of one point, and how an act on it is done and answered."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Agent, Role
from parts3d.context import Context
from parts3d.errors import NotFound, Parts3dError
from parts3d.jobs.channels import ring_point
from parts3d.points.agent_config import config_of, fingerprint_of
from parts3d.points.service import PointDetails, get_point
from parts3d.points.tables import Printer
from parts3d.slicing.profiles import materials, printer_models, profile
from parts3d.web import status_of

Act = Callable[[Session], object]


def act_on(
    request: Request,
    context: Context,
    point_id: str,
    act: Act,
    *,
    said: str,
    typed: dict[str, Any] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> Response:
    """Do one act in one commit; a refusal is told at its field, with all that was typed."""
    try:
        with context.database.unit_of_work() as work:
            act(work.session)
            work.after_commit(lambda: ring_point(context.bell, point_id))
    except NotFound as error:
        if error.place is None:
            raise
        refusal: Parts3dError = error
    except Parts3dError as error:
        refusal = error
    else:
        return done(request, f"/operator/points/{point_id}", said)
    sentence = say(request, refusal.message)
    field = (renamed or {}).get(refusal.place or "", refusal.place)
    with context.database.reading() as session:
        return point_page(
            request,
            session,
            context,
            point_id,
            typed,
            {field: sentence} if field else {},
            fault=None if field else sentence,
            status=status_of(refusal),
        )


def point_page(
    request: Request,
    session: Session,
    context: Context,
    point_id: str,
    typed: dict[str, Any] | None = None,
    faults: dict[str, str] | None = None,
    *,
    fault: str | None = None,
    status: int = 200,
) -> Response:
    """Draw a point with its printers and agents.

    Raises:
        NotFound: there is no such point.
    """
    point = get_point(session, point_id)
    printers = session.exec(
        select(Printer)
        .where(Printer.point_id == point_id, col(Printer.withdrawn_at).is_(None))
        .order_by(Printer.name)
    ).all()
    agents = session.exec(
        select(Agent).where(Agent.point_id == point_id).order_by(col(Agent.created_at))
    ).all()
    url = context.settings.public_url
    values = {
        "point": point,
        "printers": printers,
        "agents": [
            (agent, fingerprint_of(agent), config_of(agent, printers, url)) for agent in agents
        ],
        "models": [(model, profile(model).name) for model in printer_models()],
        "materials": [(name, name) for name in materials()],
        "typed": PointDetails.of(point).model_dump(warnings=False) | (typed or {}),
        "faults": faults or {},
        "fault": fault,
    }
    return page(request, Role.OPERATOR, "points/point.html", values, status=status)
