"""The list of agents, and what it shows of each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from parts3d.accounts.shell import page
from parts3d.accounts.tables import Account, Agent, Role
from parts3d.points.agent_config import fingerprint_of
from parts3d.points.tables import Point, Printer
from printer_agents.protocol import SILENT_SECONDS

SILENT_AFTER = timedelta(seconds=SILENT_SECONDS)


@dataclass(frozen=True, slots=True)
class AgentCard:
    """What the list shows of an agent."""

    agent: Agent
    point: Point
    fingerprint: str
    printers: Sequence[Printer]
    silent: bool


def agents_page(
    request: Request,
    person: Account,
    session: Session,
    now: datetime,
    *,
    code: str = "",
    code_fault: str | None = None,
    status: int = 200,
) -> Response:
    """Draw the agents that a person may see."""
    wanted = select(Agent).order_by(Agent.name, col(Agent.created_at))
    if person.role is Role.STAFF:
        wanted = wanted.where(Agent.point_id == (person.point_id or ""))
    cards = agent_cards(session, session.exec(wanted).all(), now)
    values = {
        "living": [card for card in cards if card.agent.revoked_at is None],
        "revoked": [card for card in cards if card.agent.revoked_at is not None],
        "for_all": person.role is Role.OPERATOR,
        "code": code,
        "code_fault": code_fault,
    }
    return page(request, person.role, "points/agents.html", values, status=status)


def agent_cards(session: Session, agents: Sequence[Agent], now: datetime) -> list[AgentCard]:
    """Return what is shown of each of these agents, in their order."""
    points = {point.id: point for point in session.exec(select(Point)).all()}
    printers = session.exec(
        select(Printer)
        .where(col(Printer.agent_id).in_([agent.id for agent in agents]))
        .where(col(Printer.withdrawn_at).is_(None))
        .order_by(Printer.name)
    ).all()
    return [
        AgentCard(
            agent,
            points[agent.point_id],
            fingerprint_of(agent),
            [printer for printer in printers if printer.agent_id == agent.id],
            silent=agent.last_heard_at is not None and now - agent.last_heard_at > SILENT_AFTER,
        )
        for agent in agents
    ]
