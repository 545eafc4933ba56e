"""While it prints: progress, pauses, the end. Nothing here needs the server."""

from typing import TYPE_CHECKING

from printer_agents.clock import begun
from printer_agents.drivers.base import JobOutcome, JobSeen, PrinterState
from printer_agents.errors import PrinterRefused
from printer_agents.protocol import PrinterCondition, ReportKind
from printer_agents.records import Attempt, Event

if TYPE_CHECKING:  # a station imports its steps
    from printer_agents.station import Station

ENDS = {
    JobOutcome.COMPLETED: ReportKind.PRINTED,
    JobOutcome.FAILED: ReportKind.FAILED,
    JobOutcome.CANCELLED: ReportKind.CANCELLED,
}


def watch(station: "Station", attempt: Attempt, state: PrinterState | None) -> None:
    """Follow a started print to its end, as the printer tells it."""
    timers = station.timers
    if state is None:
        timers.steady_since = None
        return
    seen = station.driver.find(attempt.ref.file_name)
    if seen is not None and seen.outcome in {JobOutcome.RUNNING, JobOutcome.PAUSED}:
        timers.steady_since = None
        _follow(station, attempt, seen)
        return
    # An end, or a loss, is believed when it stays: hosts have said "complete" while a lost
    # connection was about to be noticed.
    station.show(PrinterCondition.FINISHING, None)
    now = station.around.clock()
    timers.steady_since = begun(timers.steady_since, now)
    steady = now - timers.steady_since >= station.around.intervals.steady_seconds
    if not steady or (seen is not None and state.condition is not PrinterCondition.IDLE):
        return
    if seen is None:
        words = (
            "Look at the printer: it was seen printing this job and no longer knows it "
            f"(now {state.condition})."
        )
        station.end(attempt, Event(ReportKind.NEEDS_HUMAN, words, progress=timers.progress))
        return
    event = Event(
        ENDS[seen.outcome],
        seen.detail,
        progress=seen.progress,
        remaining_seconds=0.0,
        printed_seconds=seen.printed_seconds,
    )
    station.end(attempt, event)


def _follow(station: "Station", attempt: Attempt, seen: JobSeen) -> None:
    timers, intervals, now = station.timers, station.around.intervals, station.around.clock()
    if attempt.ref in station.cancelled:
        try:
            station.driver.cancel()
        except PrinterRefused as fault:
            station.note(attempt, f"The cancel was refused: {fault}")
        return
    paused = seen.outcome is JobOutcome.PAUSED
    if seen.progress != timers.progress or paused:
        timers.moved_at = now
    timers.moved_at = begun(timers.moved_at, now)
    if now - timers.moved_at > intervals.stall_seconds:
        minutes = round((now - timers.moved_at) / 60)
        words = f"It says it prints, but has not moved on for {minutes} minutes."
        station.show(PrinterCondition.ATTENTION, words)
    timers.progress = seen.progress
    changed = paused != timers.paused
    reported_at = timers.reported_at
    due = reported_at is None or not 0 <= now - reported_at < intervals.progress_seconds
    if not changed and not due:
        return
    kind = ReportKind.PROGRESS
    if changed:
        kind = ReportKind.PAUSED if paused else ReportKind.PRINTING
    timers.paused = paused
    timers.reported_at = now
    event = Event(
        kind,
        progress=seen.progress,
        remaining_seconds=seen.remaining_seconds,
        printed_seconds=seen.printed_seconds,
    )
    station.journal.report(attempt, event)
