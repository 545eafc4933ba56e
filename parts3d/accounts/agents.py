"""Agents: their keys, and whether a request is really theirs."""

import base64
import binascii
from datetime import datetime, timedelta

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey
from sqlalchemy import delete, insert
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from parts3d.accounts.tables import Agent, AgentNonce
from parts3d.db import new_id
from parts3d.errors import Conflict, Invalid, NotSignedIn
from printer_agents.protocol import baton_of, signed_text

_KEY_BYTES = 32
# An agent's nonces carry its generation and a counter, so old ones are refused by age of row.
NONCES_KEPT_FOR = timedelta(days=2)
# Built once, and past the objects: every request of an agent uses one.
_USE_NONCE = insert(AgentNonce.__table__)  # type: ignore[attr-defined]


def register_agent(
    session: Session,
    *,
    point_id: str,
    name: str,
    public_key: str,
    now: datetime,
    agent_id: str | None = None,
) -> Agent:
    """Register the public key that an agent's ``key`` command printed.

    Args:
        session: flushed, not committed.
        point_id: the shop it stands in.
        name: what people call it.
        public_key: Ed25519, standard base64.
        now: the moment.
        agent_id: as in the agent's configuration, if that was written before; else a new one.

    Raises:
        Invalid: not an Ed25519 public key in base64.
        Conflict: the key is registered already.
    """
    key = read_public_key(public_key)
    if session.exec(select(Agent).where(Agent.public_key == key)).first():
        raise Conflict("This key belongs to a registered agent already.", place="public_key")
    agent = Agent(
        id=agent_id or new_id(),
        point_id=point_id,
        name=name.strip() or "agent",
        public_key=key,
        created_at=now,
    )
    session.add(agent)
    session.flush()
    return agent


def read_public_key(text: str) -> str:
    """Return an Ed25519 public key in standard base64.

    Raises:
        Invalid: it is none.
    """
    key = text.strip()
    try:
        raw = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Invalid(_NO_KEY, place="public_key") from error
    if len(raw) != _KEY_BYTES:
        raise Invalid(_NO_KEY, place="public_key")
    return key


def check_holder(
    public_key: str, *, nonce: str, signature: str, method: str, path: str, body: bytes
) -> None:
    """Check that who sent a request holds the private half of a key that nobody knows yet.

    Raises:
        Invalid: no Ed25519 public key.
        NotSignedIn: another key signed it, or nobody.
    """
    _verify(read_public_key(public_key), signature, signed_text(method, path, body, nonce))


def verified_agent(
    session: Session,
    *,
    agent_id: str,
    nonce: str,
    signature: str,
    method: str,
    path: str,
    body: bytes,
    now: datetime,
    greeting: bool = False,
) -> Agent:
    """Return the agent whose key signed a request.

    Raises:
        NotSignedIn: unknown or revoked agent, wrong key, altered body, a nonce used before, or
            (but for a greeting) a copy of the agent that does not hold its baton.
    """
    agent = session.get(Agent, agent_id) if agent_id else None
    if agent is None:
        raise NotSignedIn(_WRONG_KEY, code="unknown_agent")
    if agent.revoked_at is not None:
        raise revoked()
    _verify(agent.public_key, signature, signed_text(method, path, body, nonce))
    if agent.baton is not None and not greeting and baton_of(nonce) != agent.baton:
        raise NotSignedIn(COPIED, code="copied_journal")
    try:
        session.execute(_USE_NONCE, {"agent_id": agent.id, "nonce": nonce, "used_at": now})
    except IntegrityError as error:
        raise NotSignedIn(
            "This request was heard before. Sign a new one.", code="repeated_nonce"
        ) from error
    return agent


def _verify(public_key: str, signature: str, text: bytes) -> None:
    try:
        VerifyKey(base64.b64decode(public_key)).verify(
            text, base64.b64decode(signature, validate=True)
        )
    except (BadSignatureError, binascii.Error, ValueError) as error:
        raise NotSignedIn(_WRONG_KEY, code="bad_signature") from error


def revoked() -> NotSignedIn:
    """Return the refusal of an agent whose key was revoked."""
    return NotSignedIn(
        "This agent's key was revoked. Pair it again: parts3d-agent unpair, then pair.",
        code="revoked_agent",
    )


def forget_old_nonces(session: Session, now: datetime) -> None:
    """Delete nonces past their age."""
    session.execute(delete(AgentNonce).where(AgentNonce.used_at < now - NONCES_KEPT_FOR))  # type: ignore[arg-type]


COPIED = (
    "Another copy of this agent's data folder has spoken with its key since. Run only one of them; "
    "if it is this one, stop the other, move this one's journal away and start it again."
)
_NO_KEY = "This is no Ed25519 public key. Copy the whole line that 'parts3d-agent key' prints."
_WRONG_KEY = (
    "The signature does not fit this agent's registered key. "
    "Register the key that 'parts3d-agent key' prints."
)
