"""What policy ``ours`` does for promises at risk: what the project's rescue says."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from parts3d.promises.rescue import Committed, CommittedState, at_risk, rescue
from parts3d.promises.rescue import Move as RescueMove
from parts3d.promises.rescue import MoveKind as RescueKind
from parts3d.simulation.policies.ours_learning import Learning
from parts3d.simulation.policies.ours_view import View
from parts3d.simulation.policy import Move, MoveKind
from parts3d.simulation.seen import JobState, PrinterState, Seen, SeenPoint, SeenPrinter

_HORIZON = timedelta(days=5)
_MAY_LEAVE_FROM = 0.3  # chance to be late from which another point is looked at
_UNDER_WAY = frozenset({JobState.WAITING, JobState.CHANGING, JobState.PRINTING, JobState.PRINTED})
_STATES = {
    JobState.WAITING: CommittedState.WAITING,
    JobState.CHANGING: CommittedState.RUNNING,
    JobState.PRINTING: CommittedState.RUNNING,
    JobState.PRINTED: CommittedState.PRINTED,
}
_MOST_LOOKED_AT = 5
# In good time: so much of a print's usual time, and so many minutes for people, before the promise.
_AGAIN, _PEOPLE_MIN = 1.2, 90.0
_LOOK_AGAIN_MIN = 60.0


@dataclass(slots=True)
class Rescuer:
    """Asks for each point what can be saved; ``watched`` are points where a promise is at risk."""

    seen: Seen
    view: View
    learning: Learning
    watched: set[int] = field(default_factory=set)
    log: dict[str, int] = field(default_factory=dict)
    _marks: dict[int, tuple[tuple[object, ...], float]] = field(default_factory=dict)

    def to_look_at(self, now: float) -> list[int]:
        """Return the points to be looked at in a sweep.

        Where a promise is at risk already, and where people and an idle printer are and a print
        for today could not be made again in good time should it fail now.
        """
        return sorted(
            point.index
            for point in self.seen.points
            if (point.index in self.watched and self._has_changed(now, point))
            or (self._can_help(now, point) and self._has_tight(now, point))
        )

    def _has_changed(self, now: float, point: SeenPoint) -> bool:
        """Tell whether anything at a point is otherwise than when this was asked, or long ago."""
        mark = tuple(
            (one.state, one.bed_clear, one.job, one.queue)
            for one in (self.seen.printers[index] for index in point.printers)
        )
        known, asked_at = self._marks.get(point.index, ((), -_LOOK_AGAIN_MIN))
        if mark == known and now - asked_at < _LOOK_AGAIN_MIN:
            return False
        self._marks[point.index] = (mark, now)
        return True

    def _can_help(self, now: float, point: SeenPoint) -> bool:
        if not point.calendar.is_open(now):
            return False
        printers = (self.seen.printers[index] for index in point.printers)
        return any(
            one.state is PrinterState.IDLE and one.bed_clear and not one.queue for one in printers
        )

    def _has_tight(self, now: float, point: SeenPoint) -> bool:
        printers = (self.seen.printers[index] for index in point.printers)
        return any(self._is_tight(now, one, job) for one in printers for job in _jobs_at(one))

    def _is_tight(self, now: float, printer: SeenPrinter, number: int) -> bool:
        job = self.seen.jobs[number]
        order = self.seen.orders[job.order]
        due = order.promised_at
        if due is None or order.ready_at is not None or self.seen.day(due) > self.seen.day(now):
            return False
        minutes = self.learning.print_time(job.part, printer.model).median_seconds / 60
        runs = number == printer.job
        ends = max(printer.since + minutes, now) if runs else now + minutes
        return due - ends < _AGAIN * minutes + _PEOPLE_MIN

    def of_point(self, now: float, point: int) -> list[Move]:
        """Do what the project's rescue says for the promises of a point."""
        self.watched.discard(point)
        committed = self._committed(now, point)
        if not committed:
            return []
        moment = self.seen.moment(now)
        here = self.view.point(point, now)
        endangered = at_risk(moment, here, committed, horizon=_HORIZON)
        if not endangered:
            return []
        self.watched.add(point)
        said = rescue(moment, [here], committed, quantile=0.99, horizon=_HORIZON)
        moves = [self._as_move(one) for one in said if one.kind is RescueKind.HEDGE]
        helped = {one.order_id for one in said if one.kind is RescueKind.HEDGE}
        for one, late in endangered:
            if late < _MAY_LEAVE_FROM or one.order_id in helped or not one.may_leave:
                continue
            helped.add(one.order_id)
            near = [
                self.view.point(candidate.point, now)
                for candidate in self.seen.orders[int(one.order_id)].candidates
                if candidate.point != point and self.seen.points[candidate.point].online
            ]
            said = rescue(
                moment,
                [here, *near[:_MOST_LOOKED_AT]],
                [replace(one, may_hedge=False)],  # was looked at above
                quantile=0.99,
                horizon=_HORIZON,
            )
            moves += [self._as_move(two) for two in said if two.kind is not RescueKind.TELL]
        return moves

    def _committed(self, now: float, point: int) -> list[Committed]:
        """Return the prints at a point that somebody waits for."""
        found = []
        for index in self.seen.points[point].printers:
            printer = self.seen.printers[index]
            for number in _jobs_at(printer):
                job = self.seen.jobs[number]
                order = self.seen.orders[job.order]
                if order.promised_at is None or order.ready_at is not None:
                    continue
                under_way = [one for one in order.jobs if self.seen.jobs[one].state in _UNDER_WAY]
                found.append(
                    Committed(
                        str(number),
                        str(order.id),
                        self.seen.moment(order.promised_at),
                        self.seen.points[point].id,
                        printer.id,
                        _STATES[job.state],
                        self.learning.need(order.part),
                        hedge_of=None if len(under_way) == 1 else f"order-{order.id}",
                        may_leave=order.promised_at > now,
                        may_hedge=len(under_way) == 1,
                    )
                )
        return found

    def _as_move(self, one: RescueMove) -> Move:
        kind = MoveKind.HEDGE if one.kind is RescueKind.HEDGE else MoveKind.TO_PRINTER
        printer = next(
            printer.index for printer in self.seen.printers if printer.id == one.to_printer_id
        )
        self.log[one.kind] = self.log.get(one.kind, 0) + 1
        return Move(kind, int(one.job_id), printer, one.kind.value)


def _jobs_at(printer: SeenPrinter) -> tuple[int, ...]:
    """Return what prints or lies on a printer, and what waits for it."""
    return printer.queue if printer.job is None else (printer.job, *printer.queue)
