"""A printer behind OctoPrint: HTTP, and its SockJS websocket beside it.

OctoPrint keeps for each file how its prints ended, but no count of starts, and a restart of it
leaves no trace of a print that ran. So only what was watched without a gap is a proof:
``session`` is the watch, and ``jobs_started`` counts the starts heard in it.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from printer_agents.config import OctoPrintSection
from printer_agents.drivers.base import (
    Capabilities,
    Driver,
    JobOutcome,
    JobSeen,
    PrinterState,
    RemainingSource,
    RemoteFile,
)
from printer_agents.drivers.digests import digests_of
from printer_agents.drivers.host_http import HostHttp, quoted, refusal
from printer_agents.drivers.octoprint_push import OctoPrintEars
from printer_agents.errors import DriverFault, PrinterBusy, PrinterRefused, UploadCorrupt
from printer_agents.protocol import PrinterCondition

# What OctoPrint calls its states, by how the text begins; the first that fits counts.
CONDITIONS = (
    ("operational", PrinterCondition.IDLE),
    ("starting", PrinterCondition.PREPARING),
    ("printing", PrinterCondition.PRINTING),
    ("pausing", PrinterCondition.PRINTING),
    ("paused", PrinterCondition.PAUSED),
    ("resuming", PrinterCondition.PAUSED),
    ("cancelling", PrinterCondition.CANCELLING),
    ("finishing", PrinterCondition.FINISHING),
    ("offline after error", PrinterCondition.ERROR),
    ("error", PrinterCondition.ERROR),
    ("offline", PrinterCondition.CONNECTING),
    ("opening", PrinterCondition.CONNECTING),
    ("detecting", PrinterCondition.CONNECTING),
    ("connecting", PrinterCondition.CONNECTING),
)
HOLDING = {
    PrinterCondition.PREPARING,
    PrinterCondition.PRINTING,
    PrinterCondition.PAUSED,
    PrinterCondition.CANCELLING,
    PrinterCondition.FINISHING,
}
FILES = "/api/files/local"
JOB = "/api/job"
NOTHING_RUNS = "Nothing is printing."


class OctoPrint(Driver):
    """One OctoPrint with its printer. ``api_key`` is a user's key, not the global one."""

    def __init__(
        self, section: OctoPrintSection, transport: httpx.BaseTransport | None = None
    ) -> None:
        key = section.options.api_key or ""
        self._http = HostHttp("OctoPrint", section.options, {"X-Api-Key": key}, transport)
        self._ears = OctoPrintEars(section.id, section.options.url, self._http)

    def probe(self) -> Capabilities:
        """Say what is there."""
        version = self._http.get("/api/version") or {}
        return Capabilities(
            host=str(version.get("text") or "OctoPrint"),
            can_pause=True,
            remembers_jobs=True,
            pushes=True,
            has_camera=bool(self._snapshot_url()),
        )

    def snapshot(self) -> PrinterState:
        """Say what the printer does now."""
        self._ears.begin()
        # The watch first: a gap after this shows in the next look.
        session, started = self._ears.watch()
        condition, job = self._now()
        holding = condition in HOLDING
        left, source = _left(job)
        return PrinterState(
            condition,
            session,
            started,
            file_name=_file_name(job) if holding else None,
            progress=_progress(job) if holding else None,
            remaining_seconds=left if holding else None,
            detail=job.get("error") or _words(condition),
            remaining_source=source if holding else None,
        )

    def find(self, file_name: str) -> JobSeen | None:
        """Look a job up: running, else by what OctoPrint remembers of its file."""
        condition, job = self._now()
        if condition in HOLDING and _file_name(job) == file_name:
            paused = condition is PrinterCondition.PAUSED
            left, source = _left(job)
            return JobSeen(
                JobOutcome.PAUSED if paused else JobOutcome.RUNNING,
                _progress(job) or 0.0,
                left,
                _number(job["progress"].get("printTime")),
                remaining_source=source,
            )
        file = self._http.get(f"{FILES}/{quoted(file_name)}")
        heard = self._ears.ended(file_name)
        last = ((file or {}).get("prints") or {}).get("last")
        if last is None:
            # A loss while it was paused is in no history; it was heard, or it is not known.
            return heard if heard and heard.outcome is not JobOutcome.COMPLETED else None
        if last.get("success"):
            return JobSeen(JobOutcome.COMPLETED, 1.0, 0.0, _number(last.get("printTime")))
        # History calls a cancel a failure too; which of the two it was is only heard.
        if heard is not None and heard.outcome is not JobOutcome.COMPLETED:
            return heard
        return JobSeen(JobOutcome.FAILED, 0.0, detail="OctoPrint says that the print failed.")

    def upload(self, path: Path, sha256: str, name: str) -> RemoteFile:
        """Send a file and compare the SHA-1 and size that OctoPrint reads off its disk."""
        wanted = digests_of(path)
        if wanted.sha256 != sha256:
            raise UploadCorrupt(f"{name} is not what was promised: its SHA-256 differs.")
        # What an older file of the name has been through must not be taken for this one's.
        self.delete(name)
        with path.open("rb") as file:
            answer = self._http.upload(
                FILES, files={"file": (name, file, "application/octet-stream")}
            )
        if answer.is_error:
            raise PrinterRefused(f"OctoPrint does not take {name}: {refusal(answer)}")
        kept = self._http.json(answer).get("files", {}).get("local", {}).get("path", name)
        there = self._http.get(f"{FILES}/{quoted(kept)}") or {}
        if (kept, there.get("hash"), there.get("size")) != (name, wanted.sha1, wanted.size_bytes):
            self.delete(kept)
            raise UploadCorrupt(f"{name} arrived at OctoPrint damaged, and was removed.")
        return RemoteFile(name, sha256, wanted.size_bytes)

    def start(self, remote: RemoteFile) -> None:
        """Select and print, in one request, if the printer is idle and the file there."""
        condition, job = self._now()
        if condition in HOLDING:
            raise PrinterBusy(f"The printer is {condition} {_file_name(job) or 'something'}.")
        if condition is not PrinterCondition.IDLE:
            raise PrinterRefused(f"The printer is not ready: {job['state']}.")
        there = self._http.get(f"{FILES}/{quoted(remote.name)}")
        if there is None or (remote.size_bytes and there.get("size") != remote.size_bytes):
            raise PrinterRefused(f"{remote.name} is not on the printer as it was uploaded.")
        answer = self._http.order_once(
            f"{FILES}/{quoted(remote.name)}", json={"command": "select", "print": True}
        )
        if answer.status_code == httpx.codes.CONFLICT:
            raise PrinterBusy(f"The printer is busy: {refusal(answer)}")
        if answer.is_error:
            raise PrinterRefused(f"OctoPrint does not start {remote.name}: {refusal(answer)}")

    def pause(self) -> None:
        """Pause the running print."""
        self._require(PrinterCondition.PRINTING, "Nothing is printing that could be paused.")
        self._order(JOB, {"command": "pause", "action": "pause"})

    def resume(self) -> None:
        """Go on with a paused print."""
        self._require(PrinterCondition.PAUSED, "Nothing is paused that could go on.")
        self._order(JOB, {"command": "pause", "action": "resume"})

    def cancel(self) -> None:
        """End the running print."""
        self._order(JOB, {"command": "cancel"}, NOTHING_RUNS)

    def emergency_stop(self) -> None:
        """Send M112, which OctoPrint lets pass everything that waits."""
        self._order("/api/printer/command", {"command": "M112"}, "No printer is connected.")

    def delete(self, name: str) -> None:
        """Remove a file; OctoPrint forgets with it how its prints ended."""
        answer = self._http.ask("DELETE", f"{FILES}/{quoted(name)}")
        if answer.status_code == httpx.codes.CONFLICT:
            raise PrinterBusy(f"OctoPrint still uses {name}.")
        if answer.is_error and answer.status_code != httpx.codes.NOT_FOUND:
            raise PrinterRefused(f"OctoPrint does not remove {name}: {refusal(answer)}")

    def listen(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` at every event of a print or its connection."""
        self._ears.wake_by(wake)

    def camera_jpeg(self) -> bytes | None:
        """Return the default webcam's snapshot."""
        address = self._snapshot_url()
        return self._http.picture(address) if address else None

    def close(self) -> None:
        """End the push connection and the others."""
        self._ears.close()
        self._http.close()

    def _now(self) -> tuple[PrinterCondition, dict[str, Any]]:
        job = self._http.get(JOB)
        if not isinstance(job, dict) or "state" not in job:
            raise DriverFault("OctoPrint's word about its job is not understood.")
        job.setdefault("progress", {})
        return condition_of(str(job["state"])), job

    def _require(self, condition: PrinterCondition, words: str) -> None:
        # OctoPrint answers 204 to a pause of a paused print too.
        if self._now()[0] is not condition:
            raise PrinterRefused(words)

    def _order(self, path: str, order: dict[str, Any], conflict: str | None = None) -> None:
        answer = self._http.ask("POST", path, json=order)
        if answer.status_code == httpx.codes.CONFLICT and conflict:
            raise PrinterRefused(conflict)
        if answer.is_error:
            raise PrinterRefused(f"OctoPrint says no: {refusal(answer)}")

    def _snapshot_url(self) -> str | None:
        webcam = (self._http.get("/api/settings") or {}).get("webcam") or {}
        return webcam.get("snapshotUrl") or None


def condition_of(text: str) -> PrinterCondition:
    """Return what OctoPrint's own word for a state means."""
    lower = text.lower()
    for start, condition in CONDITIONS:
        if lower.startswith(start):
            return condition
    return PrinterCondition.UNKNOWN


def _words(condition: PrinterCondition) -> str | None:
    if condition is PrinterCondition.CONNECTING:
        return "OctoPrint is not connected to the printer; connect it there."
    return None


def _file_name(job: dict[str, Any]) -> str | None:
    file = (job.get("job") or {}).get("file") or {}
    path = file.get("path") or file.get("name")
    return str(path) if path else None


def _progress(job: dict[str, Any]) -> float | None:
    completion = _number(job["progress"].get("completion"))
    return None if completion is None else min(max(completion / 100, 0.0), 1.0)


def _left(job: dict[str, Any]) -> tuple[float | None, RemainingSource | None]:
    left = _number(job["progress"].get("printTimeLeft"))
    return (None, None) if left is None else (max(left, 0.0), RemainingSource.HOST)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
