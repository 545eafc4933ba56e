"""What truly happens at the points: printers and the one person of each. The engine asks it.

Everything here is the world's side; what the server hears of it is ``hearing``'s business.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from parts3d.simulation.record import Record
from parts3d.simulation.seen import SeenJob
from parts3d.simulation.world import Print, World


class Doing(IntEnum):
    """What a printer truly does."""

    IDLE = 0
    CHANGING = 1
    PRINTING = 2


class Due(IntEnum):
    """What happens by itself at its time."""

    PRINT_ENDS = 0
    BED_CLEAR = 1
    CHANGED = 2
    DOWN = 3
    UP = 4
    SILENT = 5
    BACK = 6
    OPENS = 7
    CLOSES = 8
    SWEEP = 9
    NIGHT = 10


@dataclass(slots=True)
class OnBed:
    """What lies on a bed until it is cleared."""

    job: int
    attempt: int
    started_at: float
    ended_at: float
    print: Print


@dataclass(slots=True)
class Machine:
    """A printer as it truly is."""

    index: int
    point: int
    model: int
    loaded: str
    doing: Doing = Doing.IDLE
    down: bool = False
    bed_clear: bool = True
    job: int = -1
    attempt: int = 0
    started_at: float = 0.0
    print: Print | None = None
    on_bed: OnBed | None = None
    due_at: float = 0.0  # when the person is done with the bed or the material


class Floor:
    """All printers and people.

    Args:
        world: the truth.
        record: counts busy minutes and prints.
        schedule: takes what is due when, for which printer.
    """

    def __init__(
        self, world: World, record: Record, schedule: Callable[[float, Due, int], None]
    ) -> None:
        self.world = world
        self.record = record
        self.machines = [
            Machine(index, printer.point, printer.model, printer.loaded)
            for index, printer in enumerate(world.network.printers)
        ]
        self.person_free_at = [0.0] * len(world.network.points)
        self._schedule = schedule

    def is_ready(self, printer: int) -> bool:
        """Tell whether a print could start, as far as the printer itself goes."""
        machine = self.machines[printer]
        return machine.doing == Doing.IDLE and machine.bed_clear and not machine.down

    def print(self, now: float, printer: int, job: SeenJob, ordinal: int) -> None:
        """Start a print."""
        machine = self.machines[printer]
        machine.doing = Doing.PRINTING
        machine.job, machine.attempt, machine.started_at = job.id, job.attempt, now
        machine.print = self.world.print_from(
            now, job.order, ordinal, job.attempt, printer, job.part
        )
        self.record.outcomes[job.order].prints += 1
        # An outage that kills it is due already.
        if not machine.print.killed:
            self._schedule(machine.print.ends_at, Due.PRINT_ENDS, printer)

    def change(self, now: float, printer: int, job: SeenJob) -> None:
        """Let the person change the material for a job."""
        machine = self.machines[printer]
        machine.doing = Doing.CHANGING
        machine.job, machine.attempt = job.id, job.attempt
        self._occupy_person(now, machine, self.world.changing(now), Due.CHANGED)

    def changed(self, printer: int, material: str) -> int:
        """Take the new material in; return the job it was changed for."""
        machine = self.machines[printer]
        machine.doing = Doing.IDLE
        machine.loaded = material
        return machine.job

    def end_print(self, now: float, printer: int) -> OnBed:
        """End the running print, good or not, and send the person to the bed."""
        machine = self.machines[printer]
        if machine.print is None:
            message = f"Printer {printer} prints nothing that could end."
            raise AssertionError(message)
        machine.doing = Doing.IDLE
        machine.bed_clear = False
        machine.on_bed = OnBed(machine.job, machine.attempt, machine.started_at, now, machine.print)
        self.record.add_busy(machine.started_at, now)
        minutes = self.world.clearing(machine.print.fate, now)
        done = self._occupy_person(now, machine, minutes, Due.BED_CLEAR)
        self.record.add_busy(done - minutes, done)
        machine.print = None
        return machine.on_bed

    def clear(self, printer: int) -> OnBed:
        """Free the bed; return what lay on it."""
        machine = self.machines[printer]
        if machine.on_bed is None:
            message = f"Nothing lies on the bed of printer {printer}."
            raise AssertionError(message)
        lay, machine.on_bed, machine.bed_clear = machine.on_bed, None, True
        return lay

    def progress(self, now: float, printer: int) -> float:
        """Return what the printer itself says of its progress, 0 to 1."""
        machine = self.machines[printer]
        if machine.print is None:
            return 0.0
        share = min((now - machine.started_at) / machine.print.full_minutes, 1.0)
        return float(share**machine.print.fate.progress_bend)

    def _occupy_person(self, now: float, machine: Machine, minutes: float, due: Due) -> float:
        """Put work behind what the point's person does already; return when it is done."""
        point = machine.point
        calendar = self.world.network.points[point].calendar
        begins = max(self.person_free_at[point], now)
        done = calendar.add_open(begins, minutes)
        self.person_free_at[point] = done
        machine.due_at = done
        self._schedule(done, due, machine.index)
        return done
