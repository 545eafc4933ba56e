"""What policy ``ours`` sees, as the snapshots that the real planner plans with."""

from dataclasses import dataclass, field

from parts3d.points.hours import Hours
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.remaining import remaining
from parts3d.promises.snapshot import PointSnapshot, PrinterSnapshot
from parts3d.simulation.policies.ours_learning import Learning
from parts3d.simulation.seen import JobState, PrinterState, Seen, SeenPrinter

_REPAIR_HOURS = (1.0, 24.0)  # shortest and longest outage that is expected


@dataclass(slots=True)
class View:
    """Makes snapshots of points.

    Args:
        seen: the simulator's view.
        learning: what was learned.
        staff_done_at: by point, when its person was last heard to be done with something.
    """

    seen: Seen
    learning: Learning
    staff_done_at: dict[int, float] = field(default_factory=dict)
    _hours: dict[int, Hours] = field(default_factory=dict)

    def point(self, index: int, now: float) -> PointSnapshot:
        """Return a point as it is now, as far as it is known."""
        site = self.seen.points[index]
        hours = self._hours.get(index)
        if hours is None:
            hours = self._hours[index] = Hours.parse(site.calendar.text)
        lying = sorted(
            (self.seen.printers[one].printed_at or now, one)
            for one in site.printers
            if not self.seen.printers[one].bed_clear
            and self.seen.printers[one].state is not PrinterState.PRINTING
        )
        first = lying[0][1] if lying else None
        outages = self.learning.outages_per_hour(now)
        return PointSnapshot(
            id=site.id,
            opening_hours=hours,
            staffed_hours=hours,
            unattended=site.unattended,
            printers=tuple(
                self._printer(self.seen.printers[one], now, outages, is_first=one == first)
                for one in site.printers
            ),
            check_minutes=0,
            staff_minutes=self.learning.clearing,
            stock=site.stock,
            material_change_minutes=self.seen.material_change_min,
            shared_queue=True,
            reject_share=self.learning.reject_share,
            repair_hours=_REPAIR_HOURS,
            load=self.learning.load(index),
        )

    def _printer(
        self, printer: SeenPrinter, now: float, outages: float, *, is_first: bool
    ) -> PrinterSnapshot:
        running = lying = None
        lying_minutes = 0.0
        state = printer.state
        if state in {PrinterState.PRINTING, PrinterState.CHANGING} and printer.job is not None:
            running = self._running(printer, printer.job, now)
        elif not printer.bed_clear:
            if printer.job is not None and self.seen.jobs[printer.job].state is JobState.PRINTED:
                lying = self._queued(printer, printer.job)
            if is_first:
                since = max(printer.printed_at or now, self.staff_done_at.get(printer.point, 0.0))
                calendar = self.seen.points[printer.point].calendar
                lying_minutes = calendar.open_between(min(since, now), now)
        is_down = state is PrinterState.DOWN
        down_minutes = now - printer.since if is_down else 0.0
        # Whatever has lasted longer than nearly all: nobody knows when it ends.
        is_expected = is_down and down_minutes < 60 * _REPAIR_HOURS[1]
        return PrinterSnapshot(
            printer.id,
            self.seen.models[printer.model],
            printer.loaded,
            available=not is_down,
            running=running,
            waiting=tuple(self._queued(printer, job) for job in printer.queue),
            bed_clear=printer.bed_clear,
            pace=self.learning.pace(printer),
            lying=lying,
            lying_minutes=lying_minutes,
            outages_per_hour=outages,
            down_minutes=down_minutes if is_expected else None,
        )

    def _queued(
        self, printer: SeenPrinter, job: int, time: PrintTime | None = None, done: float = 0.0
    ) -> Queued:
        seen = self.seen.jobs[job]
        order = self.seen.orders[seen.order]
        part = self.seen.parts[seen.part]
        if time is None:
            time = self.learning.print_time(seen.part, printer.model).at(
                self.learning.pace(printer)
            )
        return Queued(
            time,
            job_id=str(job),
            order_id=str(seen.order),
            due_at=None if order.promised_at is None else self.seen.moment(order.promised_at),
            material=part.material,
            print_times={
                name: self.learning.print_time(seen.part, model)
                for model, name in enumerate(self.seen.models)
            },
            hedge_of=f"order-{seen.order}",
            done_share=done,
        )

    def _running(self, printer: SeenPrinter, job: int, now: float) -> Queued:
        """Return a running print with what is left: prediction and the printer's report."""
        part = self.seen.jobs[job].part
        whole = self.learning.print_time(part, printer.model).at(self.learning.pace(printer))
        if printer.state is PrinterState.CHANGING:
            change = max(self.seen.material_change_min - (now - printer.since), 0.0)
            left = PrintTime(
                whole.median_seconds + 60 * change,
                max(whole.sigma, 0.01),
                whole.failure_probability,
            )
            return self._queued(printer, job, left)
        told = None
        if printer.progress > 0:
            told = 60 * (printer.progress_at - printer.since) / printer.progress
        left, done = remaining(
            whole, 60 * (now - printer.since), told_seconds=told, progress=printer.progress
        )
        return self._queued(printer, job, left, done)
