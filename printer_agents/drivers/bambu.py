"""Bambu Lab printers on the local network, in LAN mode with developer mode switched on."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from printer_agents.client import sha256_of
from printer_agents.clock import Clock, steady_seconds
from printer_agents.config import BambuSection
from printer_agents.drivers import bambu_camera
from printer_agents.drivers.bambu_ftps import Disk
from printer_agents.drivers.bambu_mqtt import Channel, Report, Unanswered
from printer_agents.drivers.bambu_project import (
    PLATE,
    Project,
    project_of,
    unwrapped_sha256,
    wrap,
)
from printer_agents.drivers.bambu_state import (
    ALIVE,
    Endings,
    condition_of,
    error_words,
    name_of,
    progress_of,
    remaining_of,
    state_of,
)
from printer_agents.drivers.bambu_tls import Pin, pinned_context
from printer_agents.drivers.base import (
    Capabilities,
    Driver,
    JobSeen,
    PrinterState,
    RemainingSource,
    RemoteFile,
)
from printer_agents.errors import (
    PrinterBusy,
    PrinterOffline,
    PrinterRefused,
    StartUnanswered,
    UploadCorrupt,
)
from printer_agents.protocol import PrinterCondition

# "226 complete" with a short file is common on these printers: send it again so often.
UPLOAD_TRIES = 3
# From the printer's yes to a print that shows: it unpacks the file first.
START_SEEN_SECONDS = 30.0
HEATERS_OFF = "M104 S0\nM140 S0\n"
OUTER_SPOOL = [-1]


class BambuPrinter(Driver):
    """One printer. Its state is pushed; files go by FTPS; commands are answered by number.

    It keeps no history and counts no starts: the report names the last print, until the next
    one or a power cut. What is gone from there is not known, and said so.
    """

    def __init__(
        self,
        section: BambuSection,
        clock: Clock = steady_seconds,
        channel: Channel | None = None,
        disk: Disk | None = None,
    ) -> None:
        self._options = section.options
        pin = Pin(section.options.certificate_sha256)
        self._context = pinned_context(pin)
        self._channel = channel or Channel(section.options, pin, clock)
        self._disk = disk or Disk(section.options, self._context)
        self._endings = Endings()
        self._projects: dict[str, Project] = {}

    def probe(self) -> Capabilities:
        """Say what is there."""
        self._channel.report()
        answer = self._ask("info", "get_version")
        modules = {str(part.get("name")): part for part in answer.get("module") or []}
        main = modules.get("ota") or {}
        words = str(main.get("product_name") or "Bambu Lab printer")
        if main.get("sw_ver"):
            words = f"{words}, firmware {main['sw_ver']}"
        return Capabilities(
            host=words,
            can_pause=True,
            remembers_jobs=False,
            pushes=True,
            has_camera=self.camera_jpeg() is not None,
        )

    def snapshot(self) -> PrinterState:
        """Say what the printer does now. Nothing it tells proves a restart, or counts starts."""
        report = self._channel.report()
        alive = state_of(report) in ALIVE
        left = remaining_of(report)
        return PrinterState(
            condition_of(report),
            session=self._options.serial,
            jobs_started=None,
            file_name=name_of(report) if alive else None,
            progress=progress_of(report) if alive else None,
            remaining_seconds=left,
            detail=error_words(report),
            remaining_source=None if left is None else RemainingSource.PRINTER,
        )

    def find(self, file_name: str) -> JobSeen | None:
        """Look a job up: the one that runs, or the last one that the report still names."""
        return self._endings.seen(self._channel.report(), file_name)

    def upload(self, path: Path, sha256: str, name: str) -> RemoteFile:
        """Put G-code on the printer in the envelope that it starts; verified by size and hash."""
        if sha256_of(path) != sha256:
            raise UploadCorrupt(f"{path.name} on this machine is not the file that was promised.")
        remote = _envelope_name(name)
        with tempfile.TemporaryDirectory(prefix="parts3d-") as folder:
            envelope = Path(folder) / "envelope.3mf"
            project = wrap(path, envelope)
            for _ in range(UPLOAD_TRIES):
                found = self._disk.put(envelope, remote)
                if found == project.size_bytes:
                    break
                self._disk.delete(remote)
            else:
                raise UploadCorrupt(
                    f"{name} arrived at the printer with {found} of {project.size_bytes} bytes, "
                    f"{UPLOAD_TRIES} times in a row."
                )
            if self._options.read_back:
                self._read_back(remote, sha256, Path(folder) / "back.3mf")
        self._projects = {name: project}
        return RemoteFile(name, sha256, path.stat().st_size)

    def start(self, remote: RemoteFile) -> None:
        """Start a print, once; its yes is believed when the print shows."""
        report = self._channel.report()
        if state_of(report) in ALIVE:
            raise PrinterBusy(f"The printer is printing {name_of(report) or 'something'}.")
        if condition_of(report) is not PrinterCondition.IDLE:
            raise PrinterRefused(f"The printer waits for a person: {error_words(report)}.")
        project = self._project(remote)
        file = _envelope_name(remote.name)
        try:
            answer = self._channel.ask(
                "print",
                "project_file",
                param=PLATE,
                project_id="0",
                profile_id="0",
                task_id="0",
                subtask_id="0",
                subtask_name=remote.name,
                file=file,
                url=f"ftp:///{file}",
                md5=project.md5,
                bed_type="auto",
                bed_leveling=True,
                bed_levelling=True,
                flow_cali=False,
                vibration_cali=False,
                layer_inspect=False,
                timelapse=False,
                **self._spool(),
            )
        except Unanswered as fault:
            raise StartUnanswered("The printer did not answer the start.") from fault
        _refuse_unless_done(answer, "The printer refuses the start")
        self._wait_until_it_shows(remote.name)

    def pause(self) -> None:
        """Pause the running print."""
        self._change("pause", {"RUNNING", "PREPARE"}, "Nothing is printing that could be paused.")

    def resume(self) -> None:
        """Go on with a paused print."""
        self._change("resume", {"PAUSE"}, "Nothing is paused that could go on.")

    def cancel(self) -> None:
        """End the running print."""
        self._change("stop", ALIVE, "Nothing is printing.")

    def emergency_stop(self) -> None:
        """End the print and switch the heaters off: all that the network has. No instant stop."""
        if state_of(self._channel.report()) in ALIVE:
            _refuse_unless_done(self._ask("print", "stop", param=""), "The printer goes on")
        _refuse_unless_done(
            self._ask("print", "gcode_line", param=HEATERS_OFF), "The heaters stay on"
        )

    def delete(self, name: str) -> None:
        """Remove a file from the printer; a missing one is fine."""
        self._disk.delete(_envelope_name(name))
        self._projects.pop(name, None)

    def listen(self, wake: Callable[[], None]) -> None:
        """Call ``wake`` when the printer's state changes."""
        self._channel.listen(wake)

    def camera_jpeg(self) -> bytes | None:
        """Return one picture of a P1's or A1's camera; None on other models."""
        return bambu_camera.picture(self._options, self._context)

    def close(self) -> None:
        """Hang up."""
        self._channel.close()

    def _ask(self, kind: str, command: str, **fields: object) -> Report:
        try:
            return self._channel.ask(kind, command, **fields)
        except Unanswered as fault:
            raise PrinterOffline(f"The printer did not answer {command!r}.") from fault

    def _change(self, command: str, wanted: set[str], nothing: str) -> None:
        if state_of(self._channel.report()) not in wanted:
            raise PrinterRefused(nothing)
        _refuse_unless_done(self._ask("print", command, param=""), nothing)

    def _wait_until_it_shows(self, name: str) -> None:
        """Wait for the print that was accepted: it may still turn out not to be readable."""

        def ours(report: Report) -> bool:
            return name_of(report) == name and state_of(report) != "IDLE"

        self._channel.wait_for(ours, START_SEEN_SECONDS)

    def _spool(self) -> dict[str, Any]:
        tray = self._options.ams_tray
        if tray is None:
            return {"use_ams": False, "ams_mapping": OUTER_SPOOL}
        return {"use_ams": True, "ams_mapping": [tray]}

    def _read_back(self, remote: str, sha256: str, target: Path) -> None:
        """Fetch an envelope back and compare; a printer that hands nothing out may be right."""
        if self._disk.fetch(remote, target) and unwrapped_sha256(target) != sha256:
            self._disk.delete(remote)
            raise UploadCorrupt(f"{remote} arrived at the printer with another SHA-256.")

    def _project(self, remote: RemoteFile) -> Project:
        """Return size and MD5 of what lies there, fetched back when they are not known."""
        name = _envelope_name(remote.name)
        known, size = self._projects.get(remote.name), self._disk.size(name)
        if size is not None and known is not None and known.size_bytes == size:
            return known
        if size is not None and known is None:
            with tempfile.TemporaryDirectory(prefix="parts3d-") as folder:
                back = Path(folder) / "back.3mf"
                if self._disk.fetch(name, back) and unwrapped_sha256(back) == remote.sha256:
                    self._projects = {remote.name: project_of(back)}
                    return self._projects[remote.name]
        raise PrinterRefused(f"{remote.name} is not on the printer as it was uploaded.")


def _envelope_name(name: str) -> str:
    return f"{Path(name).name}.3mf"


def _refuse_unless_done(answer: Report, words: str) -> None:
    if str(answer.get("result") or "success").lower() in {"success", "ok"}:
        return
    reason = str(answer.get("reason") or "it does not say why")
    if "verify failed" in reason:
        reason = "it takes no orders from the network: switch on its developer mode"
    raise PrinterRefused(f"{words.rstrip('.')}: {reason}.")
