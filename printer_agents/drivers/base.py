"""What every printer driver can do, whatever the brand."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from printer_agents.protocol import PrinterCondition


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a printer and its host can do."""

    host: str  # name and version of the host, for people
    can_pause: bool
    # The host remembers ended jobs and counts starts, so that absence can be proved.
    remembers_jobs: bool
    # It tells of changes by itself; the poll beside it goes on.
    pushes: bool = False
    has_camera: bool = False


class RemainingSource(StrEnum):
    """Whose figure a remaining time is; the nearer to the nozzle, the more it is worth."""

    PRINTER = "printer"  # the firmware, or the slicer's own counting down within the file
    HOST = "host"  # the host's estimate, from what has been printed so far
    SLICER = "slicer"  # the file's estimate less the time printed


@dataclass(frozen=True, slots=True)
class PrinterState:
    """What a printer says of itself now.

    ``session`` changes when the printer or its host has lost its memory (a reboot): what it
    does not remember is then no proof. ``jobs_started`` counts starts within a session, by
    anyone; None when the host does not count. ``unused``: nothing was ever started there, in any
    session, and nobody can have made it forget. ``remaining_seconds`` are seconds of real life.
    """

    condition: PrinterCondition
    session: str
    jobs_started: int | None = None
    file_name: str | None = None
    progress: float | None = None
    remaining_seconds: float | None = None
    detail: str | None = None
    remaining_source: RemainingSource | None = None
    unused: bool = False


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """A file on a printer, verified. The name carries the identity of the attempt."""

    name: str
    sha256: str
    size_bytes: int


class JobOutcome(StrEnum):
    """What became of a job, by the printer's own memory."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class JobSeen:
    """A job found on the printer by its file name.

    ``printed_seconds`` is time by the printer's own clock: a virtual printer that runs 600
    times faster still says what the moves take.
    """

    outcome: JobOutcome
    progress: float
    remaining_seconds: float | None = None
    printed_seconds: float | None = None
    detail: str | None = None
    remaining_source: RemainingSource | None = None


class Driver(ABC):
    """One printer. A driver is small: it translates verbs, states and errors of its brand.

    It keeps no memory of jobs: bed, material and journal belong to the agent. Every verb may
    raise ``PrinterOffline``.
    """

    @abstractmethod
    def probe(self) -> Capabilities:
        """Say what is there."""

    @abstractmethod
    def snapshot(self) -> PrinterState:
        """Say what the printer does now."""

    @abstractmethod
    def find(self, file_name: str) -> JobSeen | None:
        """Look a job up by its file name, running or ended; None when it is not known."""

    @abstractmethod
    def upload(self, path: Path, sha256: str, name: str) -> RemoteFile:
        """Put a file on the printer under ``name``, without starting it, and verify it.

        Raises:
            UploadCorrupt: what lies there now is not the file; it has been removed.
        """

    @abstractmethod
    def start(self, remote: RemoteFile) -> None:
        """Start a print. Called once for an attempt, never repeated blindly.

        Raises:
            PrinterBusy: not idle; it may be doing exactly this job already.
            PrinterRefused: the file is missing or changed; nothing was started.
            StartUnanswered: no answer came; the print may or may not run.
        """

    @abstractmethod
    def pause(self) -> None:
        """Pause the running print. Raises ``PrinterRefused`` when nothing runs."""

    @abstractmethod
    def resume(self) -> None:
        """Go on with a paused print. Raises ``PrinterRefused`` when nothing is paused."""

    @abstractmethod
    def cancel(self) -> None:
        """End the running print. Raises ``PrinterRefused`` when nothing runs."""

    @abstractmethod
    def emergency_stop(self) -> None:
        """Stop everything at once, heaters too; the print is lost."""

    @abstractmethod
    def delete(self, name: str) -> None:
        """Remove a file from the printer; a missing one is fine."""

    def listen(self, wake: Callable[[], None]) -> None:  # noqa: B027 - most hosts only answer
        """From now on call ``wake``, from any thread, when the printer tells something new.

        A hint to look at once, never the news itself: the poll beside it stays the truth, so
        that a silent connection costs seconds, not a print. Drivers without push do nothing.
        """

    def camera_jpeg(self) -> bytes | None:
        """Return one picture of the bed as JPEG; None where there is no camera."""
        return None

    def close(self) -> None:  # noqa: B027 - most drivers hold nothing open
        """Give connections and threads back; the driver is not used again."""
