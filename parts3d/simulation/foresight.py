"""What will truly come of a point's queues: the world's own rules, run ahead for the oracle.

It repeats in a small loop what ``engine`` and ``floor`` do to one point, without a policy and
without reports. That both agree is held by a test: the oracle is never late.
"""

from collections.abc import Mapping
from heapq import heappop, heappush
from typing import NamedTuple

from parts3d.simulation.calendar import NEVER
from parts3d.simulation.floor import Doing, Floor
from parts3d.simulation.seen import Seen, SeenPoint
from parts3d.simulation.world import Print, World

_TRY, _PRINTED, _CLEAR, _CHANGED = range(4)


class Ahead(NamedTuple):
    """A job on its way, and which attempt comes next."""

    job: int
    order: int
    part: int
    attempt: int


class Foresight:
    """Knows the truth of a world, and runs its points ahead from where they are."""

    def __init__(self, world: World, floor: Floor, seen: Seen) -> None:
        self.world = world
        self.floor = floor
        self.seen = seen

    def ready_times(
        self,
        now: float,
        point: int,
        more: tuple[int, Ahead] | None = None,
        *,
        until: float = NEVER,
    ) -> Mapping[int, float]:
        """Return when each job is ready that is on or before a point's printers, by its number.

        What is not ready in sight is ready at ``NEVER``: a print as long as the day, at a point
        that prints only while attended, fits no more once its material has to be changed first.

        Args:
            now: from here on.
            point: index.
            more: a printer, and a job that joins its queue now.
            until: give up when ``more`` is not ready by then.
        """
        run = _PointRun(self, now, self.seen.points[point])
        for printer in self.seen.points[point].printers:
            queue = [self.ahead(job) for job in self.seen.printers[printer].queue]
            if more is not None and more[0] == printer:
                queue.append(more[1])
            run.add_printer(printer, queue)
        return run.finish(until, None if more is None else more[1].job)

    def ahead(self, job: int) -> Ahead:
        """Return a job that waits."""
        seen = self.seen.jobs[job]
        return Ahead(job, seen.order, seen.part, seen.attempt)


class _PointRun:
    """One point, run ahead. The oracle makes no hedges: an order has one job."""

    def __init__(self, foresight: Foresight, now: float, point: SeenPoint) -> None:
        self.world = foresight.world
        self.machines = foresight.floor.machines
        self.seen = foresight.seen
        self.foresight = foresight
        self.point = point
        self.now = now
        self.person_free_at = foresight.floor.person_free_at[point.index]
        self.queues: dict[int, list[Ahead]] = {}
        self.loaded: dict[int, str] = {}
        self.made: dict[int, tuple[Ahead, Print]] = {}
        self.ready: dict[int, float] = {}
        self.awaited: list[int] = []
        # By time; at an opening all printers try in the order of their numbers, as in the engine.
        self._due: list[tuple[float, int, int]] = []

    def add_printer(self, printer: int, queue: list[Ahead]) -> None:
        """Take a printer as it truly is now."""
        machine = self.machines[printer]
        self.queues[printer], self.loaded[printer] = queue, machine.loaded
        if machine.on_bed is not None:
            ahead = self.foresight.ahead(machine.on_bed.job)._replace(
                attempt=machine.on_bed.attempt
            )
            self.made[printer] = ahead, machine.on_bed.print
            self._push(machine.due_at, _CLEAR, printer)
        elif machine.doing == Doing.PRINTING and machine.print is not None:
            self.made[printer] = self.foresight.ahead(machine.job), machine.print
            self._push(machine.print.ends_at, _PRINTED, printer)
        elif machine.doing == Doing.CHANGING:
            queue.insert(0, self.foresight.ahead(machine.job))
            self._push(machine.due_at, _CHANGED, printer)
        else:
            self._push(self.now, _TRY, printer)
        self.awaited += [ahead.job for ahead in queue]
        if printer in self.made:
            self.awaited.append(self.made[printer][0].job)

    def finish(self, until: float, wanted: int | None) -> Mapping[int, float]:
        """Run until nothing is left to do, or it is too late for the job that is wanted."""
        while self._due:
            at, what, printer = heappop(self._due)
            if at == NEVER or (at >= until and wanted not in self.ready):
                break
            if what == _TRY:
                self._try(at, printer)
            elif what == _PRINTED:
                self._printed(at, printer)
            elif what == _CLEAR:
                self._cleared(at, printer)
            else:
                part = self.queues[printer][0].part
                self.loaded[printer] = self.seen.parts[part].material
                self._push(at, _TRY, printer)
        return dict.fromkeys(self.awaited, NEVER) | self.ready

    def _push(self, at: float, what: int, printer: int) -> None:
        heappush(self._due, (at, what, printer))

    def _try(self, at: float, printer: int) -> None:
        queue = self.queues[printer]
        if not queue:
            return
        trouble = self.world.trouble
        free_at = trouble.silences[self.point.index].over_at(at)
        free_at = max(free_at, trouble.outages[printer].over_at(at))
        if free_at > at:
            self._push(free_at, _TRY, printer)
            return
        model = self.machines[printer].model
        calendar = self.point.calendar
        for place, ahead in enumerate(queue):
            part = self.seen.parts[ahead.part]
            minutes = part.estimates[model]
            is_loaded = part.material == self.loaded[printer]
            if not is_loaded:
                if not calendar.is_open(at):
                    continue
                minutes += self.seen.material_change_min
            if self.point.may_start(at, minutes):
                queue.insert(0, queue.pop(place))
                if is_loaded:
                    self._print(at, printer)
                else:
                    self._occupy_person(at, self.world.changing(at), _CHANGED, printer)
                return
        # Nothing of it may start before the shop opens again.
        self._push(calendar.opens_after(at), _TRY, printer)

    def _print(self, at: float, printer: int) -> None:
        ahead = self.queues[printer].pop(0)
        made = self.world.print_from(at, ahead.order, 0, ahead.attempt, printer, ahead.part)
        self.made[printer] = ahead, made
        self._push(made.ends_at, _PRINTED, printer)

    def _printed(self, at: float, printer: int) -> None:
        ahead, made = self.made[printer]
        if not made.good:
            self.queues[printer].insert(0, ahead._replace(attempt=ahead.attempt + 1))
        self._occupy_person(at, self.world.clearing(made.fate, at), _CLEAR, printer)

    def _cleared(self, at: float, printer: int) -> None:
        ahead, made = self.made.pop(printer)
        if made.good and made.fate.rejected:
            self.queues[printer].insert(0, ahead._replace(attempt=ahead.attempt + 1))
        elif made.good:
            self.ready[ahead.job] = at
        self._try(at, printer)

    def _occupy_person(self, at: float, minutes: float, what: int, printer: int) -> None:
        begins = max(self.person_free_at, at)
        self.person_free_at = self.point.calendar.add_open(begins, minutes)
        self._push(self.person_free_at, what, printer)
