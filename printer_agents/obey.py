"""What staff ask of a print from the counter: pause, resume, cancel. Carried out once.

The server repeats a command until it has heard what became of it, so each is known by its id. It is
judged by its effect: pausing what is paused is done. What cannot be done for a while is refused
with the reason, so that nothing surprises people long after they asked.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from printer_agents.drivers.base import JobOutcome
from printer_agents.errors import DriverFault
from printer_agents.protocol import AttemptRef, Command, CommandVerb, ReportKind
from printer_agents.records import UNSTARTED, Attempt, AttemptState, Event

if TYPE_CHECKING:  # a station imports its steps
    from printer_agents.station import Station

ANSWERED_KEPT = 100
ALIVE = {JobOutcome.RUNNING, JobOutcome.PAUSED}
ENDED_FIRST = "The print had ended before this was asked."


@dataclass(slots=True)
class Mailbox:
    """Commands for one printer: heard by the threads that talk, carried out by its own."""

    _waiting: dict[str, tuple[Command, float]] = field(default_factory=dict)
    _answered: OrderedDict[str, None] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def put(self, command: Command, now: float) -> bool:
        """Take a command in; False if it is known already."""
        with self._lock:
            if command.command_id in self._waiting or command.command_id in self._answered:
                return False
            self._waiting[command.command_id] = (command, now)
            return True

    def waiting(self, ref: AttemptRef) -> list[tuple[Command, float]]:
        """Commands about an attempt, each with the moment it was heard."""
        with self._lock:
            return [entry for entry in self._waiting.values() if entry[0].ref == ref]

    def answered(self, command_id: str) -> None:
        """An answer is in the journal."""
        with self._lock:
            self._waiting.pop(command_id, None)
            self._answered[command_id] = None
            while len(self._answered) > ANSWERED_KEPT:
                self._answered.popitem(last=False)

    def known(self) -> list[str]:
        """Every command that needs not be told again now."""
        with self._lock:
            return [*self._waiting, *self._answered]


def carry_out(station: "Station", attempt: Attempt) -> None:
    """Do what staff have asked of an attempt, as far as it can be done now."""
    for command, heard_at in station.mailbox.waiting(attempt.ref):
        try:
            answer = _try(station, attempt, command)
        except DriverFault as fault:
            answer = None
            words = str(fault)
        else:
            words = "The print has not begun yet."
        if answer is None:
            age = station.around.clock() - heard_at
            if 0 <= age < station.around.intervals.command_seconds:
                continue
            answer = Event(ReportKind.DISOBEYED, f"It could not be done: {words}")
        tell(station, attempt, command, answer)


def refuse_rest(station: "Station", attempt: Attempt) -> None:
    """The attempt has ended: whatever was still asked of it comes too late."""
    for command, _ in station.mailbox.waiting(attempt.ref):
        tell(station, attempt, command, Event(ReportKind.DISOBEYED, ENDED_FIRST))


def tell(station: "Station", attempt: Attempt, command: Command, answer: Event) -> None:
    """Journal what became of a command."""
    event = Event(answer.kind, answer.detail, command_id=command.command_id)
    station.journal.report(attempt, event)
    station.mailbox.answered(command.command_id)
    station.note(attempt, f"{command.verb}: {event.kind}. {event.detail or ''}")


def _try(station: "Station", attempt: Attempt, command: Command) -> Event | None:
    """Return what became of it; None: not yet."""
    done = Event(ReportKind.OBEYED)
    if attempt.state in UNSTARTED and command.verb is CommandVerb.CANCEL:
        station.cancelled.add(attempt.ref)
        return done
    if attempt.state is not AttemptState.PRINTING:
        return None
    seen = station.driver.find(attempt.ref.file_name)
    if seen is None:
        return None
    if seen.outcome not in ALIVE:
        return Event(ReportKind.DISOBEYED, ENDED_FIRST)
    match command.verb:
        case CommandVerb.CANCEL:
            station.driver.cancel()
        case CommandVerb.PAUSE if seen.outcome is JobOutcome.RUNNING:
            station.driver.pause()
        case CommandVerb.RESUME if seen.outcome is JobOutcome.PAUSED:
            station.driver.resume()
        case _:
            pass  # it is so already
    return done
