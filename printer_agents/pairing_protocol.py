"""The messages of pairing, shared with the server. The device-code way of RFC 8628.

=================================  ====================================================
``POST /agent/v1/pairing``         I have this key and these printers: a code, please
``POST /agent/v1/pairing/poll``    has somebody typed the code and compared the key?
``POST /agent/v1/unpair``          refuse this key from now on (signed as all others are)
=================================  ====================================================

The first two are signed like every request of an agent, but with the key in their body: nobody
knows it yet. That proves that the one who asks holds the private half; whether it is the right
one is told by people, who compare the fingerprint. ``slow_down`` adds five seconds to the pause
between two polls, as the RFC says (section 3.5).
"""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field

from printer_agents.protocol import Identifier, Message, Said

# Consonants only, as RFC 8628 (6.1) advises: no word appears by chance, no sign is misread.
CODE_SIGNS = "BCDFGHJKLMNPQRSTVWXZ"
CODE_LENGTH = 8
POLL_SECONDS = 5
SLOWER_SECONDS = 5

Words = Annotated[Said, Field(max_length=80)]


class LocalPrinter(Message):
    """A printer as the agent's configuration names it."""

    id: Identifier
    driver: Identifier
    material: Annotated[Said, Field(max_length=64)]
    host: Annotated[Said, Field(max_length=120)] = ""


class PairingRequest(Message):
    """A key that wants to be known."""

    protocol: Literal[1] = 1
    public_key: str = Field(max_length=64, description="Ed25519, standard base64")
    computer: Words = Field(description="its name, so that staff recognise it")
    version: Annotated[Said, Field(max_length=32)]
    printers: tuple[LocalPrinter, ...] = Field(min_length=1, max_length=100)


class PairingStarted(Message):
    """What to show, and what to poll with."""

    device_code: str
    user_code: str = Field(description="what staff type, as WDJB-MJHT")
    where: str = Field(description="address of the page where it is typed")
    expires_in_seconds: int = Field(gt=0)
    interval_seconds: int = Field(gt=0)


class PairingPoll(Message):
    """Has it been approved?"""

    public_key: str = Field(max_length=64)
    device_code: str = Field(max_length=128)


class PairingState(StrEnum):
    """The words of RFC 8628, and the good end."""

    PENDING = "authorization_pending"
    SLOW_DOWN = "slow_down"
    DENIED = "access_denied"
    EXPIRED = "expired_token"
    PAIRED = "paired"


class PairedPrinter(Message):
    """Which of the network's printers a local one is."""

    local_id: Identifier
    id: Identifier
    name: str
    model: str


class PairingAnswer(Message):
    """The answer to a poll; the last four are given when it is paired."""

    state: PairingState
    interval_seconds: int = POLL_SECONDS
    agent_id: Identifier | None = None
    agent_name: str | None = None
    point: str | None = None
    printers: tuple[PairedPrinter, ...] = ()


class Unpair(Message):
    """Refuse my key from now on."""

    agent_id: Identifier


class UnpairAnswer(Message):
    """It is refused."""

    revoked: Literal[True] = True


def read_code(text: str) -> str | None:
    """Return a code as it is stored, however it was typed; None when it is none."""
    signs = "".join(sign for sign in text.upper() if sign.isalnum())
    if len(signs) != CODE_LENGTH or any(sign not in CODE_SIGNS for sign in signs):
        return None
    return signs


def show_code(code: str) -> str:
    """Return a stored code as people read it: two groups of four."""
    half = CODE_LENGTH // 2
    return f"{code[:half]}-{code[half:]}"
