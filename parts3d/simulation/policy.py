"""What a policy is: it answers orders, says what prints next, and mends what goes wrong.

The engine calls, the policy answers with values; it changes nothing itself. The engine carries
out what is possible and leaves out what is not (a job that prints cannot be moved).
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, Protocol

from parts3d.simulation.seen import JobState, PrinterState, Seen, SeenOrder


class EventKind(StrEnum):
    """What a policy is told of, when the server hears it."""

    CHANGED = "changed"  # staff have changed the material
    STARTED = "started"  # a print began
    PRINTED = "printed"  # it ended; the part lies on the bed
    PASSED = "passed"  # bed cleared, part checked and good
    REJECTED = "rejected"  # bed cleared, part no good: the job waits again
    FAILED = "failed"  # a print failed; the job waits again, its bed is to be cleared
    CLEARED = "cleared"  # the bed of a failed print, or of a surplus part, is clear
    PRINTER_DOWN = "printer_down"  # what printed is lost: the job waits again
    PRINTER_UP = "printer_up"
    AGENT_SILENT = "agent_silent"
    AGENT_BACK = "agent_back"  # after everything that happened meanwhile was told
    OPENS = "opens"  # a point
    CLOSES = "closes"
    SWEEP = "sweep"  # every ``Policy.sweep_min`` minutes; progress is fresh
    NIGHT = "night"  # at 3 o'clock: time to learn


@dataclass(frozen=True, slots=True)
class Event:
    """Something heard. What does not belong to its kind is None.

    Args:
        kind: see ``EventKind``.
        at: when it happened; with a silent agent, before it is told.
        point: index.
        printer: index.
        job: number.
        attempt: of the job.
        started_at: of the print that this ends (PRINTED, FAILED, PRINTER_DOWN) or that was
            checked (PASSED, REJECTED, CLEARED).
        printed_at: end of the print that was checked or cleared.
    """

    kind: EventKind
    at: float
    point: int | None = None
    printer: int | None = None
    job: int | None = None
    attempt: int | None = None
    started_at: float | None = None
    printed_at: float | None = None


@dataclass(frozen=True, slots=True)
class Promised:
    """An answer: ready at this point at this minute.

    Args:
        point: index; one of the order's candidates.
        ready_at: on a multiple of ``round_min``, in opening hours (or at their end).
        printer: index of the printer whose queue the job joins.
        twins: further printers, each of which gets a job for the same part at once; the first that
            passes serves the order.
        level: the probability that is stated; for the calibration plot.
    """

    point: int
    ready_at: float
    printer: int
    twins: tuple[int, ...] = ()
    level: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """An answer: no promise, and why in a word."""

    why: str = "fully_booked"


Answer = Promised | Refused


class MoveKind(StrEnum):
    """What a policy may do after the order."""

    TO_PRINTER = "to_printer"  # a waiting job joins the queue of ``printer``
    HEDGE = "hedge"  # a second job for the order of ``job`` joins the queue of ``printer``
    CANCEL = "cancel"  # a waiting job goes, if the order has another one under way


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do. A printer of another point has to be among the order's candidates.

    The customer is then asked and says yes; an order that is ready elsewhere counts as moved.
    """

    kind: MoveKind
    job: int
    printer: int | None = None
    reason: str = ""


class Policy(Protocol):
    """A way to promise and to keep.

    Attributes:
        name: as in ``--policy``.
        sweep_min: minutes between sweeps; None for none.
        wants: kinds of events it is told of (SWEEP and NIGHT go by ``sweep_min`` and this).
    """

    name: ClassVar[str]
    sweep_min: ClassVar[float | None]
    wants: ClassVar[frozenset[EventKind]]

    def begin(self, seen: Seen) -> None:
        """Take the network in, before the first day; ``seen`` stays current from then on."""

    def answer(self, now: float, order: SeenOrder) -> Answer:
        """Promise or refuse. What was answered is in ``seen`` before the next call."""

    def next_job(self, now: float, printer: int) -> int | None:
        """Say which job of the printer's queue starts now; None for none.

        Asked when the printer is idle, its bed clear, its agent heard and its queue not empty.
        A job that the point's rule (or a missing person for the material) does not let start now
        stays where it is.
        """

    def heard(self, now: float, event: Event) -> Sequence[Move]:
        """Hear of something, and say what to do."""


@dataclass(slots=True)
class FirstComeFirstServed:
    """The part of a policy that does nothing clever after the order: a base to build on."""

    name: ClassVar[str] = "first-come"
    sweep_min: ClassVar[float | None] = None
    wants: ClassVar[frozenset[EventKind]] = frozenset()
    seen: Seen = field(init=False)

    def begin(self, seen: Seen) -> None:
        """Keep the view."""
        self.seen = seen

    def next_job(self, now: float, printer: int) -> int | None:
        """Start the first of the queue that may start now."""
        return first_that_may_start(self.seen, now, printer, self.seen.printers[printer].queue)

    def heard(self, now: float, event: Event) -> Sequence[Move]:  # noqa: ARG002 - as in the protocol
        """Do nothing."""
        return ()


def first_that_may_start(seen: Seen, now: float, printer: int, queue: Sequence[int]) -> int | None:
    """Return the first job of a queue that rule and staff let start now."""
    machine = seen.printers[printer]
    point = seen.points[machine.point]
    for job in queue:
        part = seen.parts[seen.jobs[job].part]
        minutes = part.estimates[machine.model]
        if part.material != machine.loaded:
            if not point.calendar.is_open(now):
                continue
            minutes += seen.material_change_min
        if point.may_start(now, minutes):
            return job
    return None


__all__ = [
    "Answer",
    "Event",
    "EventKind",
    "FirstComeFirstServed",
    "JobState",
    "Move",
    "MoveKind",
    "Policy",
    "PrinterState",
    "Promised",
    "Refused",
    "first_that_may_start",
]
