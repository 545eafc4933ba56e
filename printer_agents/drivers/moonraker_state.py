"""What Moonraker, Klipper and their history say, and what it means.

After an emergency stop ``print_stats.state`` says "paused"; the truth is ``webhooks.state``. And
"complete" is said as soon as the last line is read, while up to some seconds of moves still wait:
``idle_timeout`` tells when they are over.
"""

from dataclasses import dataclass
from typing import Any

from printer_agents.drivers.base import JobOutcome, JobSeen, PrinterState, RemainingSource
from printer_agents.protocol import PrinterCondition

READY = "ready"
STOPPED = {"shutdown", "error"}
HOLDING = {"printing", "paused"}
# What the history calls the end of a job.
COMPLETED, CANCELLED, IN_PROGRESS = "completed", "cancelled", "in_progress"
# Moonraker itself was restarted: what became of the print then is Klipper's to say.
INTERRUPTED = {"interrupted", "server_exit"}
ENDS = {
    "error": "Klipper stopped the print with an error.",
    "klippy_shutdown": "Klipper shut down while it printed.",
    "klippy_disconnect": "Klipper was restarted while it printed.",
    "interrupted": "Moonraker was restarted while it printed.",
    "server_exit": "Moonraker was stopped while it printed.",
}


@dataclass(frozen=True, slots=True)
class Status:
    """One look at Klipper through Moonraker."""

    klippy: str  # ready, startup, shutdown, error, disconnected
    message: str
    print_state: str = ""  # standby, printing, paused, complete, cancelled, error
    file_name: str | None = None
    progress: float = 0.0
    printed_seconds: float = 0.0
    moving: bool = False
    print_message: str = ""

    @property
    def holding(self) -> bool:
        """Whether a print is in hand. A stopped Klipper holds none, whatever else it says."""
        return self.klippy == READY and self.print_state in HOLDING

    @property
    def condition(self) -> PrinterCondition:
        """What the printer does, in the agent's words."""
        if self.klippy in STOPPED:
            return PrinterCondition.ERROR
        if self.klippy != READY:
            return PrinterCondition.CONNECTING
        if self.print_state == "paused":
            return PrinterCondition.PAUSED
        if self.print_state == "printing":
            # Nothing counts as printed before the first line of plastic.
            begun = self.printed_seconds > 0
            return PrinterCondition.PRINTING if begun else PrinterCondition.PREPARING
        return PrinterCondition.FINISHING if self.moving else PrinterCondition.IDLE


def status_of(klippy: str, message: str, objects: dict[str, Any]) -> Status:
    """Read what Klipper's objects say.

    The printer's own display, where it has one, is nearer to the truth about progress than the
    place in the file.
    """
    stats = objects.get("print_stats") or {}
    card = objects.get("virtual_sdcard") or {}
    hooks = objects.get("webhooks") or {}
    progress = (objects.get("display_status") or {}).get("progress")
    if progress is None:
        progress = card.get("progress")
    return Status(
        klippy=str(hooks.get("state") or klippy),
        message=_first_line(hooks.get("state_message") or message),
        print_state=str(stats.get("state") or ""),
        file_name=stats.get("filename") or None,
        progress=min(max(float(progress or 0.0), 0.0), 1.0),
        printed_seconds=float(stats.get("print_duration") or 0.0),
        moving=(objects.get("idle_timeout") or {}).get("state") == "Printing",
        print_message=_first_line(stats.get("message") or ""),
    )


def state_of(
    status: Status, session: str, jobs_started: int | None, estimated_seconds: float | None
) -> PrinterState:
    """Return a snapshot in the agent's words."""
    condition = status.condition
    left, source = remaining(status, estimated_seconds)
    detail = status.print_message if status.klippy == READY else status.message
    return PrinterState(
        condition,
        session,
        jobs_started,
        file_name=status.file_name if status.holding else None,
        progress=status.progress if status.holding else None,
        remaining_seconds=left,
        detail=detail or None,
        remaining_source=source,
    )


def remaining(
    status: Status, estimated_seconds: float | None
) -> tuple[float | None, RemainingSource | None]:
    """Return the time left by the slicer's estimate in the file; Klipper makes none itself."""
    if not status.holding or not estimated_seconds:
        return None, None
    return max(estimated_seconds - status.printed_seconds, 0.0), RemainingSource.SLICER


def running(status: Status, estimated_seconds: float | None) -> JobSeen:
    """Return the job that is in hand now."""
    left, source = remaining(status, estimated_seconds)
    paused = status.print_state == "paused"
    return JobSeen(
        JobOutcome.PAUSED if paused else JobOutcome.RUNNING,
        status.progress,
        left,
        status.printed_seconds,
        detail=status.print_message or None,
        remaining_source=source,
    )


def ended(job: dict[str, Any] | None, status: Status, file_name: str) -> JobSeen | None:
    """Return how a job ended by history and by Klipper's own last word, which must agree."""
    word = str(job["status"]) if job else ""
    named = status.file_name == file_name
    own = named and status.klippy == READY
    if named and status.klippy in STOPPED and not job:
        # Stopped before the history knew of it; Klipper's own last word still names the print.
        word = "klippy_shutdown"
    if own and (not job or word in INTERRUPTED):
        # No history, or one that was away: what Klipper says of its last print counts.
        word = {"complete": COMPLETED, "cancelled": CANCELLED, "error": "error"}.get(
            status.print_state, word
        )
    if not word:
        return None
    printed = float(job.get("print_duration") or 0.0) if job else status.printed_seconds
    if word == IN_PROGRESS:
        return JobSeen(JobOutcome.RUNNING, status.progress if own else 0.0)
    if word == COMPLETED:
        return JobSeen(JobOutcome.COMPLETED, 1.0, 0.0, printed)
    share = status.progress if own else 0.0
    if word == CANCELLED:
        return JobSeen(JobOutcome.CANCELLED, share, 0.0, printed)
    words = (own and status.print_message) or ENDS.get(word, f"Moonraker calls it {word}.")
    return JobSeen(JobOutcome.FAILED, share, 0.0, printed, words)


def _first_line(text: object) -> str:
    return str(text).strip().partition("\n")[0][:300]
