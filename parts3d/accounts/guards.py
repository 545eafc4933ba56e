"""Who may pass: one dependency a role. A route without a guard is a customer's route."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request
from sqlmodel import Session

from parts3d.accounts.agents import verified_agent
from parts3d.accounts.service import signed_in
from parts3d.accounts.tables import Account, Agent, Role
from parts3d.context import Context
from parts3d.errors import Forbidden
from parts3d.line import in_line
from parts3d.web import SIGN_IN_COOKIE, ContextDep, NowDep
from printer_agents.protocol import HEADER_AGENT, HEADER_NONCE, HEADER_SIGNATURE

HOME_OF = {Role.STAFF: "/counter", Role.MAINTAINER: "/maintainer", Role.OPERATOR: "/operator"}


def get_account(request: Request, context: ContextDep, now: NowDep) -> Account:
    """Return who is signed in; pages show their name."""
    # In a session of its own: an act that needs a connection must not hold another meanwhile.
    with context.database.reading() as session:
        account = signed_in(session, request.cookies.get(SIGN_IN_COOKIE), now)
    # Plain words: an error's page is drawn after this session has ended.
    request.state.account = {"name": account.name, "href": HOME_OF[account.role]}
    return account


AccountDep = Annotated[Account, Depends(get_account)]


def _only(account: Account, role: Role) -> Account:
    if account.role is not role:
        raise Forbidden(f"This page is for {_WHOSE[role]}; you are signed in as {account.name}.")
    return account


_WHOSE = {
    Role.STAFF: "staff at a counter",
    Role.MAINTAINER: "catalogue maintainers",
    Role.OPERATOR: "the network's operator",
}


def get_staff(account: AccountDep) -> Account:
    """Let staff pass."""
    return _only(account, Role.STAFF)


def get_maintainer(account: AccountDep) -> Account:
    """Let maintainers pass."""
    return _only(account, Role.MAINTAINER)


def get_operator(account: AccountDep) -> Account:
    """Let operators pass."""
    return _only(account, Role.OPERATOR)


def get_shop_person(account: AccountDep) -> Account:
    """Let the operator pass, and staff, who see to their own point."""
    return account if account.role is Role.OPERATOR else _only(account, Role.STAFF)


StaffDep = Annotated[Account, Depends(get_staff)]
MaintainerDep = Annotated[Account, Depends(get_maintainer)]
OperatorDep = Annotated[Account, Depends(get_operator)]
ShopDep = Annotated[Account, Depends(get_shop_person)]


async def get_body(request: Request) -> bytes:
    """Read the whole body; the app's limit on its size holds."""
    return await request.body()


BodyDep = Annotated[bytes, Depends(get_body)]


@dataclass(frozen=True, slots=True)
class Signed:
    """What somebody signed as an agent. Nobody has passed before ``agent`` has returned."""

    agent_id: str
    nonce: str
    signature: str
    method: str
    path: str
    body: bytes

    def agent(self, session: Session, now: datetime, *, greeting: bool = False) -> Agent:
        """Return the agent whose signature fits; the nonce is used up with the session's commit.

        Raises:
            NotSignedIn: as ``verified_agent`` says.
        """
        return verified_agent(
            session,
            agent_id=self.agent_id,
            nonce=self.nonce,
            signature=self.signature,
            method=self.method,
            path=self.path,
            body=self.body,
            now=now,
            greeting=greeting,
        )


async def get_signed(request: Request, body: BodyDep) -> Signed:
    """Let everybody pass: the endpoint checks the signature itself, in the commit of its act."""
    raw_path: bytes = request.scope["raw_path"]
    query: bytes = request.scope["query_string"]
    return Signed(
        agent_id=request.headers.get(HEADER_AGENT, ""),
        nonce=request.headers.get(HEADER_NONCE, ""),
        signature=request.headers.get(HEADER_SIGNATURE, ""),
        method=request.method,
        path=(raw_path + (b"?" + query if query else b"")).decode("ascii", "replace"),
        body=body,
    )


SignedDep = Annotated[Signed, Depends(get_signed)]


async def get_agent(context: ContextDep, now: NowDep, signed: SignedDep) -> Agent:
    """Let an agent pass whose signature fits; its nonce is used up in a commit of its own."""
    return await in_line(_signing_agent, context, now, signed, greeting=False)


async def get_greeting_agent(context: ContextDep, now: NowDep, signed: SignedDep) -> Agent:
    """Let an agent pass that says hello: whether it is a copy is told there."""
    return await in_line(_signing_agent, context, now, signed, greeting=True)


def _signing_agent(context: Context, now: datetime, signed: Signed, *, greeting: bool) -> Agent:
    with context.database.unit_of_work() as work:
        return signed.agent(work.session, now, greeting=greeting)


AgentDep = Annotated[Agent, Depends(get_agent)]
GreetingAgentDep = Annotated[Agent, Depends(get_greeting_agent)]
