"""The messages between an agent and the server. Imports nothing of ours.

Identity of a try: ``job_id, attempt, epoch, agent_generation, gcode_sha256``. ``epoch`` is
the fencing number of a job: it only grows, and whoever holds an older one is refused (409).

===============================  ======================================================
``POST /agent/v1/hello``         once at start: who I am; answers the printers I drive
``POST /agent/v1/claim``         long poll: work for one of my idle, clear, loaded printers
``POST /agent/v1/renew``         every 20 s while a lease is held
``GET  /agent/v1/gcode/{token}`` the file; ranges allowed; the token is for one attempt
``POST /agent/v1/permit``        may I start? the server commits before it says yes
``POST /agent/v1/reports``       what happened, numbered, replayed until acknowledged
``POST /agent/v1/printers``      what my printers look like now (state, progress)
``POST /agent/v1/pictures/{id}`` what a printer's camera sees (JPEG)
===============================  ======================================================

Every request is signed: Ed25519 over the lines ``METHOD``, ``PATH``, ``SHA-256 of body (hex)``,
``X-Agent-Nonce``, joined by a newline, under the headers below; ``PATH`` is the raw path with its
query, as sent. Signature and public key are standard base64. Order comes from the server and from
``event_seq``, never from the agent's clock: a Raspberry Pi wakes up with a wrong one.

The server closes its ears to fields it does not know; an agent overlooks them, so that a newer
server can still talk an older agent into an update.

A journal may be copied with the card that holds it. Each hello therefore passes a *baton*: the
agent shows the one it holds and proposes the next, journalled before it is sent, and every nonce
begins with the baton held. Of two copies the first that says hello holds it; the other shows one
that was passed on already, and is refused (409, ``copied_journal``). Asking again after a lost
answer proposes the same baton and is the same hello.

A command of staff (pause, resume, cancel) is a row of the server with an id, for one attempt. It
comes with every answer until a report with its id says what became of it; what the agent lists as
known does not end a long poll. A command twice is one command.

A bed is clear by the word of staff, and false from a permit on. ``false`` in an answer is always
obeyed. ``true`` is obeyed only if the request that it answers told of that printer, was sent after
the last start there and while nothing of ours was permitted, starting or printing: an answer that
crossed a start on its way changes nothing. ``PrinterReport.starts`` tells the server of starts that
it did not order (somebody printed at the printer itself): when it grows, the server's own word
becomes ``false``. An agent's ``bed_clear=true`` is never a confirmation. Somebody who presses the
button at the printer is one: ``PrinterReport.bed_confirmed`` counts the presses, and says 0 again
as soon as a permit is asked for or something has started. The server takes each count once, and
only while nothing of ours may lie there.

What is loaded is the word of staff too (``loaded`` in answers); the configuration's material counts
until the server has said one.
"""

import hashlib
import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

PROTOCOL_VERSION = 1
LEASE_SECONDS = 60
RENEW_SECONDS = 20
# Proxies give up on an answer after a minute, so a claim waits for less.
CLAIM_WAIT_SECONDS = 45
# Printers are told of at least so often; a little longer than a claim waits, as it tells of the
# free ones.
PRINTERS_SECONDS = 50
# One telling and half of the next were not heard: there is no connection.
SILENT_SECONDS = 75

# A picture of the bed, as the agent may send it.
PICTURE_MOST_BYTES = 600_000

HEADER_AGENT = "X-Agent-Id"
HEADER_NONCE = "X-Agent-Nonce"
HEADER_SIGNATURE = "X-Agent-Signature"

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Baton = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+$")]

# What printers say is not ours to choose, and a database keeps no NUL: a report that could not
# be stored would be sent for ever, and hold up all behind it.
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
Said = Annotated[str, AfterValidator(lambda text: _CONTROL.sub("\ufffd", text))]


def signed_text(method: str, path: str, body: bytes, nonce: str) -> bytes:
    """Return the exact bytes an agent signs for a request (``path`` includes the query)."""
    return "\n".join([method.upper(), path, hashlib.sha256(body).hexdigest(), nonce]).encode()


def baton_of(nonce: str) -> str | None:
    """Return the baton with which a nonce begins, if its agent holds one."""
    baton, dot, _ = nonce.partition(".")
    return baton if dot else None


def key_fingerprint(public_key: bytes) -> str:
    """Return what two people compare: 8 groups of 4 hex digits of the raw key's SHA-256."""
    digest = hashlib.sha256(public_key).hexdigest()[:32]
    return ":".join(digest[start : start + 4] for start in range(0, 32, 4))


class Message(BaseModel):
    """A closed, frozen message."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Answer(BaseModel):
    """A frozen message of the server. What a newer server adds is overlooked by an older agent."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class PrinterCondition(StrEnum):
    """What a printer is doing, whatever its brand."""

    OFFLINE = "offline"  # the host does not answer
    CONNECTING = "connecting"  # the host answers, the printer not yet
    IDLE = "idle"  # nothing runs; says nothing about the bed
    PREPARING = "preparing"  # heating, levelling
    PRINTING = "printing"
    PAUSED = "paused"
    CANCELLING = "cancelling"
    FINISHING = "finishing"  # says it is done, not yet believed
    ATTENTION = "attention"  # waits for a person at the printer
    ERROR = "error"
    UNKNOWN = "unknown"


class PrinterReport(Message):
    """One printer as its agent sees it now."""

    printer_id: Identifier
    condition: PrinterCondition
    bed_clear: bool
    starts: int = Field(default=0, ge=0, description="starts seen in this generation, all causes")
    bed_confirmed: int = Field(
        default=0, ge=0, description="number of the last press of its button, if it still counts"
    )
    material: Said | None = None
    file_name: Said | None = None
    progress: float | None = Field(default=None, ge=0, le=1)
    remaining_seconds: float | None = Field(default=None, ge=0)
    remaining_source: Literal["printer", "host", "slicer"] | None = Field(
        default=None, description="whose figure the remaining time is; none: nobody's at the shop"
    )
    detail: Said | None = Field(default=None, max_length=500)


class Hello(Message):
    """First words after a start. ``agent_generation`` grows with every fresh journal."""

    protocol: Literal[1] = 1
    agent_generation: int = Field(ge=1)
    version: Said = Field(max_length=32)
    printers: tuple[Identifier, ...]
    last_event_seq: int | None = Field(default=None, ge=0, description="as the journal knows it")
    baton_held: Baton | None = Field(default=None, description="none: a fresh journal")
    baton_next: Baton | None = None


class HelloAnswer(Answer):
    """What the server says back."""

    server_version: str
    last_event_seq: int = Field(ge=0, description="highest event_seq heard of this generation")
    bed_clear: dict[str, bool] = Field(description="by printer id, as staff last confirmed")
    current: tuple["AttemptRef", ...] = Field(
        description="attempts the server believes this agent holds; reconcile the journal"
    )
    loaded: dict[str, str] = Field(default_factory=dict, description="material by printer id")
    notice: str | None = Field(default=None, description="what the shop should know, in words")


class AttemptRef(Message):
    """The identity of one try at a job."""

    job_id: Identifier
    attempt: int = Field(ge=1)
    epoch: int = Field(ge=1)
    printer_id: Identifier
    agent_generation: int = Field(ge=1)
    gcode_sha256: Sha256

    @property
    def file_name(self) -> str:
        """Name of the file on the printer; carries the whole identity."""
        job = "".join(sign for sign in self.job_id if sign.isalnum())[-12:]
        return f"p3d_{job}_a{self.attempt}_e{self.epoch}_{self.gcode_sha256[:8]}.gcode"


class CommandVerb(StrEnum):
    """What staff may ask of a running print."""

    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"


class Command(Answer):
    """A wish of staff about one attempt. Obeyed once; asked again, the answer is the same."""

    command_id: Identifier
    ref: AttemptRef
    verb: CommandVerb


class Claim(Message):
    """Ask for work; only printers that are idle, bed-clear and loaded. None: only listen."""

    agent_generation: int = Field(ge=1)
    printers: tuple[PrinterReport, ...] = ()
    wait_seconds: float = Field(default=CLAIM_WAIT_SECONDS, ge=0, le=60)
    commands_known: tuple[Identifier, ...] = Field(default=(), max_length=200)


class Work(Answer):
    """A leased job. Until a start is permitted, losing it is harmless."""

    ref: AttemptRef
    job_label: str = Field(description="what staff see; never a customer's name")
    material: str
    gcode_path: str = Field(description="path for the one-attempt download")
    gcode_bytes: int = Field(ge=1)
    print_seconds: int = Field(ge=0)
    lease_seconds: float = Field(gt=0)


class Tidings(Answer):
    """What every answer to a claim or an update brings along."""

    bed_clear: dict[str, bool] = Field(default_factory=dict)
    loaded: dict[str, str] = Field(default_factory=dict)
    cancel: tuple[AttemptRef, ...] = ()
    commands: tuple[Command, ...] = ()
    notice: str | None = None


class ClaimAnswer(Tidings):
    """Work, or none."""

    work: Work | None = None


class Renew(Message):
    """Keep a lease."""

    ref: AttemptRef


class RenewAnswer(Answer):
    """How long the lease lasts from now, by the server's clock."""

    lease_seconds: float


class PermitRequest(Message):
    """May this attempt start? Asked again with the same epoch until answered."""

    ref: AttemptRef


class PermitAnswer(Answer):
    """Yes; the server has committed ``start_permitted``. A no is an error (409)."""

    permitted: Literal[True] = True


class ReportKind(StrEnum):
    """What an agent tells about an attempt."""

    STARTING = "starting"  # journalled, start about to be called
    PRINTING = "printing"  # seen printing
    PROGRESS = "progress"
    PAUSED = "paused"
    PRINTED = "printed"  # steady and consistent with history
    FAILED = "failed"  # the printer says so
    CANCELLED = "cancelled"
    NEEDS_HUMAN = "needs_human"  # cannot be known by a machine
    RELEASED = "released"  # given back before a permit
    OBEYED = "obeyed"  # a command of staff was carried out
    DISOBEYED = "disobeyed"  # or could not be; the detail says why


class Report(Message):
    """One numbered event; hearing it twice changes nothing."""

    ref: AttemptRef
    event_seq: int = Field(ge=1)
    kind: ReportKind
    progress: float | None = Field(default=None, ge=0, le=1)
    remaining_seconds: float | None = Field(default=None, ge=0)
    printed_seconds: float | None = Field(default=None, ge=0)
    detail: Said | None = Field(default=None, max_length=500)
    command_id: Identifier | None = Field(default=None, description="of what was (dis)obeyed")


class Reports(Message):
    """A batch, in ``event_seq`` order."""

    agent_generation: int = Field(ge=1)
    reports: tuple[Report, ...] = Field(min_length=1, max_length=200)


class ReportResult(Answer):
    """The server's word on one report; ``stale`` means: stop caring about that attempt."""

    event_seq: int
    outcome: Literal["accepted", "repeated", "stale"]


class ReportsAnswer(Answer):
    """One result a report."""

    results: tuple[ReportResult, ...]


class PrintersUpdate(Message):
    """Live state of all printers, sent on change and every ``PRINTERS_SECONDS``."""

    agent_generation: int = Field(ge=1)
    printers: tuple[PrinterReport, ...]


class PrintersAnswer(Tidings):
    """Beds that staff cleared, what is loaded, and what they ask for."""


class Refusal(Answer):
    """Every error body of the agent API."""

    code: str
    message: str
    place: str | None = None
