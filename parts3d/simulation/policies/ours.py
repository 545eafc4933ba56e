"""Our own way: the project's planner, its rescue and its learning, in the simulated world."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import inf
from typing import ClassVar

from parts3d.points.calendar import minutes_of
from parts3d.promises.busy import eased, harm_limit, price_of_a_twin, scarcity
from parts3d.promises.futures.quote import (
    Levels,
    Quoted,
    doubled,
    glance,
    may_be_today,
    quote,
)
from parts3d.promises.futures.ready import FEW_SAMPLES, SAMPLES, Futures, Joined, Prints, join
from parts3d.promises.futures.scene import scene_of, times_at
from parts3d.promises.rule import MEASURED, Rule
from parts3d.simulation.policies.ours_dispatch import Dispatch
from parts3d.simulation.policies.ours_learning import Learning
from parts3d.simulation.policies.ours_rescue import Rescuer
from parts3d.simulation.policies.ours_view import View
from parts3d.simulation.policy import (
    Answer,
    Event,
    EventKind,
    Move,
    Promised,
    Refused,
)
from parts3d.simulation.seen import PrinterState, Seen, SeenOrder

_MOST_LOOKED_AT = 5
_MOST_TWINS = 8
# The horizon of a scenario is near: rather than to refuse, something less sure is promised.
_LEVELS = replace(MEASURED.levels, least_later=0.8)
_AWAY = 480.0  # minutes until a printer is back, or an agent, for a first guess
_ENDANGERS = frozenset({EventKind.FAILED, EventKind.REJECTED, EventKind.PRINTER_DOWN})
_FREES_PRINTERS = frozenset(
    {
        EventKind.PASSED,
        EventKind.REJECTED,
        EventKind.CLEARED,
        EventKind.FAILED,
        EventKind.PRINTER_DOWN,
        EventKind.PRINTER_UP,
        EventKind.CHANGED,
        EventKind.OPENS,
        EventKind.AGENT_BACK,
    }
)


@dataclass(frozen=True, slots=True)
class _Choice:
    """A point that was looked at for an order.

    ``offset`` is what lies between a scene's minutes and the simulation's; ``standing`` are its
    futures without the order, once they are known.
    """

    point: int
    joined: Joined
    new: Prints
    quoted: Quoted | None
    offset: float
    standing: list[Futures]
    is_twin: bool = False

    @property
    def ready_at(self) -> float:
        """The minute of the promise, by the scene's count; ``inf`` for none."""
        return inf if self.quoted is None else self.quoted.ready_at


@dataclass(slots=True)
class Ours:
    """Promises a quantile of what may happen, and mends what goes wrong."""

    name: ClassVar[str] = "ours"
    sweep_min: ClassVar[float | None] = 20.0
    wants: ClassVar[frozenset[EventKind]] = frozenset(EventKind) - {
        EventKind.STARTED,
        EventKind.CLOSES,
    }
    levels: Levels = _LEVELS
    twins: bool = True
    most_harm: float = MEASURED.most_harm
    harm_minutes: float = 20_000.0
    scarcity_minutes: float = 1500.0
    most_for_today: int = 1
    seen: Seen = field(init=False)
    view: View = field(init=False)
    learning: Learning = field(init=False)
    dispatch: Dispatch = field(init=False)
    rescuer: Rescuer = field(init=False)

    def begin(self, seen: Seen) -> None:
        """Take the network in."""
        self.seen = seen
        self.learning = Learning(seen)
        self.view = View(seen, self.learning)
        self.dispatch = Dispatch(seen)
        self.rescuer = Rescuer(seen, self.view, self.learning)

    # Promises ----------------------------------------------------------------------------------

    def answer(self, now: float, order: SeenOrder) -> Answer:
        """Promise the earliest minute that is sure enough, nearby."""
        choices = self._choices(now, order)
        best = self._best(choices)
        if self.twins and (best is None or best.quoted is None or not best.quoted.same_day):
            best = self._twin(choices[:_MOST_TWINS]) or best
        if best is None or best.quoted is None:
            return Refused()
        at = self.seen.round_up(best.ready_at - best.offset)
        if at > now + self.seen.horizon_min:
            return Refused()
        printers = self._fastest(now, best.point, order.part)
        twins = (printers[1],) if best.is_twin and len(printers) > 1 else ()
        return Promised(best.point, at, printers[0], twins, best.quoted.level)

    def _choices(self, now: float, order: SeenOrder) -> list["_Choice"]:
        """Return the points worth a closer look, by what they could promise at a glance."""
        found: list[_Choice] = []
        soonest = inf
        is_today = False
        for least, point in sorted(self._least(now, order)):
            enough = is_today or not self._may_be_today(now, point)
            if least >= soonest or (enough and len(found) >= _MOST_LOOKED_AT and soonest < inf):
                break
            material = self.seen.parts[order.part].material
            snapshot = self.view.point(point, now)
            moment = self.seen.moment(now)
            scene = scene_of(moment, snapshot, moment + timedelta(minutes=self.seen.horizon_min))
            new = Prints(
                [times_at(self.learning.need(order.part), snapshot)], [-1], [0], [material], [1]
            )
            joined = join(scene, new, samples=FEW_SAMPLES)
            quoted = glance(joined, self.levels)
            # Whole minutes, but for microseconds that ``moment`` cannot hold.
            offset = float(round(minutes_of(moment) - now))
            one = _Choice(point, joined, new, quoted, offset, [])
            found.append(one)
            soonest = min(soonest, one.ready_at - one.offset)
            is_today = is_today or (quoted is not None and quoted.same_day)
        return sorted(found, key=lambda one: (one.ready_at, one.point))

    def _may_be_today(self, now: float, point: int) -> bool:
        """Tell whether a point still opens today, or is open."""
        _, closes = self.seen.points[point].calendar.day_of(now)
        return self.seen.day(closes) == self.seen.day(now)

    def _best(self, choices: Sequence["_Choice"]) -> "_Choice | None":
        """Return the promise of the least cost; of those for today, only some are looked at."""
        best: _Choice | None = None
        today = 0
        for one in choices:
            is_worse = best is not None and one.ready_at >= self._cost(best)
            if is_worse and not may_be_today(one.joined):
                break
            quoted = self._quote(one, one.joined.with_samples(SAMPLES), self.levels)
            if quoted is None:
                continue
            known = replace(one, quoted=quoted)
            if best is None or self._cost(known) < self._cost(best):
                best = known
            today += quoted.harm <= self._most_harm(one) and quoted.same_day
            if today >= self.most_for_today:
                break
        return best

    def _quote(self, one: "_Choice", joined: Joined, levels: Levels) -> Quoted | None:
        if not one.standing:
            one.standing.append(join(joined.scene).run())
        rule = eased(Rule(MEASURED.aim, levels, self.most_harm), self.learning.load(one.point))
        return quote(joined, rule.levels, most_harm=rule.most_harm, standing=one.standing[0])

    def _most_harm(self, one: "_Choice") -> float:
        return harm_limit(self.learning.load(one.point), self.most_harm)

    def _cost(self, one: "_Choice") -> float:
        """Return the minute that was sure enough, and what it takes from others, in minutes."""
        if one.quoted is None:
            return inf
        late = max(1.0 - one.quoted.level, 0.0)
        scarce = scarcity(self.learning.load(one.point), self.seen.points[one.point].unattended)
        return (
            one.ready_at
            - one.quoted.slack
            + self.harm_minutes * (min(one.quoted.harm, 0.3) + late)
            + self.scarcity_minutes * scarce
        )

    def _twin(self, choices: Sequence["_Choice"]) -> "_Choice | None":
        """Return the earliest promise for today that two prints at once allow."""
        best: _Choice | None = None
        for one in choices:
            if sum(time is not None for time in one.new.times[0]) < 2:  # noqa: PLR2004 - it takes two
                continue
            if not may_be_today(one.joined):
                continue
            both = doubled(one.new, [-1])
            quoted = self._quote(one, join(one.joined.scene, both), self.levels.of_twins())
            if quoted is None or not quoted.same_day:
                continue
            backlog_minutes = one.joined.scene.backlog_minutes
            harm = quoted.harm + price_of_a_twin(self.learning.load(one.point), backlog_minutes)
            if harm <= self._most_harm(one) and (best is None or quoted.ready_at < best.ready_at):
                best = replace(one, new=both, quoted=quoted, is_twin=True)
        return best

    def _least(self, now: float, order: SeenOrder) -> Iterator[tuple[float, int]]:
        """Yield (no earlier than about this, point) for each candidate that can make the part."""
        part = self.seen.parts[order.part]
        for candidate in order.candidates:
            point = self.seen.points[candidate.point]
            if part.material not in point.stock:
                continue
            ends = inf
            for index in point.printers:
                printer = self.seen.printers[index]
                minutes = self.learning.print_time(order.part, printer.model).median_seconds / 60
                free_at = now
                if printer.state is PrinterState.DOWN or not point.online:
                    free_at += _AWAY  # for a while, nobody knows how long
                if printer.state is PrinterState.PRINTING and printer.job is not None:
                    running = self.seen.jobs[printer.job].part
                    time = self.learning.print_time(running, printer.model)
                    free_at = max(now, printer.since + time.median_seconds / 60)
                for job in printer.queue:
                    time = self.learning.print_time(self.seen.jobs[job].part, printer.model)
                    free_at += time.median_seconds / 120  # half: it may overtake
                ends = min(ends, free_at + minutes)
            if ends < inf:
                yield point.calendar.add_open(ends, 10.0), candidate.point

    def _fastest(self, now: float, point: int, part: int) -> list[int]:
        """Return the point's printers, the one that would end the part first before the others."""
        material = self.seen.parts[part].material

        def ends(index: int) -> float:
            printer = self.seen.printers[index]
            minutes = self.learning.print_time(part, printer.model).at(self.learning.pace(printer))
            at = minutes.median_seconds / 60
            if printer.state is PrinterState.DOWN:
                at += 24 * 60
            elif printer.state is not PrinterState.IDLE and printer.job is not None:
                other = self.seen.jobs[printer.job].part
                time = self.learning.print_time(other, printer.model)
                at += max(printer.since + time.median_seconds / 60 - now, 1.0) + 20
            elif not printer.bed_clear:
                at += 20
            at += 60 * len(printer.queue)
            return at + (self.seen.material_change_min if printer.loaded != material else 0)

        return sorted(self.seen.points[point].printers, key=ends)

    def next_job(self, now: float, printer: int) -> int | None:
        """Start the most urgent job of the queue that may start now."""
        return self.dispatch.next_job(now, printer)

    # What happens ------------------------------------------------------------------------------

    def heard(self, now: float, event: Event) -> Sequence[Move]:
        """Learn, and mend."""
        self._learn(now, event)
        if event.kind is EventKind.SWEEP:
            return [
                move
                for point in self.rescuer.to_look_at(now)
                for move in self.rescuer.of_point(now, point)
            ]
        if event.point is None:
            return ()
        moves = self.rescuer.of_point(now, event.point) if event.kind in _ENDANGERS else []
        if event.kind in _FREES_PRINTERS:
            moves += self.dispatch.of_point(now, event.point)
        return moves

    def _learn(self, now: float, event: Event) -> None:
        learning = self.learning
        if event.kind is EventKind.NIGHT:
            learning.fit(now)
            return
        if event.kind is EventKind.PRINTER_DOWN:
            learning.outages += 1
            return
        if event.printer is None or event.job is None or event.point is None:
            return
        printer = self.seen.printers[event.printer]
        if event.kind is EventKind.PRINTED and event.started_at is not None:
            part = self.seen.jobs[event.job].part
            learning.printed(now, printer, part, event.at - event.started_at)
        elif event.kind is EventKind.FAILED:
            learning.failed += 1
        elif event.kind in {EventKind.PASSED, EventKind.REJECTED, EventKind.CLEARED}:
            before = self.view.staff_done_at.get(event.point, 0.0)
            if event.printed_at is not None:
                calendar = self.seen.points[event.point].calendar
                begun = max(event.printed_at, before)
                learning.clearings.append(calendar.open_between(begun, event.at))
                if event.started_at is not None:
                    taken = event.printed_at - event.started_at
                    taken += calendar.open_between(event.printed_at, event.at)
                    learning.occupied(now, event.point, taken)
            learning.checked += event.kind is not EventKind.CLEARED
            learning.rejected += event.kind is EventKind.REJECTED
        if event.kind in {
            EventKind.PASSED,
            EventKind.REJECTED,
            EventKind.CLEARED,
            EventKind.CHANGED,
        }:
            self.view.staff_done_at[event.point] = event.at


__all__ = ["Ours"]
