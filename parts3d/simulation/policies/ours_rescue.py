"""What policy ``ours`` does for promises at risk: what the project's rescue says."""

from dataclasses import dataclass, field
from datetime import timedelta

from parts3d.promises.rescue import Committed, CommittedState, at_risk, rescue
from parts3d.promises.rescue import Move as RescueMove
from parts3d.promises.rescue import MoveKind as RescueKind
from parts3d.simulation.policies.ours_learning import Learning
from parts3d.simulation.policies.ours_view import View
from parts3d.simulation.policy import Move, MoveKind
from parts3d.simulation.seen import JobState, Seen

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


@dataclass(slots=True)
class Rescuer:
    """Asks for each point what can be saved; ``watched`` are points where a promise is at risk."""

    seen: Seen
    view: View
    learning: Learning
    watched: set[int] = field(default_factory=set)
    log: dict[str, int] = field(default_factory=dict)

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
                [one],
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
            on = () if printer.job is None else (printer.job,)
            for number in (*on, *printer.queue):
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
                        may_hedge=len(under_way) == 1 and order.promised_at > now,
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
