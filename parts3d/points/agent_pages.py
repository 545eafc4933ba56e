"""The agents of a point, or of all: when each was last heard, and the end of a key."""

from fastapi import APIRouter, Request
from fastapi.responses import Response
from sqlmodel import Session

from parts3d.accounts.guards import ShopDep
from parts3d.accounts.shell import done, page
from parts3d.accounts.tables import Account, Agent, Role
from parts3d.errors import NotFound
from parts3d.jobs.channels import ring_order, ring_point
from parts3d.jobs.revoking import prints_of, revoke
from parts3d.points import pairing_pages
from parts3d.points.agent_list import agent_cards, agents_page
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of

router = APIRouter(prefix="/agents", include_in_schema=False)


@router.get("")
def list_agents(request: Request, person: ShopDep, session: ReadDep, now: NowDep) -> Response:
    """Show the agents, and where the code of a fresh one is typed."""
    return agents_page(request, person, session, now)


@router.get("/{agent_id}/revoke")
def ask_to_revoke(
    request: Request, agent_id: str, person: ShopDep, session: ReadDep, now: NowDep
) -> Response:
    """Say what follows from revoking a key, before it is done: it cannot be undone."""
    agent = _agent_for(session, person, agent_id)
    values = {"card": agent_cards(session, [agent], now)[0], "prints": prints_of(session, agent)}
    return page(request, person.role, "points/revoke.html", values)


@router.post("/{agent_id}/revoke")
def revoke_key(
    request: Request, agent_id: str, person: ShopDep, context: ContextDep, now: NowDep
) -> Response:
    """Refuse an agent's key from now on."""
    _ = gettext_of(get_language(request))
    with context.database.unit_of_work() as work:
        agent = _agent_for(work.session, person, agent_id)
        name = agent.name
        jobs = revoke(
            work.session,
            point_id=agent.point_id,
            agent_id=agent.id,
            actor=f"{person.role}:{person.id}",
            now=now,
        )
        point_id, order_ids = agent.point_id, [job.order_id for job in jobs]
        work.after_commit(lambda: ring_point(context.bell, point_id))
        for order_id in order_ids:
            work.after_commit(lambda order_id=order_id: ring_order(context.bell, order_id))  # type: ignore[misc]
    said = _("The key of %(name)s is revoked. Whoever holds it is refused from now on.")
    return done(request, "/agents", said % {"name": name})


router.include_router(pairing_pages.router)


def _agent_for(session: Session, person: Account, agent_id: str) -> Agent:
    agent = session.get(Agent, agent_id)
    elsewhere = person.role is Role.STAFF and agent and agent.point_id != person.point_id
    if agent is None or elsewhere:
        raise NotFound("There is no such agent at this point.")
    return agent
