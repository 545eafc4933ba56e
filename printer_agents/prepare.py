"""Before the permit: fetch, verify, upload. Everything here may be lost without harm."""

from pathlib import Path
from typing import TYPE_CHECKING

from printer_agents.client import verify
from printer_agents.drivers.base import PrinterState
from printer_agents.errors import (
    DownloadCorrupt,
    Refused,
    Rejected,
    Stale,
    Unreachable,
    UploadCorrupt,
)
from printer_agents.protocol import PrinterCondition, ReportKind
from printer_agents.records import Attempt, AttemptState, Event

if TYPE_CHECKING:  # a station imports its steps
    from printer_agents.station import Station, Surroundings

CORRUPT_TRIES = 3


def fetch(station: "Station", attempt: Attempt) -> None:
    """Download the G-code, going on where it stopped, and verify size and SHA-256."""
    if not _may_go_on(station, attempt) or not station.backoff.ready:
        return
    work, crash = attempt.work, station.around.crash
    if work is None:
        station.give_back(attempt, "the work order is not in the journal.")
        return
    path = station.gcode_path(attempt.ref)
    try:
        make_room(station.around, work.gcode_bytes, path)
        crash("download.before")
        station.around.client.download(work.gcode_path, work.gcode_bytes, path)
        crash("download.after")
        crash("verify.before")
        verify(path, work.gcode_bytes, attempt.ref.gcode_sha256)
        station.journal.move(attempt, AttemptState.DOWNLOADED)
        crash("verify.after")
    except (Unreachable, Refused) as fault:
        station.backoff.failed()
        station.note(attempt, str(fault))
    except Stale:
        _stale(station, attempt)
    except Rejected as fault:
        station.give_back(attempt, f"the server does not hand out the G-code: {fault}")
    except DownloadCorrupt as fault:
        _corrupt(station, attempt, str(fault))
    except OSError as fault:
        station.give_back(attempt, f"the agent's disk: {fault.strerror or fault}.")
    else:
        station.backoff.worked()
        station.timers.corrupt = 0


def make_room(around: "Surroundings", size_bytes: int, target: Path) -> None:
    """Keep the folder of G-code within its bound: what no attempt needs goes, the oldest first."""
    folder = target.parent
    if not folder.is_dir():
        return
    needed = {attempt.ref.file_name for attempt in around.journal.all_alive()}
    files = sorted(
        (path for path in folder.iterdir() if path.is_file()),
        key=lambda path: path.stat().st_mtime,
    )
    total = sum(path.stat().st_size for path in files)
    for path in files:
        if total + size_bytes <= around.intervals.gcode_most_bytes:
            return
        if path.name not in needed:
            total -= path.stat().st_size
            path.unlink(missing_ok=True)


def upload(station: "Station", attempt: Attempt, state: PrinterState | None) -> None:
    """Put the file on the printer without starting it; the driver verifies it there."""
    if not _may_go_on(station, attempt) or not station.backoff.ready:
        return
    busy = state is None or state.condition is not PrinterCondition.IDLE
    if station.waited(while_true=busy) > station.around.intervals.patience_seconds:
        station.give_back(attempt, "the printer was away or busy for too long.")
    if busy:
        return
    path = station.gcode_path(attempt.ref)
    if not path.exists():
        station.journal.move(attempt, AttemptState.CLAIMED)
        return
    try:
        station.driver.upload(path, attempt.ref.gcode_sha256, attempt.ref.file_name)
    except UploadCorrupt as fault:
        path.unlink(missing_ok=True)
        _corrupt(station, attempt, str(fault))
        return
    station.journal.move(attempt, AttemptState.UPLOADED)
    station.backoff.worked()


def _may_go_on(station: "Station", attempt: Attempt) -> bool:
    """Whether the attempt is still wanted; after a restart, only once the server has said so."""
    if attempt.ref in station.cancelled:
        event = Event(ReportKind.CANCELLED, "Cancelled before the start.", progress=0.0)
        station.end(attempt, event)
        return False
    if attempt.ref in station.stale:
        _stale(station, attempt)
        return False
    return station.around.greeted.is_set()


def _stale(station: "Station", attempt: Attempt) -> None:
    """A newer epoch exists. Once a permit was asked for, only the permit's answer decides."""
    station.stale.discard(attempt.ref)
    if not attempt.permit_asked:
        station.end(attempt, None)


def _corrupt(station: "Station", attempt: Attempt, words: str) -> None:
    station.timers.corrupt += 1
    station.backoff.failed()
    station.note(attempt, words)
    if station.timers.corrupt >= CORRUPT_TRIES:
        station.give_back(attempt, f"{CORRUPT_TRIES} times in a row: {words}")
    elif attempt.state is not AttemptState.CLAIMED:
        station.journal.move(attempt, AttemptState.CLAIMED)
