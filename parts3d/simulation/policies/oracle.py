"""The oracle: knows all durations, failures and outages beforehand; greedy, and never late.

A reference, no bound: it takes orders as they come and plans each as early as it can be, without
making an earlier order late. It alone is handed the world's truth.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from parts3d.simulation.calendar import NEVER
from parts3d.simulation.floor import Floor
from parts3d.simulation.foresight import Ahead, Foresight
from parts3d.simulation.policy import Answer, FirstComeFirstServed, Promised, Refused
from parts3d.simulation.seen import SeenOrder, SeenPoint
from parts3d.simulation.world import World


@dataclass(slots=True)
class Oracle(FirstComeFirstServed):
    """Promises what will be."""

    name: ClassVar[str] = "oracle"
    foresight: Foresight = field(init=False)
    _truth: tuple[World, Floor] = field(init=False)

    def learn_truth(self, world: World, floor: Floor) -> None:
        """Take the truth in; the engine calls this before ``begin``, if there is such a method."""
        self._truth = world, floor

    def answer(self, now: float, order: SeenOrder) -> Answer:
        """Promise the earliest moment at which it will be ready without making others late."""
        world, floor = self._truth
        self.foresight = Foresight(world, floor, self.seen)
        best_ready, best = NEVER, None
        new = Ahead(len(self.seen.jobs), order.id, order.part, 1)
        for least, point, printer in sorted(self._least_times(now, order)):
            if least >= min(best_ready, now + self.seen.horizon_min):
                break
            times = self.foresight.ready_times(now, point, (printer, new), until=best_ready)
            ready = times.get(new.job, NEVER)
            if ready < best_ready and self._nobody_late(times, new.job):
                best_ready, best = ready, (point, printer)
        if best is None:
            return Refused()
        promised = self.seen.round_up(best_ready)
        if promised > now + self.seen.horizon_min:
            return Refused()
        return Promised(best[0], promised, best[1], level=1.0)

    def _nobody_late(self, times: Mapping[int, float], new: int) -> bool:
        for job, ready in times.items():
            if job == new:
                continue
            promised_at = self.seen.orders[self.seen.jobs[job].order].promised_at
            if promised_at is None or ready > promised_at:
                return False
        return True

    def _least_times(self, now: float, order: SeenOrder) -> list[tuple[float, int, int]]:
        """Return (no earlier than this, point, printer): one print, and what is under way there."""
        world, floor = self._truth
        material = self.seen.parts[order.part].material
        found = []
        for candidate in order.candidates:
            point = self.seen.points[candidate.point]
            # What a silent shop did is not in its queues yet; it takes nothing new meanwhile.
            if material not in point.stock or not point.online:
                continue
            tasks = self._tasks_under_way(point)
            for printer in point.printers:
                machine = floor.machines[printer]
                free_at = now if machine.print is None else machine.print.ends_at
                made = world.print_from(free_at, order.id, 0, 1, printer, order.part)
                ends = free_at + made.full_minutes
                # Whatever ends before goes before: the person takes one after another.
                index = bisect_left(tasks, (ends,))
                begins = max(ends, tasks[index - 1][1]) if index else ends
                clearing = world.clearing(made.fate, ends) if made.good else 0.0
                found.append((point.calendar.add_open(begins, clearing), point.index, printer))
        return found

    def _tasks_under_way(self, point: SeenPoint) -> list[tuple[float, float]]:
        """Return (comes up, is done) of the work at beds that is sure to come, in its order."""
        world, floor = self._truth
        done = floor.person_free_at[point.index]
        prints = [made for one in point.printers if (made := floor.machines[one].print) is not None]
        tasks = [(0.0, done)]
        for made in sorted(prints, key=lambda one: one.ends_at):
            begins = max(done, made.ends_at)
            done = point.calendar.add_open(begins, world.clearing(made.fate, made.ends_at))
            tasks.append((made.ends_at, done))
        return tasks
