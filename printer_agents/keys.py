"""The agent's Ed25519 key: made on the spot, readable by its user only, signs every request."""

import base64
import os
import secrets
import stat
from pathlib import Path

from nacl.signing import SigningKey

from printer_agents.errors import ConfigFault
from printer_agents.protocol import (
    HEADER_AGENT,
    HEADER_NONCE,
    HEADER_SIGNATURE,
    key_fingerprint,
    signed_text,
)

SEED_HEX_DIGITS = 64


class AgentKey:
    """A private key and the name under which the server knows its public half."""

    def __init__(self, agent_id: str, signing_key: SigningKey) -> None:
        self._agent_id = agent_id
        self._signing_key = signing_key
        self._counter = 0
        self.generation = 0
        self.baton: str | None = None

    @property
    def public_key(self) -> str:
        """The public key in standard base64, as the operator's page takes it."""
        return base64.b64encode(bytes(self._signing_key.verify_key)).decode()

    @property
    def fingerprint(self) -> str:
        """What two people compare."""
        return key_fingerprint(bytes(self._signing_key.verify_key))

    def headers(self, method: str, raw_path: str, body: bytes) -> dict[str, str]:
        """Return the headers that prove a request; the nonce is new each time.

        The nonce is ``baton.generation-counter-random``: it needs no clock, and 96 random bits
        keep it unique even if two threads meet or the counter starts again.
        """
        self._counter += 1
        nonce = f"{self.generation}-{self._counter}-{secrets.token_hex(12)}"
        if self.baton is not None:
            nonce = f"{self.baton}.{nonce}"
        signature = self._signing_key.sign(signed_text(method, raw_path, body, nonce)).signature
        return {
            HEADER_AGENT: self._agent_id,
            HEADER_NONCE: nonce,
            HEADER_SIGNATURE: base64.b64encode(signature).decode(),
        }


def make_key(agent_id: str, path: Path) -> AgentKey:
    """Make a key file (mode 0600). An existing file is never overwritten.

    Raises:
        ConfigFault: the file exists or cannot be written.
    """
    signing_key = SigningKey.generate()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(bytes(signing_key).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
    except FileExistsError as fault:
        raise ConfigFault(f"{path}: a key is already there; it is not overwritten.") from fault
    except OSError as fault:
        raise ConfigFault(f"{path}: cannot be written: {fault.strerror or fault}.") from fault
    return AgentKey(agent_id, signing_key)


def load_key(agent_id: str, path: Path) -> AgentKey:
    """Read a key file.

    Raises:
        ConfigFault: it is missing, open to other users, or not a key.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii", errors="replace").strip()
    except FileNotFoundError as fault:
        raise ConfigFault(
            f"{path}: there is no key yet; 'parts3d-agent pair' makes one."
        ) from fault
    except OSError as fault:
        raise ConfigFault(f"{path}: cannot be read: {fault.strerror or fault}.") from fault
    if os.name == "posix" and stat.S_IMODE(mode) & 0o077:
        raise ConfigFault(f"{path}: other users may read this key; run 'chmod 600 {path}'.")
    try:
        seed = bytes.fromhex(text)
    except ValueError:
        seed = b""
    if len(text) != SEED_HEX_DIGITS or len(seed) * 2 != SEED_HEX_DIGITS:
        raise ConfigFault(f"{path}: is not an Ed25519 key (64 hexadecimal digits).")
    return AgentKey(agent_id, SigningKey(seed))
