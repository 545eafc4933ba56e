"""The endpoints by which an agent becomes known, and unknown again."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from parts3d.accounts.agents import check_holder
from parts3d.accounts.guards import AgentDep, get_body
from parts3d.errors import Invalid
from parts3d.jobs.channels import ring_order, ring_point
from parts3d.jobs.revoking import revoke
from parts3d.points.pairing import CODE_LASTS, begin_pairing, poll_pairing
from parts3d.web import ContextDep, NowDep, WorkDep
from printer_agents.pairing_protocol import (
    PairingAnswer,
    PairingPoll,
    PairingRequest,
    PairingStarted,
    Unpair,
    UnpairAnswer,
    show_code,
)
from printer_agents.protocol import HEADER_NONCE, HEADER_SIGNATURE

router = APIRouter(prefix="/agent/v1", tags=["agent"])
BodyDep = Annotated[bytes, Depends(get_body)]


@router.post("/pairing")
def ask_for_code(
    request: Request,
    wish: PairingRequest,
    body: BodyDep,
    work: WorkDep,
    context: ContextDep,
    now: NowDep,
) -> PairingStarted:
    """Give a fresh agent a code to show."""
    _check_holder(request, wish.public_key, body)
    address = request.client.host if request.client else "unknown"
    pairing, device_code = begin_pairing(work.session, wish, address=address, now=now)
    return PairingStarted(
        device_code=device_code,
        user_code=show_code(pairing.user_code),
        where=f"{context.settings.public_url.rstrip('/')}/agents",
        expires_in_seconds=int(CODE_LASTS.total_seconds()),
        interval_seconds=pairing.interval_seconds,
    )


@router.post("/pairing/poll")
def ask_whether_paired(
    request: Request, poll: PairingPoll, body: BodyDep, work: WorkDep, now: NowDep
) -> PairingAnswer:
    """Say whether somebody typed the code and compared the key."""
    _check_holder(request, poll.public_key, body)
    return poll_pairing(
        work.session, device_code=poll.device_code, public_key=poll.public_key.strip(), now=now
    )


@router.post("/unpair")
def end_pairing(
    wish: Unpair, agent: AgentDep, work: WorkDep, context: ContextDep, now: NowDep
) -> UnpairAnswer:
    """Refuse this agent's key from now on, by its own wish."""
    if wish.agent_id != agent.id:
        raise Invalid("An agent can unpair itself only.", place="agent_id")
    waiting = revoke(
        work.session,
        point_id=agent.point_id,
        agent_id=agent.id,
        actor=f"agent:{agent.id}",
        now=now,
    )
    work.after_commit(lambda: ring_point(context.bell, agent.point_id))
    for job in waiting:
        work.after_commit(lambda job=job: ring_order(context.bell, job.order_id))  # type: ignore[misc]
    return UnpairAnswer()


def _check_holder(request: Request, public_key: str, body: bytes) -> None:
    check_holder(
        public_key,
        nonce=request.headers.get(HEADER_NONCE, ""),
        signature=request.headers.get(HEADER_SIGNATURE, ""),
        method=request.method,
        path=request.url.path,
        body=body,
    )
