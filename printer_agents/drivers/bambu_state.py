"""What a Bambu Lab printer's reports mean, in the words of all drivers. No I/O, no clock."""

from typing import Any

from printer_agents.drivers.base import JobOutcome, JobSeen, RemainingSource
from printer_agents.protocol import PrinterCondition

PREPARING = {"PREPARE", "SLICING", "INIT"}
ALIVE = {*PREPARING, "RUNNING", "PAUSE"}
CANCELLED = {0x0300400C, 0x0500400E}
MINUTE_SECONDS = 60.0

# The most usual of ``print_error`` (hexadecimal, as the screen shows it), in our words.
ERROR_WORDS = {
    0x03004000: "The Z axis could not be homed.",
    0x03004005: "The nozzle's fan turns too slowly.",
    0x03004006: "The nozzle is clogged.",
    0x03004008: "The AMS could not change the filament.",
    0x03008000: "It was paused for a reason that it does not tell.",
    0x03008001: "It was paused at the printer or by its file.",
    0x03008003: "Its camera sees a print gone wrong.",
    0x03008004: "The filament has run out.",
    0x03008005: "The cover of the print head has fallen off.",
    0x03008008: "The nozzle's temperature is wrong.",
    0x03008009: "The bed's temperature is wrong.",
    0x0300800A: "A pile of waste filament was seen.",
    0x0300800B: "The cutter is stuck.",
    0x0300800C: "It lost steps; the print head may be off its place.",
    0x03008010: "The print head's heating does not work.",
    0x05004002: "It could not read the print's description.",
    0x05004003: "It could not read the file.",
    0x05004004: "It is busy with another print.",
    0x05004005: "It cannot print while it is being updated.",
    0x05004006: "Its storage is full.",
    0x05004012: "A door or the cover is open.",
    0x0500C010: "Its memory card cannot be read or written.",
    0x07008011: "The filament in the AMS has run out.",
    0x07FF8001: "The filament could not be cut.",
    0x07FF8011: "The filament on the outer spool has run out.",
    0x12008011: "The filament in the AMS has run out.",
}


def error_words(report: dict[str, Any]) -> str | None:
    """Return the printer's error in words; None without one, or when it is a mere cancel."""
    code = _integer(report.get("print_error"))
    if not code or code in CANCELLED:
        return None
    shown = f"{code >> 16:04X}-{code & 0xFFFF:04X}"
    return f"{ERROR_WORDS.get(code, 'The printer reports an error.')} (code {shown})"


def state_of(report: dict[str, Any]) -> str:
    """Return ``gcode_state`` as the printer tells it."""
    return str(report.get("gcode_state") or "").upper()


def condition_of(report: dict[str, Any]) -> PrinterCondition:
    """Return what the printer does now."""
    state, error = state_of(report), error_words(report)
    if state in PREPARING:
        return PrinterCondition.PREPARING
    if state == "RUNNING":
        return PrinterCondition.PRINTING
    if state == "PAUSE":
        return PrinterCondition.ATTENTION if error else PrinterCondition.PAUSED
    if state in {"IDLE", "FINISH", "FAILED"}:
        return PrinterCondition.ERROR if error else PrinterCondition.IDLE
    return PrinterCondition.UNKNOWN


def name_of(report: dict[str, Any]) -> str | None:
    """Return the file name of the print that runs or was the last: the one it was sent with."""
    told = str(report.get("subtask_name") or "")
    if not told:
        told = str(report.get("gcode_file") or "").rpartition("/")[2]
    return told.removesuffix(".3mf") or None


def progress_of(report: dict[str, Any]) -> float:
    """Return the share that is printed, from whole percents."""
    return min(max(_integer(report.get("mc_percent")) / 100, 0.0), 1.0)


def remaining_of(report: dict[str, Any]) -> float | None:
    """Return the printer's own time left in seconds, from whole minutes."""
    minutes = _integer(report.get("mc_remaining_time"))
    return minutes * MINUTE_SECONDS if minutes > 0 and state_of(report) in ALIVE else None


class Endings:
    """Why the last print ended, kept when a person has wiped the error off the screen.

    A cancel and a fault are both FAILED; the code that tells them apart goes when somebody
    confirms it. What was seen before stays known while the report names the same print.
    """

    def __init__(self) -> None:
        self._name: str | None = None
        self._seen: JobSeen | None = None

    def seen(self, report: dict[str, Any], file_name: str) -> JobSeen | None:
        """Return what is known of a print by its file name."""
        if name_of(report) != file_name:
            return None
        state, progress = state_of(report), progress_of(report)
        if state in ALIVE:
            left = remaining_of(report)
            return JobSeen(
                JobOutcome.PAUSED if state == "PAUSE" else JobOutcome.RUNNING,
                progress,
                left,
                detail=error_words(report),
                remaining_source=None if left is None else RemainingSource.PRINTER,
            )
        if state == "FINISH":
            return JobSeen(JobOutcome.COMPLETED, 1.0)
        if state == "FAILED":
            return self._failed(report, file_name, progress)
        return None  # idle: what became of it, it has forgotten

    def _failed(self, report: dict[str, Any], name: str, progress: float) -> JobSeen:
        words = error_words(report)
        if words is not None:
            self._name, self._seen = name, JobSeen(JobOutcome.FAILED, progress, detail=words)
        elif _integer(report.get("print_error")) in CANCELLED:
            self._name, self._seen = name, JobSeen(JobOutcome.CANCELLED, progress)
        if self._seen is not None and self._name == name:
            return self._seen
        return JobSeen(JobOutcome.FAILED, progress, detail="It ended; why, is no longer told.")


def _integer(value: object) -> int:
    """Some firmwares write numbers as text."""
    try:
        return int(str(value or 0))
    except ValueError:
        return 0
