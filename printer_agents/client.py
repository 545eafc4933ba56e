"""The agent's side of the wire: one method a message, refusals as typed errors, no retries."""

import hashlib
import time
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from printer_agents.config import AgentConfig
from printer_agents.errors import (
    DownloadCorrupt,
    Refused,
    Rejected,
    ServerFault,
    Stale,
    Unreachable,
)
from printer_agents.keys import AgentKey
from printer_agents.protocol import (
    AttemptRef,
    Claim,
    ClaimAnswer,
    Hello,
    HelloAnswer,
    PermitAnswer,
    PermitRequest,
    PrintersAnswer,
    PrintersUpdate,
    Refusal,
    Renew,
    RenewAnswer,
    Reports,
    ReportsAnswer,
)

Answer = TypeVar("Answer", bound=BaseModel)
CHUNK_BYTES = 64 * 1024
# A long poll is answered late on purpose; the network gets this much more.
LONG_POLL_GRACE_SECONDS = 10.0
RETRY_LATER = {408, 425, 429}


@dataclass(slots=True)
class Contact:
    """How it stands with the server, for the status page. ``answered_at`` is monotonic."""

    answered_at: float | None = None
    fault: str | None = None
    refused: bool = False


class ServerClient:
    """Speaks to the server. Safe to use from several threads.

    Every method raises ``Unreachable`` (no usable answer: nothing is known), ``Stale``,
    ``Refused`` or ``Rejected``.
    """

    def __init__(
        self, config: AgentConfig, key: AgentKey, transport: httpx.BaseTransport | None = None
    ) -> None:
        self._key = key
        self.contact = Contact()
        self._seconds = config.intervals.request_seconds
        self._http = httpx.Client(
            base_url=config.server_url,
            timeout=self._seconds,
            transport=transport,
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=4),
            headers={"Accept": "application/json"},
        )

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def hello(self, message: Hello) -> HelloAnswer:
        """Say who we are; learn what the server believes we hold."""
        return self._post("hello", message, HelloAnswer)

    def claim(self, message: Claim) -> ClaimAnswer:
        """Ask for work; waits at the server up to ``wait_seconds``."""
        seconds = message.wait_seconds + LONG_POLL_GRACE_SECONDS
        return self._post("claim", message, ClaimAnswer, seconds=max(seconds, self._seconds))

    def renew(self, ref: AttemptRef) -> RenewAnswer:
        """Keep a lease."""
        return self._post("renew", Renew(ref=ref), RenewAnswer)

    def permit(self, ref: AttemptRef) -> PermitAnswer:
        """Ask whether this attempt may start."""
        return self._post("permit", PermitRequest(ref=ref), PermitAnswer)

    def reports(self, message: Reports) -> ReportsAnswer:
        """Deliver a batch of numbered events."""
        return self._post("reports", message, ReportsAnswer)

    def printers(self, message: PrintersUpdate) -> PrintersAnswer:
        """Tell what the printers look like now."""
        return self._post("printers", message, PrintersAnswer)

    def picture(self, printer_id: str, jpeg: bytes) -> None:
        """Send what a printer's camera sees."""
        request = self._http.build_request(
            "POST",
            f"/agent/v1/pictures/{printer_id}",
            content=jpeg,
            headers={"Content-Type": "image/jpeg"},
        )
        self._sign(request, jpeg)
        try:
            response = self._http.send(request)
        except httpx.HTTPError as fault:
            raise Unreachable(f"The picture did not arrive ({type(fault).__name__}).") from fault
        if not response.is_success:
            _refuse(response)

    def download(self, gcode_path: str, size_bytes: int, target: Path) -> None:
        """Fetch a file into ``target``, going on where an earlier try stopped.

        Raises:
            DownloadCorrupt: the server sends more or less than promised; ``target`` is removed.
        """
        if not gcode_path.startswith("/") or gcode_path.startswith("//"):
            raise DownloadCorrupt("The download's path leads away from the server.")
        target.parent.mkdir(parents=True, exist_ok=True)
        have = target.stat().st_size if target.exists() else 0
        if have > size_bytes:
            target.unlink()
            have = 0
        if have == size_bytes:
            return
        # Identity: a byte range of a compressed stream would be another range of the file.
        headers = {"Accept-Encoding": "identity"}
        request = self._http.build_request("GET", gcode_path, headers=headers)
        if have:
            request.headers["Range"] = f"bytes={have}-"
        self._sign(request, b"")
        try:
            response = self._http.send(request, stream=True)
            try:
                have = self._receive(response, have, size_bytes, target)
            finally:
                response.close()
        except httpx.HTTPError as fault:
            raise Unreachable(f"The download broke off ({type(fault).__name__}).") from fault
        if have < size_bytes:
            # A proxy may end a stream early and politely; the next try goes on from here.
            raise Unreachable(f"The download ended at {have} of {size_bytes} bytes.")

    def _receive(self, response: httpx.Response, have: int, size_bytes: int, target: Path) -> int:
        if response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
            target.unlink(missing_ok=True)
            raise Unreachable("The server does not go on where the download stopped; from zero.")
        if response.status_code not in {httpx.codes.OK, httpx.codes.PARTIAL_CONTENT}:
            response.read()
            _refuse(response)
        partial = response.status_code == httpx.codes.PARTIAL_CONTENT
        if partial and not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            target.unlink(missing_ok=True)
            raise Unreachable("The server sent another range than asked; from zero.")
        if not partial:
            have = 0
        with target.open("ab" if partial else "wb") as file:
            for chunk in response.iter_bytes(CHUNK_BYTES):
                have += len(chunk)
                if have > size_bytes:
                    break
                file.write(chunk)
        if have > size_bytes:
            target.unlink(missing_ok=True)
            raise DownloadCorrupt(f"The G-code is longer than the {size_bytes} bytes promised.")
        return have

    def _sign(self, request: httpx.Request, body: bytes) -> None:
        path = request.url.raw_path.decode("ascii")
        request.headers.update(self._key.headers(request.method, path, body))

    def _post(
        self, verb: str, message: BaseModel, answer: type[Answer], *, seconds: float | None = None
    ) -> Answer:
        body = message.model_dump_json().encode()
        request = self._http.build_request(
            "POST",
            f"/agent/v1/{verb}",
            content=body,
            headers={"Content-Type": "application/json"},
            timeout=seconds or self._seconds,
        )
        self._sign(request, body)
        try:
            understood = self._understood(verb, request, answer)
        except (Unreachable, Refused) as fault:
            self.contact.fault, self.contact.refused = str(fault), isinstance(fault, Refused)
            raise
        except ServerFault:
            self._answered()  # a no is an answer
            raise
        self._answered()
        return understood

    def _understood(self, verb: str, request: httpx.Request, answer: type[Answer]) -> Answer:
        try:
            response = self._http.send(request)
        except httpx.HTTPError as fault:
            raise Unreachable(f"No answer to {verb} ({type(fault).__name__}).") from fault
        if response.status_code != httpx.codes.OK:
            _refuse(response)
        try:
            return answer.model_validate_json(response.content)
        except ValidationError as fault:
            # A captive portal answers 200 to everything.
            raise Unreachable(
                f"The answer to {verb} is not one of this service; is {request.url.host} right?"
            ) from fault

    def _answered(self) -> None:
        self.contact.answered_at, self.contact.fault = time.monotonic(), None
        self.contact.refused = False


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in lower-case hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def verify(path: Path, size_bytes: int, sha256: str) -> None:
    """Check a downloaded file; a wrong one is removed.

    Raises:
        DownloadCorrupt: size or hash differ.
    """
    if not path.exists():
        raise DownloadCorrupt("The downloaded G-code is gone from the disk.")
    if path.stat().st_size == size_bytes and sha256_of(path) == sha256:
        return
    path.unlink(missing_ok=True)
    raise DownloadCorrupt("The G-code that came is not the one promised (SHA-256 differs).")


def _refuse(response: httpx.Response) -> NoReturn:
    status = response.status_code
    try:
        refusal = Refusal.model_validate_json(response.content)
        code, words = refusal.code, refusal.message
    except ValidationError:
        code, words = "", f"Something answered {status}, but not in the words of this service."
    kind: type[ServerFault] = Rejected
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or status in RETRY_LATER:
        kind = Unreachable
    elif status in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
        kind = Refused
    elif not code:
        # A proxy or a portal speaks, or another program: that is no decision of the server.
        kind = Unreachable
    elif status == httpx.codes.CONFLICT and code == "stale_epoch":
        kind = Stale
    raise kind(words, code=code, status=status)
