"""From the permit to the start: called once, and never again while it may have worked."""

from typing import TYPE_CHECKING

from printer_agents.clock import begun
from printer_agents.drivers.base import PrinterState, RemoteFile
from printer_agents.errors import DriverFault, PrinterRefused, Refused, Rejected, Stale, Unreachable
from printer_agents.protocol import PrinterCondition, ReportKind
from printer_agents.records import Attempt, AttemptState, Event

if TYPE_CHECKING:  # a station imports its steps
    from printer_agents.station import Station

# So many starts that provably came to nothing: something is wrong with this printer.
START_TRIES = 3
# The code of a refusal by a server whose job is no longer waiting for a start.
NOT_STARTABLE = "not_startable"


def ask_permit(station: "Station", attempt: Attempt, state: PrinterState | None) -> None:
    """Ask whether this attempt may start, again with the same epoch until answered."""
    if not station.around.greeted.is_set() or not station.backoff.ready:
        return
    if not attempt.permit_asked and not _ready_to_ask(station, attempt, state):
        return
    crash = station.around.crash
    if not attempt.permit_asked:
        station.journal.permit_is_asked(attempt)
    asked_at = station.around.clock()
    try:
        crash("permit.before")
        station.around.client.permit(attempt.ref)
        crash("permit.after")
    except Stale:
        station.end(attempt, None)
    except Rejected as fault:
        words = f"The server does not permit the start: {fault}"
        if fault.code == NOT_STARTABLE:
            # It had been permitted, and our silence has lasted too long since.
            station.end(attempt, Event(ReportKind.FAILED, f"Never started. {words}", progress=0.0))
        else:
            station.end(attempt, Event(ReportKind.RELEASED, words))
    except (Unreachable, Refused) as fault:
        station.backoff.failed()
        station.note(attempt, f"No permit yet: {fault}")
    else:
        station.backoff.worked()
        station.journal.move(attempt, AttemptState.PERMITTED)
        station.timers.permit_for = attempt.id
        station.timers.permit_asked_at = asked_at


def _ready_to_ask(station: "Station", attempt: Attempt, state: PrinterState | None) -> bool:
    if attempt.ref in station.cancelled:
        event = Event(ReportKind.CANCELLED, "Cancelled before the start.", progress=0.0)
        station.end(attempt, event)
        return False
    if attempt.ref in station.stale:
        station.end(attempt, None)
        return False
    if not station.around.beds.clear(station.id):
        station.give_back(attempt, "the bed is not clear.")
        return False
    if not station.journal.reserve.held:
        station.give_back(attempt, "the agent's disk is full.")
        return False
    busy = state is None or state.condition is not PrinterCondition.IDLE
    if station.waited(while_true=busy) > station.around.intervals.patience_seconds:
        station.give_back(attempt, "the printer was away or busy for too long.")
        return False
    return not busy


def start(station: "Station", attempt: Attempt, state: PrinterState | None) -> None:
    """Journal ``starting``, call start once, journal ``printing``."""
    intervals, timers = station.around.intervals, station.timers
    if attempt.ref in station.cancelled:
        event = Event(ReportKind.CANCELLED, "Cancelled before the start.", progress=0.0)
        station.end(attempt, event)
        return
    age = station.around.clock() - timers.permit_asked_at
    if timers.permit_for != attempt.id or not 0 <= age <= intervals.permit_fresh_seconds:
        # Asleep, stopped or restarted since, or the clock jumped: a person may have decided
        # otherwise meanwhile.
        station.journal.move(attempt, AttemptState.UPLOADED)
        return
    why_not = _why_not(station, attempt)
    busy = state is None or state.condition is not PrinterCondition.IDLE
    if why_not is None and station.waited(while_true=busy) > intervals.patience_seconds:
        why_not = "the printer was away or busy for too long."
    if why_not is not None:
        station.give_back(attempt, why_not)
    elif state is not None and not busy:
        _start_once(station, attempt, state)


def _why_not(station: "Station", attempt: Attempt) -> str | None:
    """Say what has changed since the permit, so that it no longer holds."""
    if station.around.beds.starts(station.id) != attempt.bed_mark:
        return "somebody else used the printer after the permit."
    if attempt.work is None or attempt.work.material != station.material:
        return f"{station.material} is loaded."
    if not station.journal.reserve.held:
        return "the agent's disk is full."
    return None


def _start_once(station: "Station", attempt: Attempt, state: PrinterState) -> None:
    if station.driver.find(attempt.ref.file_name) is not None:
        # The printer knows this very attempt: the disk has lost what the journal said of it.
        _printing(station, attempt)
        return
    crash = station.around.crash
    crash("starting.before")
    station.journal.begin_start(attempt, state.session, state.jobs_started)
    crash("starting.after")
    size = attempt.work.gcode_bytes if attempt.work is not None else 0
    try:
        crash("start.before")
        station.driver.start(RemoteFile(attempt.ref.file_name, attempt.ref.gcode_sha256, size))
        crash("start.after")
    except PrinterRefused as fault:
        # Its no is an answer: nothing was started, by the word of the printer itself.
        _not_started(station, attempt, attempt.start_tries + 1, str(fault))
        return
    except DriverFault as fault:
        # Busy may mean that it is ours; no answer may mean anything: ask the printer.
        station.note(attempt, f"Start is uncertain: {fault}")
        return
    _printing(station, attempt)


def _not_started(station: "Station", attempt: Attempt, tries: int, why: str) -> None:
    """Nothing was started, provably: again from the permit, but not for ever."""
    if tries >= START_TRIES:
        station.give_back(attempt, f"{START_TRIES} starts came to nothing: {why}")
        return
    station.journal.start_disproved(attempt)
    station.note(attempt, f"Nothing was started; again from the permit. {why}")


def recognise(station: "Station", attempt: Attempt) -> None:
    """The printer is at work on an attempt that the journal has not begun: the disk lost a line."""
    station.note(attempt, "The printer is at work on it already.")
    _printing(station, attempt)


def resolve(station: "Station", attempt: Attempt, state: PrinterState | None) -> None:
    """After a crash or a time-out at the start: ask the printer by file name.

    Seen: it prints. Absent, idle for a while, and the printer has provably forgotten nothing:
    it never began, and the permit is asked again. Everything else is for a person.
    """
    timers, intervals = station.timers, station.around.intervals
    if state is None:
        timers.settling_since = None
        return
    if station.driver.find(attempt.ref.file_name) is not None:
        _printing(station, attempt)
        return
    if state.condition is not PrinterCondition.IDLE:
        timers.settling_since = None
        if station.waited(while_true=True) > intervals.patience_seconds:
            _needs_human(station, attempt, f"the printer stays {state.condition}; it is not known")
        return
    now = station.around.clock()
    timers.settling_since = begun(timers.settling_since, now)
    if now - timers.settling_since < intervals.settle_seconds:
        return
    timers.settling_since = None
    # Only now: a printer that unpacks a file first, or connects anew, shows it after a while.
    why = _unknowable(attempt, state)
    if why is not None:
        _needs_human(station, attempt, why)
        return
    _not_started(station, attempt, attempt.start_tries, "The printer's memory proves it.")


def _unknowable(attempt: Attempt, state: PrinterState) -> str | None:
    """Say why the printer's memory proves nothing; None when its silence is a proof."""
    if not attempt.start_session:
        return "the agent's journal was lost, and it is not known"
    if state.session != attempt.start_session:
        return "the printer restarted during the start and forgot"
    if state.jobs_started is None or state.jobs_started != attempt.start_jobs:
        return "the printer's history does not tell"
    return None


def _printing(station: "Station", attempt: Attempt) -> None:
    crash = station.around.crash
    crash("printing.before")
    station.journal.move(attempt, AttemptState.PRINTING, Event(ReportKind.PRINTING))
    crash("printing.after")
    station.note(attempt, "printing")


def _needs_human(station: "Station", attempt: Attempt, why: str) -> None:
    words = f"Look at the printer: {why} whether {attempt.ref.file_name} was started."
    station.end(attempt, Event(ReportKind.NEEDS_HUMAN, words))
