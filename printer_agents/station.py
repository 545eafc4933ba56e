"""One printer and its attempt: looks, moves the attempt one step, never waits for others."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from printer_agents import obey, prepare, start, watch
from printer_agents.beds import BUSY, Beds
from printer_agents.client import ServerClient
from printer_agents.clock import Backoff, Clock, begun
from printer_agents.config import Intervals, PrinterSection
from printer_agents.disk_reserve import FULL
from printer_agents.drivers.base import Driver, PrinterState
from printer_agents.errors import DriverFault, PrinterOffline
from printer_agents.journal import Journal
from printer_agents.obey import Mailbox
from printer_agents.protocol import AttemptRef, PrinterCondition, PrinterReport, ReportKind
from printer_agents.records import STARTED, UNSTARTED, Attempt, AttemptState, Event

log = logging.getLogger("parts3d.agent")

# Named moments at which a test lets the agent die. In life nothing happens there.
CrashPoint = Callable[[str], None]


@dataclass(slots=True)
class Surroundings:
    """What all stations of an agent share."""

    journal: Journal
    beds: Beds
    client: ServerClient
    intervals: Intervals
    clock: Clock
    data_dir: Path
    crash: CrashPoint
    # Set once the server has answered a hello: before that, nothing new is begun.
    greeted: threading.Event = field(default_factory=threading.Event)
    # What the server wants the shop to know, as: this agent is too old for new work.
    notice: str | None = None

    def hear_notice(self, words: str | None) -> None:
        """Take the server's notice, and log it once."""
        if words and words != self.notice:
            log.warning("The server says: %s", words)
        self.notice = words


@dataclass(slots=True)
class Timers:
    """Since when something has been so; None when it is not. Forgotten at a restart."""

    waiting_since: float | None = None  # the printer is away or busy when it is needed
    settling_since: float | None = None  # idle and without our job after an unanswered start
    steady_since: float | None = None  # ended, or lost
    moved_at: float | None = None  # progress was last seen to change
    progress: float | None = None
    reported_at: float | None = None
    paused: bool = False
    permit_for: int | None = None  # which attempt the permit in hand is for
    permit_asked_at: float = 0.0
    corrupt: int = 0  # downloads or uploads that came out wrong


class Station:
    """The agent's hand on one printer. ``step`` is called by one thread only."""

    def __init__(self, section: PrinterSection, driver: Driver, around: Surroundings) -> None:
        self.id = section.id
        self._first_material = section.material
        self.driver = driver
        self.around = around
        self.journal = around.journal
        self.timers = Timers()
        self.backoff = Backoff(
            around.clock, around.intervals.retry_first_seconds, around.intervals.retry_most_seconds
        )
        self.wake = threading.Event()
        # Written by the threads that hear the server, read by this station.
        self.stale: set[AttemptRef] = set()
        self.cancelled: set[AttemptRef] = set()
        self.mailbox = Mailbox()
        self._lock = threading.Lock()
        self._state: PrinterState | None = None
        self._shown: tuple[PrinterCondition, str | None] = (PrinterCondition.CONNECTING, None)

    def step(self) -> None:
        """Look at the printer and do what is next, as far as it goes without waiting."""
        for _ in range(len(AttemptState)):
            state = self._look()
            attempt = self.journal.alive(self.id)
            if attempt is None:
                self.timers = Timers()
                if state is not None:
                    self._tidy(state)
                return
            try:
                obey.carry_out(self, attempt)
                self._go_on(attempt, state)
            except PrinterOffline as fault:
                self.show(PrinterCondition.OFFLINE, str(fault))
            except DriverFault as fault:
                self.note(attempt, str(fault))
            after = self.journal.alive(self.id)
            if after is not None and after.state is attempt.state:
                return

    def report(self) -> PrinterReport:
        """What the server is told about this printer now."""
        with self._lock:
            state, (condition, detail) = self._state, self._shown
        if detail is None and not self.journal.reserve.held:
            detail = FULL
        return PrinterReport(
            printer_id=self.id,
            condition=condition,
            bed_clear=self.around.beds.clear(self.id),
            starts=self.around.beds.starts(self.id),
            bed_confirmed=self.around.beds.pressed(self.id),
            material=self.material,
            file_name=state.file_name if state else None,
            progress=state.progress if state else None,
            remaining_seconds=state.remaining_seconds if state else None,
            remaining_source=state.remaining_source.value
            if state and state.remaining_source
            else None,
            detail=detail[:500] if detail else None,
        )

    @property
    def material(self) -> str:
        """What is loaded: the word of staff, or the configuration until they have said it."""
        return self.around.beds.loaded(self.id) or self._first_material

    def confirm_bed(self) -> bool:
        """Somebody at the printer says that its bed is clear; safe from any thread.

        The server takes it for the word of staff and answers; without it nothing changes.

        Returns:
            False: it prints, or is about to, so the word means nothing.
        """
        if self._shown[0] in BUSY:
            return False
        return self.around.beds.press(self.id)

    def emergency_stop(self) -> None:
        """Stop everything at this printer at once, heaters too; safe from any thread.

        What was printing is lost and its end is found in the ordinary way. Nothing starts here
        before staff have cleared the bed.

        Raises:
            DriverFault: the printer did not take it. Switch it off by hand.
        """
        log.warning("%s: emergency stop.", self.id)
        self.around.beds.unclear(self.id)
        try:
            self.driver.emergency_stop()
        finally:
            self.wake.set()

    @property
    def claimable(self) -> bool:
        """Whether this printer may take work: idle, bed clear, nothing in hand."""
        return (
            self._shown[0] is PrinterCondition.IDLE
            and self.around.beds.clear(self.id)
            and self.journal.alive(self.id) is None
            and self.journal.reserve.held
        )

    def show(self, condition: PrinterCondition, detail: str | None = None) -> None:
        """Set what people see, beyond what the printer says of itself."""
        with self._lock:
            self._shown = (condition, detail)

    def note(self, attempt: Attempt, words: str) -> None:
        """Tell the log something about an attempt."""
        log.info("%s: %s (epoch %d): %s", self.id, attempt.ref.job_id, attempt.ref.epoch, words)

    def end(self, attempt: Attempt, event: Event | None) -> None:
        """End an attempt, with a report, or in silence when it is stale."""
        words = f"{event.kind}: {event.detail or ''}" if event else "dropped: no longer ours"
        self.journal.end(attempt, event)
        obey.refuse_rest(self, attempt)
        self.stale.discard(attempt.ref)
        self.cancelled.discard(attempt.ref)
        self.timers = Timers()
        self.backoff.worked()
        self.note(attempt, words)

    def give_back(self, attempt: Attempt, words: str) -> None:
        """End an attempt that was never started: back to the server, in words.

        Once a permit has been asked for, the server may have committed it, and only a failure
        with its reason frees the job.
        """
        if attempt.permit_asked:
            self.end(attempt, Event(ReportKind.FAILED, f"Never started: {words}", progress=0.0))
        else:
            self.end(attempt, Event(ReportKind.RELEASED, words))

    def gcode_path(self, ref: AttemptRef) -> Path:
        """Where the G-code of an attempt lies on the agent's disk."""
        return self.around.data_dir / "gcode" / ref.file_name

    def waited(self, *, while_true: bool) -> float:
        """Return for how long the printer has been away or busy (resets when it is not)."""
        now = self.around.clock()
        if not while_true:
            self.timers.waiting_since = None
            return 0.0
        self.timers.waiting_since = begun(self.timers.waiting_since, now)
        return now - self.timers.waiting_since

    def _look(self) -> PrinterState | None:
        try:
            state = self.driver.snapshot()
        except PrinterOffline as fault:
            state = None
            self.show(PrinterCondition.OFFLINE, str(fault))
        except DriverFault as fault:
            state = None
            self.show(PrinterCondition.UNKNOWN, str(fault))
        with self._lock:
            self._state = state
        if state is not None:
            attempt = self.journal.alive(self.id)
            started = attempt is not None and attempt.state in STARTED
            own = attempt if started else None
            # The bed first: once the printer shows as idle, it may be claimed for.
            self.around.beds.look(self.id, state, own)
            self.show(state.condition, state.detail)
        return state

    def _go_on(self, attempt: Attempt, state: PrinterState | None) -> None:
        at_work = state.file_name if state is not None and state.condition in BUSY else None
        if attempt.state in UNSTARTED and at_work == attempt.ref.file_name:
            start.recognise(self, attempt)
            return
        match attempt.state:
            case AttemptState.CLAIMED:
                prepare.fetch(self, attempt)
            case AttemptState.DOWNLOADED:
                prepare.upload(self, attempt, state)
            case AttemptState.UPLOADED:
                start.ask_permit(self, attempt, state)
            case AttemptState.PERMITTED:
                start.start(self, attempt, state)
            case AttemptState.STARTING:
                start.resolve(self, attempt, state)
            case AttemptState.PRINTING:
                watch.watch(self, attempt, state)
            case AttemptState.ENDED:
                pass

    def _tidy(self, state: PrinterState) -> None:
        """Remove what ended attempts have left: a leftover file is a print waiting to happen."""
        for attempt in self.journal.to_clean(self.id):
            if state.file_name == attempt.ref.file_name:
                continue  # still in use, whatever we believe of it
            try:
                self.driver.delete(attempt.ref.file_name)
            except DriverFault:
                continue
            self.gcode_path(attempt.ref).unlink(missing_ok=True)
            self.journal.cleaned(attempt)
