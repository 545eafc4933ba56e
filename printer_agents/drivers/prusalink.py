"""Prusa printers: PrusaLink, inside the printer (MK4, MINI, XL) or on a Raspberry Pi (MK3)."""

import hashlib
import threading
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import httpx

from printer_agents.client import sha256_of
from printer_agents.config import PrusaLinkSection
from printer_agents.drivers.base import (
    Capabilities,
    Driver,
    JobSeen,
    PrinterState,
    RemoteFile,
)
from printer_agents.drivers.prusalink_job import JobMemory, Telling, source_of
from printer_agents.drivers.prusalink_web import FileStream, Web
from printer_agents.errors import (
    PrinterBusy,
    PrinterOffline,
    PrinterRefused,
    StartUnanswered,
    UploadCorrupt,
)
from printer_agents.protocol import PrinterCondition

# A Raspberry Pi's PrusaLink sees a new file only after a moment; the printer's own at once.
FILE_SEEN_SECONDS = 15.0
GONE_SECONDS = 3.0
# After an end it answers 409 to a start for about 11 s (measured: PrusaLink 0.8.1).
END_SECONDS = 20.0
LOOK_AGAIN_SECONDS = 0.5
# A start that was accepted shows in the answers at once, or after the printer's own questions.
START_SEEN_SECONDS = 10.0
START_LOOK_SECONDS = 0.25
SESSION_SECONDS = 15.0
MOST_CAMERA_BYTES = 900_000
JPEG = b"\xff\xd8"
OFF = "?0"  # a boolean header, RFC 8941
ON = "?1"


class PrusaLink(Driver):
    """One printer behind PrusaLink's own API (v1). It only answers; nothing is pushed.

    The host keeps no history: a job is gone from its answers at its end. What this object saw
    of the last job is all that is remembered, and a restart of the agent forgets it.
    """

    def __init__(
        self,
        section: PrusaLinkSection,
        transport: httpx.BaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._options = section.options
        self._web = Web(section.options, transport)
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.RLock()
        self._memory = JobMemory()
        self._storage: str | None = None
        self._session: str | None = None
        self._session_at = 0.0

    def probe(self) -> Capabilities:
        """Say what is there."""
        version = self._web.json("GET", "/api/version")
        self._find_storage()
        words = str(version.get("text") or "PrusaLink")
        number = str(version.get("server") or "")
        if number and number not in words:
            words = f"{words} {number}"
        if version.get("firmware"):
            words = f"{words}, firmware {version['firmware']}"
        has_camera = bool(self._web.json("GET", "/api/v1/status").get("camera"))
        return Capabilities(host=words, can_pause=True, remembers_jobs=False, has_camera=has_camera)

    def snapshot(self) -> PrinterState:
        """Say what the printer does now. Starts are not counted: the host does not tell."""
        told = self._look()
        return PrinterState(
            told.condition,
            told.session,
            jobs_started=None,
            file_name=told.file_name,
            progress=told.progress,
            remaining_seconds=told.remaining_seconds,
            detail=told.detail,
            remaining_source=source_of(told.remaining_seconds),
        )

    def find(self, file_name: str) -> JobSeen | None:
        """Look a job up: running now, or the last one that this object saw ending."""
        self._look()
        return self._memory.seen(file_name)

    def upload(self, path: Path, sha256: str, name: str) -> RemoteFile:
        """Put a file on the printer without starting it; verify its size, and read it back."""
        if sha256_of(path) != sha256:
            raise UploadCorrupt(f"{path.name} on this machine is not the file that was promised.")
        size = path.stat().st_size
        address = self._address(name)
        answer = self._web.request(
            "PUT",
            address,
            content=FileStream(path),
            headers={
                "Content-Length": str(size),
                "Content-Type": "text/x.gcode",
                "Overwrite": ON,
                "Print-After-Upload": OFF,
            },
            seconds=self._options.upload_seconds,
        )
        if answer.status_code != httpx.codes.CREATED:
            self._remove_broken(name)
            raise UploadCorrupt(f"{name} did not arrive at the printer: {_words(answer)}.")
        lies_there = self._wait_for_size(address, size, FILE_SEEN_SECONDS)
        if lies_there != size:
            self._remove_broken(name)
            raise UploadCorrupt(f"{name} arrived at the printer with {lies_there} of {size} bytes.")
        if self._options.read_back and not self._reads_back(address, sha256):
            self._remove_broken(name)
            raise UploadCorrupt(f"{name} arrived at the printer with another SHA-256.")
        return RemoteFile(name, sha256, size)

    def start(self, remote: RemoteFile) -> None:
        """Start a print. A 409 has started nothing; it is waited out after another print's end."""
        address = self._address(remote.name)
        told = self._look()
        if told.state in {"PRINTING", "PAUSED"} or told.file_name is not None:
            raise PrinterBusy(f"The printer is printing {told.file_name or 'something'}.")
        size = self._size(address)
        if size != remote.size_bytes:
            raise PrinterRefused(f"{remote.name} is not on the printer as it was uploaded.")
        until = self._clock() + END_SECONDS
        while True:
            answer = self._ask_start(address)
            if answer.is_success:
                self._wait_until_seen(remote.name)
                return
            words = _words(answer)
            if answer.status_code == httpx.codes.NOT_FOUND:
                raise PrinterRefused(f"{remote.name} is not on the printer: {words}.")
            if answer.status_code != httpx.codes.CONFLICT:
                raise PrinterRefused(f"The printer refuses the start: {words}.")
            told = self._look()
            if told.file_name is not None or told.state in {"PRINTING", "PAUSED"}:
                raise PrinterBusy(f"The printer is printing {told.file_name or 'something'}.")
            # It may be over since: a 409 with a printer at rest is asked again as well.
            if told.condition is not PrinterCondition.IDLE or self._clock() >= until:
                raise PrinterRefused(f"The printer cannot start now ({told.state}): {words}.")
            self._sleep(LOOK_AGAIN_SECONDS)

    def pause(self) -> None:
        """Pause the running print."""
        self._command("PUT", "/pause", "Nothing is printing that could be paused.")

    def resume(self) -> None:
        """Go on with a paused print."""
        self._command("PUT", "/resume", "Nothing is paused that could go on.")

    def cancel(self) -> None:
        """End the running print."""
        self._command("DELETE", "", "Nothing is printing.")

    def emergency_stop(self) -> None:
        """Stop the print: all that this API has. The head parks and the heaters go off.

        It knows no instant stop; that is the button at the printer.
        """
        self._command(
            "DELETE",
            "",
            "Nothing is printing, and PrusaLink can stop nothing else: use the button.",
        )

    def delete(self, name: str) -> None:
        """Remove a file from the printer; a missing one is fine."""
        address = self._address(name)
        answer = self._web.request("DELETE", address)
        # On a Raspberry Pi, a missing file is a server error (0.8.1), and listed a little longer.
        if answer.is_success or self._wait_for_size(address, None, GONE_SECONDS) is None:
            return
        raise PrinterRefused(f"The printer keeps {name}: {_words(answer)}.")

    def camera_jpeg(self) -> bytes | None:
        """Return the last picture of the default camera; None without one."""
        picture = self._web.small_body("/api/v1/cameras/snap", MOST_CAMERA_BYTES)
        return picture if picture is not None and picture.startswith(JPEG) else None

    def close(self) -> None:
        """Give the connections back."""
        self._web.close()

    def _look(self) -> Telling:
        """Ask for the state, and for the job when there is a new one; remember its end."""
        with self._lock:
            try:
                session = self._ask_session()
                status = self._web.json("GET", "/api/v1/status")
                job = status.get("job")
                details = None
                if isinstance(job, dict) and not self._memory.knows(job.get("id")):
                    details = self._web.json("GET", "/api/v1/job")
            except PrinterOffline:
                self._session_at = float("-inf")  # it may come back as another
                raise
            return self._memory.hear(session, status, details)

    def _ask_session(self) -> str:
        """Return what changes when PrusaLink restarts; the serial number where nothing does."""
        now = self._clock()
        if self._session is None or now - self._session_at > SESSION_SECONDS:
            instance = self._web.request("HEAD", "/").headers.get("Instance-ID")
            if instance is None:
                instance = str(self._web.json("GET", "/api/v1/info").get("serial") or "printer")
            self._session, self._session_at = instance, now
        return self._session

    def _address(self, name: str) -> str:
        return f"/api/v1/files{self._find_storage()}/{quote(Path(name).name)}"

    def _find_storage(self) -> str:
        """Return the path of the first storage that takes files, like ``/local`` or ``/usb``."""
        if self._storage is None:
            listed = self._web.json("GET", "/api/v1/storage").get("storage_list") or []
            free = [
                str(storage["path"])
                for storage in listed
                if storage.get("available") and not storage.get("read_only")
            ]
            if not free:
                raise PrinterRefused("The printer has no storage for files: plug a USB stick in.")
            self._storage = "/" + free[0].strip("/")
        return self._storage

    def _size(self, address: str) -> int | None:
        answer = self._web.request("GET", address, headers={"Accept": "application/json"})
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if not answer.is_success:
            raise PrinterRefused(f"The printer does not show its files: {_words(answer)}.")
        size = answer.json().get("size")
        return int(size) if size is not None else None

    def _wait_for_size(self, address: str, size: int | None, seconds: float) -> int | None:
        """Look until the file has that size (None: until it is gone), and return what it has."""
        until = self._clock() + seconds
        while True:
            found = self._size(address)
            if found == size or self._clock() >= until:
                return found
            self._sleep(LOOK_AGAIN_SECONDS)

    def _reads_back(self, address: str, sha256: str) -> bool:
        """Whether what lies there hashes as sent; a host that does not hand it out may be right."""
        refs = self._web.json("GET", address).get("refs") or {}
        if not refs.get("download"):
            return True
        digest = hashlib.sha256()
        handed_out = self._web.read(
            quote(str(refs["download"])), digest.update, self._options.upload_seconds
        )
        return not handed_out or digest.hexdigest() == sha256

    def _remove_broken(self, name: str) -> None:
        try:
            self.delete(name)
        except PrinterRefused:
            return  # it will be overwritten, or removed with the attempt

    def _ask_start(self, address: str) -> httpx.Response:
        answer = self._web.request("POST", address, connected_means_sent=True)
        if answer.is_server_error:
            # Its own time-out: the command may be on its way to the printer.
            raise StartUnanswered(f"The printer did not answer the start: {_words(answer)}.")
        return answer

    def _wait_until_seen(self, name: str) -> None:
        """Wait a moment for the print that was accepted: only what is seen is found again."""
        until = self._clock() + START_SEEN_SECONDS
        while self._clock() < until:
            try:
                if self._look().file_name == name:
                    return
            except PrinterOffline:
                return  # it was accepted; the next look tells
            self._sleep(START_LOOK_SECONDS)

    def _command(self, method: str, what: str, nothing: str) -> None:
        job = self._web.json("GET", "/api/v1/status").get("job")
        if not isinstance(job, dict) or job.get("id") is None:
            raise PrinterRefused(nothing)
        answer = self._web.request(method, f"/api/v1/job/{job['id']}{what}")
        if not answer.is_success:
            raise PrinterRefused(f"{nothing.rstrip('.')} ({_words(answer)}).")


def _words(answer: httpx.Response) -> str:
    """Return what the host says of a refusal, short and without its full stop."""
    try:
        told = answer.json()
        words = str(told.get("text") or told.get("title") or "")
    except (ValueError, AttributeError):
        words = answer.text.strip()
    if not words or words.startswith("<"):  # a page for people says nothing here
        words = f"HTTP {answer.status_code}"
    return words[:200].rstrip(". \n")
