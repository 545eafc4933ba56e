"""The printer in a fake host: files on its disk, one print at a time, and a count of starts.

The count is a log that is appended and synced at each start: it outlives a SIGKILL. A print
does not: the program is the printer, so a kill is a power cut.
"""

import json
import os
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from printer_agents.drivers.print_time import estimate

RUNNING, PAUSED = "running", "paused"
FINISHED, STOPPED, ERROR = "finished", "stopped", "error"


@dataclass
class Print:
    """One print, running or ended."""

    number: int  # of all starts there ever were, from 1
    name: str
    total_seconds: float
    preparing_seconds: float
    started_at: float
    state: str = RUNNING
    lost_seconds: float = 0.0
    stopped_at: float | None = None  # paused or ended

    def elapsed(self, now: float) -> float:
        until = now if self.stopped_at is None else self.stopped_at
        return min(max(until - self.started_at - self.lost_seconds, 0.0), self.total_seconds)

    @property
    def alive(self) -> bool:
        return self.state in {RUNNING, PAUSED}


class Busy(Exception):
    """Something is being printed."""


class Machine:
    """The printer itself."""

    def __init__(self, folder: Path) -> None:
        self.files = folder / "files"
        self.files.mkdir(parents=True, exist_ok=True)
        self._log = folder / "starts.log"
        self.lock = threading.RLock()
        self.print: Print | None = None
        self.broken = False  # a firmware error stays until a person has looked

    def look(self) -> Print | None:
        """Let time do its work, and return the last print of this power cycle."""
        with self.lock:
            job, now = self.print, time.monotonic()
            if job is not None and job.state == RUNNING and job.elapsed(now) >= job.total_seconds:
                self._end(FINISHED)
            return job

    def start(self, name: str, lines: list[str]) -> Print:
        """Start a print: one synced line of the log."""
        with self.lock:
            job = self.look()
            if self.broken or (job is not None and job.alive):
                raise Busy
            needed = estimate(lines)
            with self._log.open("a", encoding="utf-8") as log:
                log.write(json.dumps({"name": name}) + "\n")
                log.flush()
                os.fsync(log.fileno())
            self.print = Print(
                starts_in(self._log.parent),
                name,
                needed.total_seconds,
                needed.preparing_seconds,
                time.monotonic(),
            )
            return self.print

    def pause(self) -> bool:
        """Pause; False when nothing runs."""
        with self.lock:
            job = self.look()
            if job is None or job.state != RUNNING:
                return False
            job.state, job.stopped_at = PAUSED, time.monotonic()
            return True

    def resume(self) -> bool:
        """Go on; False when nothing is paused."""
        with self.lock:
            job = self.look()
            if job is None or job.state != PAUSED or job.stopped_at is None:
                return False
            job.lost_seconds += time.monotonic() - job.stopped_at
            job.state, job.stopped_at = RUNNING, None
            return True

    def stop(self) -> bool:
        """Cancel; False when nothing is there to cancel."""
        with self.lock:
            job = self.look()
            if job is None or not job.alive:
                return False
            self._end(STOPPED)
            return True

    def fail(self) -> None:
        """Let the firmware fail; what is printed is lost."""
        with self.lock:
            job = self.look()
            self.broken = True
            if job is not None and job.alive:
                self._end(ERROR)

    def recover(self) -> None:
        """A person has looked."""
        with self.lock:
            self.broken = False

    def clear(self) -> None:
        """As new, but for the count."""
        with self.lock:
            self.print, self.broken = None, False
            for path in self.files.iterdir():
                path.unlink()

    def _end(self, state: str) -> None:
        job = self.print
        assert job is not None
        job.stopped_at = job.stopped_at if job.state == PAUSED else time.monotonic()
        job.state = state


def starts_in(folder: Path) -> int:
    """How many prints were ever started there."""
    log = folder / "starts.log"
    return len(log.read_text(encoding="utf-8").splitlines()) if log.exists() else 0
