"""A printer behind Moonraker, with Klipper or Kalico: HTTP, and a websocket beside it.

Moonraker's history survives everything, but a start shows in it a moment late: if Moonraker and
Klipper both die in that moment, nothing tells of it. So ``session`` is the watch: it changes when
a connection breaks or Klipper forgets.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from printer_agents.config import MoonrakerSection
from printer_agents.drivers.base import (
    Capabilities,
    Driver,
    JobOutcome,
    JobSeen,
    PrinterState,
    RemoteFile,
)
from printer_agents.drivers.digests import digests_of
from printer_agents.drivers.host_http import HostHttp, quoted, refusal, sentence
from printer_agents.drivers.moonraker_push import MoonrakerEars
from printer_agents.drivers.moonraker_state import (
    ENDS,
    READY,
    STOPPED,
    Status,
    ended,
    running,
    state_of,
    status_of,
)
from printer_agents.errors import (
    DriverFault,
    PrinterBusy,
    PrinterRefused,
    StartUnanswered,
    UploadCorrupt,
)

OBJECTS = "webhooks&print_stats&virtual_sdcard&display_status&idle_timeout"
# Newest first; an agent's job is among the last few.
HISTORY_JOBS = 25
# A pause or a cancel is answered when its macro has run.
MACRO_SECONDS = 60.0
NOT_CONNECTED = 503


class Moonraker(Driver):
    """One Moonraker with its printer."""

    def __init__(
        self, section: MoonrakerSection, transport: httpx.BaseTransport | None = None
    ) -> None:
        options = section.options
        headers = {"X-Api-Key": options.api_key} if options.api_key else {}
        self._http = HostHttp(
            "Moonraker",
            options,
            headers,
            transport,
            # 403 is Moonraker's word for a file in use.
            key_refused=frozenset({401}),
        )
        self._ears = MoonrakerEars(section.id, options.url, options.api_key)
        self._estimates: dict[str, float] = {}
        # Said to be complete by a Klipper that then turned out to have stopped.
        self._doubted: set[str] = set()

    def probe(self) -> Capabilities:
        """Say what is there."""
        info = self._result("/server/info")
        return Capabilities(
            host=f"Moonraker {info.get('moonraker_version', '')}".strip(),
            can_pause=True,
            remembers_jobs="history" in info.get("components", []),
            pushes=True,
            has_camera=bool(self._snapshot_url()),
        )

    def snapshot(self) -> PrinterState:
        """Say what the printer does now."""
        self._ears.begin()
        # The watch first: a gap after this shows in the next look.
        session = self._ears.watch
        status = self._status()
        newest = self._history(1)
        started = None if newest is None else int(newest[0]["job_id"], 16) if newest else 0
        return state_of(status, session, started, self._estimate(status))

    def find(self, file_name: str) -> JobSeen | None:
        """Look a job up: in hand, else by the history, the newest first."""
        status = self._status()
        if status.holding and status.file_name == file_name:
            return running(status, self._estimate(status))
        jobs = self._history(HISTORY_JOBS) or []
        job = next((job for job in jobs if job["filename"] == file_name), None)
        seen = ended(job, status, file_name)
        if status.klippy in STOPPED and status.file_name == file_name:
            self._doubted.add(file_name)
        if seen and seen.outcome is JobOutcome.COMPLETED and file_name in self._doubted:
            words = f"Called complete, but {ENDS['klippy_shutdown']}"
            return JobSeen(JobOutcome.FAILED, seen.progress, 0.0, seen.printed_seconds, words)
        return seen

    def upload(self, path: Path, sha256: str, name: str) -> RemoteFile:
        """Send a file with its SHA-256, which Moonraker compares before it takes the file."""
        wanted = digests_of(path)
        if wanted.sha256 != sha256:
            raise UploadCorrupt(f"{name} is not what was promised: its SHA-256 differs.")
        with path.open("rb") as file:
            answer = self._http.upload(
                "/server/files/upload",
                data={"root": "gcodes", "checksum": sha256},
                files={"file": (name, file, "application/octet-stream")},
            )
        if answer.status_code == httpx.codes.UNPROCESSABLE_ENTITY:
            self.delete(name)
            raise UploadCorrupt(f"{name} arrived at Moonraker damaged, and was removed.")
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise PrinterBusy(f"Moonraker still uses {name}.")
        if answer.is_error:
            raise PrinterRefused(f"Moonraker does not take {name}: {refusal(answer)}")
        if self._size(name) != wanted.size_bytes:
            self.delete(name)
            raise UploadCorrupt(f"{name} arrived at Moonraker short, and was removed.")
        self._doubted.discard(name)
        return RemoteFile(name, sha256, wanted.size_bytes)

    def start(self, remote: RemoteFile) -> None:
        """Print a file, if Klipper is ready and idle and the file there."""
        status = self._status()
        if status.holding:
            raise PrinterBusy(f"The printer is {status.print_state} {status.file_name}.")
        if status.klippy != READY:
            raise PrinterRefused(
                f"Klipper is not ready: {sentence(status.message or status.klippy)}"
            )
        size = self._size(remote.name)
        if size is None or (remote.size_bytes and size != remote.size_bytes):
            raise PrinterRefused(f"{remote.name} is not on the printer as it was uploaded.")
        answer = self._http.order_once("/printer/print/start", json={"filename": remote.name})
        if answer.is_error:
            words = refusal(answer)
            if "busy" in words.lower():
                raise PrinterBusy(f"The printer is busy: {words}")
            if self._status().file_name == remote.name:
                # A start macro that failed halfway is an error, but began the print.
                raise StartUnanswered(f"The start of {remote.name} went wrong: {words}")
            raise PrinterRefused(f"Klipper does not start {remote.name}: {words}")

    def pause(self) -> None:
        """Pause the running print."""
        self._require("printing", "Nothing is printing that could be paused.")
        self._order("/printer/print/pause")

    def resume(self) -> None:
        """Go on with a paused print."""
        self._require("paused", "Nothing is paused that could go on.")
        self._order("/printer/print/resume")

    def cancel(self) -> None:
        """End the running print."""
        if not self._status().holding:
            raise PrinterRefused("Nothing is printing.")
        self._order("/printer/print/cancel")

    def emergency_stop(self) -> None:
        """Shut Klipper down at once; a person restarts its firmware."""
        self._order("/printer/emergency_stop")

    def delete(self, name: str) -> None:
        """Remove a file; the history of its prints stays."""
        answer = self._http.ask("DELETE", f"/server/files/gcodes/{quoted(name)}")
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise PrinterBusy(f"Moonraker still uses {name}.")
        # Its word for a missing file is a plain 400.
        if answer.is_error and self._size(name) is not None:
            raise PrinterRefused(f"Moonraker does not remove {name}: {refusal(answer)}")

    def listen(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` when a print or Klipper changes its state."""
        self._ears.wake_by(wake)

    def camera_jpeg(self) -> bytes | None:
        """Return the first webcam's snapshot."""
        address = self._snapshot_url()
        return self._http.picture(address) if address else None

    def close(self) -> None:
        """End the push connection and the others."""
        self._ears.close()
        self._http.close()

    def _status(self) -> Status:
        info = self._result("/server/info")
        klippy = str(info.get("klippy_state", "disconnected"))
        if not info.get("klippy_connected", False):
            return Status("disconnected", "Moonraker is not connected to Klipper.")
        answer = self._http.ask("GET", f"/printer/objects/query?{OBJECTS}", accept={NOT_CONNECTED})
        if answer.is_error:
            return Status(klippy if klippy != READY else "startup", refusal(answer))
        objects = self._http.json(answer).get("result", {}).get("status", {})
        return status_of(klippy, "", objects)

    def _history(self, jobs: int) -> list[dict[str, Any]] | None:
        """The newest jobs first; None where Moonraker keeps no history."""
        answer = self._http.get("/server/history/list", limit=jobs, order="desc")
        return None if answer is None else list(answer["result"]["jobs"])

    def _estimate(self, status: Status) -> float | None:
        """The slicer's estimate for the file in hand, in seconds."""
        name = status.file_name
        if not status.holding or name is None:
            return None
        if name not in self._estimates:
            data = self._http.get("/server/files/metadata", filename=name) or {}
            seconds = data.get("result", {}).get("estimated_time")
            self._estimates = {name: float(seconds or 0.0)}
        return self._estimates[name] or None

    def _size(self, name: str) -> int | None:
        """What a file on the host measures in bytes; None when it is not there."""
        answer = self._http.ask("HEAD", f"/server/files/gcodes/{quoted(name)}")
        if answer.is_error:
            return None
        return int(answer.headers.get("Content-Length", "-1"))

    def _require(self, print_state: str, words: str) -> None:
        status = self._status()
        if not status.holding or status.print_state != print_state:
            raise PrinterRefused(words)

    def _order(self, path: str) -> None:
        answer = self._http.ask("POST", path, timeout=MACRO_SECONDS, accept={NOT_CONNECTED})
        if answer.is_error:
            raise PrinterRefused(f"Klipper says no: {refusal(answer)}")

    def _result(self, path: str) -> dict[str, Any]:
        answer = self._http.get(path)
        if not isinstance(answer, dict) or not isinstance(answer.get("result"), dict):
            raise DriverFault(f"What answers at {self._http.url} is not Moonraker.")
        return dict(answer["result"])

    def _snapshot_url(self) -> str | None:
        webcams = (self._http.get("/server/webcams/list") or {}).get("result", {}).get("webcams")
        for webcam in webcams or []:
            if webcam.get("enabled", True) and webcam.get("snapshot_url"):
                return str(webcam["snapshot_url"])
        return None
