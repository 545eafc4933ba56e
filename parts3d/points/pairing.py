"""Pairing: a fresh agent shows a code, staff type it, compare the key, choose its printers.

The device-code way of RFC 8628; ``printer_agents/pairing_protocol.py`` has the messages. A code
is used once and for ten minutes; guessing it ends after five wrong ones (``typed_code``).
"""

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, func
from sqlmodel import Session, col, select

from parts3d.accounts.agents import read_public_key, register_agent
from parts3d.accounts.tables import Account, Agent
from parts3d.errors import Conflict, Expired, Invalid, NotFound, TooManyTries
from parts3d.points.pairing_tables import Pairing, WrongCode
from parts3d.points.service import add_printer, get_point
from parts3d.points.tables import Point, Printer
from printer_agents.pairing_protocol import (
    CODE_LENGTH,
    CODE_SIGNS,
    POLL_SECONDS,
    SLOWER_SECONDS,
    PairedPrinter,
    PairingAnswer,
    PairingRequest,
    PairingState,
    read_code,
)

CODE_LASTS = timedelta(minutes=10)
NEW_PRINTER = "new:"  # before a model's id: staff want the printer added
_ROWS_KEPT_FOR = timedelta(days=1)
_MOST_WAITING = 500
_MOST_PER_ADDRESS = 20
_MOST_WRONG_CODES = 5
_WRONG_CODES_COUNT_FOR = timedelta(minutes=15)
_SLOWEST_SECONDS = 60
# A poll on its way may catch up with the one before it by so much.
_EARLY = timedelta(seconds=0.5)


def begin_pairing(
    session: Session, request: PairingRequest, *, address: str, now: datetime
) -> tuple[Pairing, str]:
    """Note a fresh agent's wish; returns its row and the secret that it polls with.

    An older wish of the same key is forgotten: only the code shown last is good.

    Raises:
        Invalid: no Ed25519 public key.
        Conflict: the key was revoked.
        TooManyTries: too many wait already, from this address or in all.
    """
    key = read_public_key(request.public_key)
    agent = session.exec(select(Agent).where(Agent.public_key == key)).first()
    if agent is not None and agent.revoked_at is not None:
        raise Conflict(
            "This key was revoked. Run 'parts3d-agent unpair', which removes it, then pair again.",
            code="revoked_agent",
        )
    # A decided one goes too: the code shown last is the only one that can still be answered.
    session.execute(
        delete(Pairing).where(
            (col(Pairing.public_key) == key) | (col(Pairing.expires_at) < now - _ROWS_KEPT_FOR)
        )
    )
    _check_room(session, address, now)
    device_code = secrets.token_urlsafe(32)
    pairing = Pairing(
        user_code="".join(secrets.choice(CODE_SIGNS) for _ in range(CODE_LENGTH)),
        device_sha256=_hash(device_code),
        public_key=key,
        computer=request.computer.strip() or "agent",
        version=request.version,
        address=address,
        printers=[printer.model_dump() for printer in request.printers],
        created_at=now,
        expires_at=now + CODE_LASTS,
        interval_seconds=POLL_SECONDS,
    )
    session.add(pairing)
    session.flush()
    return pairing, device_code


def poll_pairing(
    session: Session, *, device_code: str, public_key: str, now: datetime
) -> PairingAnswer:
    """Answer an agent that asks whether it is paired; a good answer may be asked for again."""
    pairing = session.exec(
        select(Pairing)
        .where(Pairing.device_sha256 == _hash(device_code), Pairing.public_key == public_key)
        .with_for_update()
    ).first()
    if pairing is None:
        return PairingAnswer(state=PairingState.EXPIRED)
    if pairing.denied_at is not None:
        return PairingAnswer(state=PairingState.DENIED)
    if pairing.agent_id is not None:
        return _paired(session, pairing, pairing.agent_id)
    if now >= pairing.expires_at:
        return PairingAnswer(state=PairingState.EXPIRED)
    state = PairingState.PENDING
    pause = timedelta(seconds=pairing.interval_seconds) - _EARLY
    if pairing.polled_at is not None and now - pairing.polled_at < pause:
        slower = pairing.interval_seconds + SLOWER_SECONDS
        pairing.interval_seconds = min(slower, _SLOWEST_SECONDS)
        state = PairingState.SLOW_DOWN
    pairing.polled_at = now
    session.flush()
    return PairingAnswer(state=state, interval_seconds=pairing.interval_seconds)


def typed_code(session: Session, *, code: str, account_id: str, now: datetime) -> Pairing | None:
    """Return the agent that shows a code, for the person who typed it; None: nobody shows it.

    Commit also when it is none: the wrong code is counted.

    Raises:
        TooManyTries: five wrong codes within a quarter of an hour.
    """
    # Locked, so that guesses sent side by side cannot all be the first.
    session.get_one(Account, account_id, with_for_update=True)
    since = now - _WRONG_CODES_COUNT_FOR
    wrong = session.exec(
        select(func.count())
        .select_from(WrongCode)
        .where(WrongCode.account_id == account_id, WrongCode.typed_at > since)
    ).one()
    if wrong >= _MOST_WRONG_CODES:
        raise TooManyTries("Too many wrong codes. Try again in a quarter of an hour.")
    stored = read_code(code)
    pairing = session.exec(
        select(Pairing).where(Pairing.user_code == stored, Pairing.expires_at > now)
    ).first()
    if pairing is None or _decided(pairing):
        session.execute(delete(WrongCode).where(col(WrongCode.typed_at) < since))
        session.add(WrongCode(account_id=account_id, typed_at=now))
        session.flush()
        return None
    pairing.typed_by = account_id
    session.flush()
    return pairing


def open_pairing(session: Session, pairing_id: str, *, account_id: str, now: datetime) -> Pairing:
    """Return a pairing that waits for this person's decision, locked.

    Raises:
        NotFound: there is none, or somebody else typed its code.
        Expired: its ten minutes are over.
        Conflict: it was decided already.
    """
    pairing = session.get(Pairing, pairing_id, with_for_update=True)
    if pairing is None or pairing.typed_by != account_id:
        raise NotFound("There is no such pairing. Type the code that the agent shows.")
    if _decided(pairing):
        raise Conflict("This pairing was decided already.")
    if now >= pairing.expires_at:
        raise Expired("This code has expired. Let the agent show a new one: parts3d-agent pair")
    return pairing


def approve(
    session: Session,
    pairing: Pairing,
    *,
    point_id: str,
    name: str,
    chosen: Mapping[str, str],
    may_add_printers: bool,
    account_id: str,
    now: datetime,
) -> Agent:
    """Take a key in as an agent of a point, and connect the printers that were chosen.

    Args:
        session: flushed, not committed.
        pairing: from ``open_pairing``.
        point_id: the shop it stands in.
        name: what people call it; empty: its computer's name.
        chosen: the agent's own name of a printer to the id of one of the point's, or to
            ``new:<model>`` for one to be added; names left out are not used.
        may_add_printers: whether this person may add printers to a point.
        account_id: who compared the fingerprint.
        now: the moment.

    Raises:
        Invalid: no printer was chosen, or one of them twice.
        NotFound: a printer that is not at this point.
        Conflict: the key belongs to an agent of another point.
    """
    local = {printer["id"]: printer for printer in pairing.printers}
    wanted = {key: value for key, value in chosen.items() if value and key in local}
    existing = [value for value in wanted.values() if not value.startswith(NEW_PRINTER)]
    if not wanted:
        raise Invalid("Choose at least one printer that this agent drives.", place="printers")
    if len(set(existing)) != len(existing):
        raise Invalid("One printer was chosen twice. Choose another one.", place="printers")
    agent = _agent_of(session, pairing, point_id, name, now)
    printers = {}
    for local_id, value in wanted.items():
        if value.startswith(NEW_PRINTER) and may_add_printers:
            printer = add_printer(
                session,
                point_id=point_id,
                name=local_id,
                model=value.removeprefix(NEW_PRINTER),
                material=str(local[local_id]["material"]),
                now=now,
            )
        else:
            printer = _living_printer(session, point_id, value)
        _connect(printer, agent)
        printers[local_id] = printer.id
    pairing.approved_at = now
    pairing.decided_by = account_id
    pairing.agent_id = agent.id
    pairing.chosen = printers
    session.flush()
    return agent


def deny(session: Session, pairing: Pairing, *, account_id: str, now: datetime) -> None:
    """Refuse an agent whose key is another one than it shows."""
    pairing.denied_at = now
    pairing.decided_by = account_id
    session.flush()


def _agent_of(session: Session, pairing: Pairing, point_id: str, name: str, now: datetime) -> Agent:
    get_point(session, point_id)
    agent = session.exec(select(Agent).where(Agent.public_key == pairing.public_key)).first()
    if agent is None:
        return register_agent(
            session,
            point_id=point_id,
            name=name.strip()[:80] or pairing.computer,
            public_key=pairing.public_key,
            now=now,
        )
    # The same key once more: the agent lost what it was told, or drives other printers now.
    if agent.point_id != point_id or agent.revoked_at is not None:
        raise Conflict(
            "This key belongs to another agent already. "
            "Run 'parts3d-agent unpair' in the shop, then pair again."
        )
    agent.name = name.strip()[:80] or agent.name
    for printer in session.exec(select(Printer).where(Printer.agent_id == agent.id)).all():
        printer.agent_id = None
    session.flush()
    return agent


def _living_printer(session: Session, point_id: str, printer_id: str) -> Printer:
    printer = session.get(Printer, printer_id, with_for_update=True)
    if printer is None or printer.point_id != point_id or printer.withdrawn_at is not None:
        raise NotFound("There is no such printer at this point.", place="printers")
    return printer


def _connect(printer: Printer, agent: Agent) -> None:
    """Nothing that another agent said of this printer holds; staff's word on its bed does."""
    printer.agent_id = agent.id
    printer.condition = "unknown"
    printer.progress = printer.remaining_seconds = printer.detail = None
    printer.remaining_source = None
    printer.starts_generation = printer.starts_seen = 0


def _paired(session: Session, pairing: Pairing, agent_id: str) -> PairingAnswer:
    agent = session.get_one(Agent, agent_id)
    rows = [
        (local_id, session.get_one(Printer, printer_id))
        for local_id, printer_id in (pairing.chosen or {}).items()
    ]
    return PairingAnswer(
        state=PairingState.PAIRED,
        agent_id=agent.id,
        agent_name=agent.name,
        point=session.get_one(Point, agent.point_id).name,
        printers=tuple(
            PairedPrinter(local_id=local_id, id=row.id, name=row.name, model=row.model)
            for local_id, row in rows
        ),
    )


def _check_room(session: Session, address: str, now: datetime) -> None:
    waiting = select(func.count()).select_from(Pairing).where(Pairing.expires_at > now)
    here = session.exec(waiting.where(Pairing.address == address)).one()
    if here >= _MOST_PER_ADDRESS or session.exec(waiting).one() >= _MOST_WAITING:
        raise TooManyTries("Too many agents wait to be paired. Try again in ten minutes.")


def _decided(pairing: Pairing) -> bool:
    return pairing.approved_at is not None or pairing.denied_at is not None


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
