"""Which job a free printer of policy ``ours`` starts: the most urgent of the whole point."""

from dataclasses import dataclass
from math import inf

from parts3d.promises.sequence import Waiting, urgency
from parts3d.simulation.policy import Move, MoveKind
from parts3d.simulation.seen import PrinterState, Seen, SeenPrinter


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Looks at queues as they are seen."""

    seen: Seen

    def next_job(self, now: float, printer: int) -> int | None:
        """Return the most urgent job of a printer's queue that may start now."""
        machine = self.seen.printers[printer]
        keys = [(key, job) for job in machine.queue if (key := self._key(now, machine, job)) < inf]
        return min(keys)[1] if keys else None

    def _key(self, now: float, printer: SeenPrinter, job: int) -> float:
        """Return how urgent a job is on a printer that is free; ``inf`` if it may not start."""
        seen = self.seen.jobs[job]
        point = self.seen.points[printer.point]
        part = self.seen.parts[seen.part]
        minutes = part.estimates[printer.model]
        due = self.seen.orders[seen.order].promised_at
        needs_change = part.material != printer.loaded
        able = True
        if needs_change:
            able = part.material in point.stock and point.calendar.is_open(now)
            minutes += self.seen.material_change_min
        return urgency(
            Waiting(
                str(job),
                inf if due is None else due,
                needs_change,
                able and point.may_start(now, minutes),
                minutes,
            ),
            point.evening_at(now),
        )

    def of_point(self, now: float, point: int) -> list[Move]:
        """Give the point's free printers the most urgent jobs of all its queues."""
        site = self.seen.points[point]
        if not site.online:
            return []
        free = [
            printer
            for index in site.printers
            if (printer := self.seen.printers[index]).state is PrinterState.IDLE
            and printer.bed_clear
        ]
        waiting = [job for index in site.printers for job in self.seen.printers[index].queue]
        moves: list[Move] = []
        while free and waiting:
            keys = [
                (key, self.seen.estimate(job, printer.index), job, printer.index)
                for printer in free
                for job in waiting
                if (key := self._key(now, printer, job)) < inf
            ]
            if not keys:
                break
            _, _, job, index = min(keys)
            waiting.remove(job)
            free = [printer for printer in free if printer.index != index]
            if self.seen.jobs[job].printer != index:
                moves.append(Move(MoveKind.TO_PRINTER, job, index, "free"))
        return moves
