"""A printer in memory that counts its starts, and a bed on which parts really lie."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from printer_agents.drivers.base import (
    Capabilities,
    Driver,
    JobOutcome,
    JobSeen,
    PrinterState,
    RemoteFile,
)
from printer_agents.errors import PrinterBusy, PrinterOffline, PrinterRefused, StartUnanswered
from printer_agents.protocol import PrinterCondition


@dataclass
class Running:
    """A print that was started; ``done_seconds`` of it are printed."""

    name: str
    total_seconds: float
    done_seconds: float = 0.0
    paused: bool = False
    outcome: JobOutcome | None = None


@dataclass
class SimPrinter(Driver):
    """The machine. Its clock is the world's; ``step_on`` lets it print until now."""

    clock: Callable[[], float]
    on_start: Callable[["SimPrinter", str], None]
    print_seconds: float = 25.0
    session: int = 1
    files: set[str] = field(default_factory=set)
    history: list[Running] = field(default_factory=list)
    jobs_started: int = 0
    # What lies on the bed: name of the file, and whether it is whole.
    bed: list[tuple[str, bool]] = field(default_factory=list)
    offline: bool = False
    lose_start_answer: bool = False
    ignore_start: bool = False
    _seen_at: float = 0.0

    @property
    def running(self) -> Running | None:
        if self.history and self.history[-1].outcome is None:
            return self.history[-1]
        return None

    def step_on(self) -> None:
        now, running = self.clock(), self.running
        if running is not None and not running.paused:
            running.done_seconds += now - self._seen_at
            if running.done_seconds >= running.total_seconds:
                self._end(running, JobOutcome.COMPLETED)
        self._seen_at = now

    def reboot(self) -> None:
        """Power lost: the print and all memory are gone, the part stays where it is."""
        self.step_on()
        self.session += 1
        self.history.clear()
        self.jobs_started = 0

    def start_by_hand(self, name: str) -> None:
        """Somebody prints at the printer itself."""
        self.step_on()
        if self.running is None and not self.bed:
            self._begin(name)

    def _begin(self, name: str) -> None:
        self.jobs_started += 1
        self.bed.append((name, False))
        self.history.append(Running(name, self.print_seconds))

    def _end(self, running: Running, outcome: JobOutcome) -> None:
        running.outcome = outcome
        if outcome is JobOutcome.COMPLETED and self.bed:
            self.bed[-1] = (running.name, True)

    def _awake(self) -> None:
        if self.offline:
            raise PrinterOffline("The printer does not answer.")
        self.step_on()

    def probe(self) -> Capabilities:
        self._awake()
        return Capabilities(host="simulated", can_pause=True, remembers_jobs=True)

    def snapshot(self) -> PrinterState:
        self._awake()
        running = self.running
        if running is None:
            return PrinterState(PrinterCondition.IDLE, str(self.session), self.jobs_started)
        condition = PrinterCondition.PAUSED if running.paused else PrinterCondition.PRINTING
        return PrinterState(condition, str(self.session), self.jobs_started, file_name=running.name)

    def find(self, file_name: str) -> JobSeen | None:
        self._awake()
        for one in reversed(self.history):
            if one.name == file_name:
                alive = JobOutcome.PAUSED if one.paused else JobOutcome.RUNNING
                share = min(one.done_seconds / one.total_seconds, 1.0)
                return JobSeen(one.outcome or alive, share, printed_seconds=one.done_seconds)
        return None

    def upload(self, path: Path, sha256: str, name: str) -> RemoteFile:
        self._awake()
        self.files.add(name)
        return RemoteFile(name, sha256, path.stat().st_size)

    def start(self, remote: RemoteFile) -> None:
        self._awake()
        if self.running is not None:
            raise PrinterBusy("The printer is busy.")
        if remote.name not in self.files:
            raise PrinterRefused("There is no such file.")
        if self.ignore_start:
            self.ignore_start = False
            raise StartUnanswered("No answer.")
        self.on_start(self, remote.name)
        self._begin(remote.name)
        if self.lose_start_answer:
            self.lose_start_answer = False
            raise StartUnanswered("No answer.")

    def _alive(self) -> Running:
        self._awake()
        if self.running is None:
            raise PrinterRefused("Nothing is printing.")
        return self.running

    def pause(self) -> None:
        self._alive().paused = True

    def resume(self) -> None:
        self._alive().paused = False

    def cancel(self) -> None:
        self._end(self._alive(), JobOutcome.CANCELLED)

    def emergency_stop(self) -> None:
        self._end(self._alive(), JobOutcome.FAILED)

    def delete(self, name: str) -> None:
        self._awake()
        self.files.discard(name)
