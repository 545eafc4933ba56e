"""The virtual clock: brings orders, what happens at the points, and a policy's answers together."""

from collections.abc import Callable, Sequence
from heapq import heapify, heappop, heappush
from time import perf_counter

from parts3d.simulation.calendar import MINUTES_PER_DAY
from parts3d.simulation.floor import Doing, Due, Floor, OnBed
from parts3d.simulation.hearing import Hearing
from parts3d.simulation.moving import Moving
from parts3d.simulation.policy import Event, EventKind, Move, Policy, Promised
from parts3d.simulation.record import Outcome, Record
from parts3d.simulation.seen import JobState, PrinterState, Seen, SeenJob, SeenOrder
from parts3d.simulation.world import World

_NIGHT_AT = 180.0  # 3 o'clock
# What is told of how far a run is: the share that is done.
Tell = Callable[[float], object]


def simulate(world: World, policy: Policy, tell: Tell | None = None) -> Record:
    """Run a policy through a world and return what came of it."""
    return Engine(world, policy).run(tell)


class Engine:
    """One run. ``simulate`` is the way in; the oracle is handed the engine's truth."""

    def __init__(self, world: World, policy: Policy) -> None:
        self.world = world
        self.policy = policy
        start, end = world.measured
        self.record = Record(policy.name, start, end, staffed_minutes=world.staffed_minutes())
        self.seen: Seen = world.view()
        self.floor = Floor(world, self.record, self._schedule)
        self.hearing = Hearing(self.seen, self._deliver)
        self.moving = Moving(self.seen, self._try_start)
        self.now = 0.0
        self._due: list[tuple[float, int, Due, int]] = []
        self._number = 0
        self._unserved = 0  # measured orders that were promised and are not ready

    def run(self, tell: Tell | None = None) -> Record:
        """Run until every measured order is ready, or the time is up."""
        self._foresee()
        learn = getattr(self.policy, "learn_truth", None)
        if learn is not None:
            learn(self.world, self.floor)
        self.policy.begin(self.seen)
        demand = self.world.demand
        until, told = self.world.ends_at, 0.0
        following, count = 0, len(demand)
        while self._due:
            at = self._due[0][0]
            if following < count and demand[following].placed_at <= at:
                self.now = demand[following].placed_at
                self._order(following)
                following += 1
            elif at > until:
                break
            else:
                at, _, due, index = heappop(self._due)
                self.now = at
                self._happen(due, index)
            if self.now >= self.record.end and not self._unserved:
                break
            if tell is not None and self.now - told >= MINUTES_PER_DAY:
                told = self.now
                tell(min(told / self.record.end, 1.0))
        self.record.run_until = self.now
        return self.record

    def _schedule(self, at: float, due: Due, index: int) -> None:
        self._number += 1
        heappush(self._due, (at, self._number, due, index))

    def _foresee(self) -> None:
        """Put what does not depend on the policy on the calendar."""
        until = self.world.ends_at
        spells = (
            (self.world.trouble.outages, Due.DOWN, Due.UP),
            (self.world.trouble.silences, Due.SILENT, Due.BACK),
        )
        found: list[tuple[float, Due, int]] = [
            (at, due, index)
            for all_spells, begins, ends in spells
            for index, one in enumerate(all_spells)
            for start, end in one.spans
            if start <= until
            for at, due in ((start, begins), (end, ends))
        ]
        for index, point in enumerate(self.world.network.points):
            calendar = point.calendar
            found += [(at, Due.OPENS, index) for at in calendar.opens]
            found += [(at, Due.CLOSES, index) for at in calendar.closes]
        days = int(until // MINUTES_PER_DAY)
        if EventKind.NIGHT in self.policy.wants:
            found += [(day * MINUTES_PER_DAY + _NIGHT_AT, Due.NIGHT, 0) for day in range(days)]
        self._due = [(at, number, due, index) for number, (at, due, index) in enumerate(found)]
        self._number = len(self._due)
        heapify(self._due)
        if self.policy.sweep_min is not None:
            self._schedule(self.policy.sweep_min, Due.SWEEP, 0)

    # Orders ------------------------------------------------------------------------------------

    def _order(self, number: int) -> None:
        demanded = self.world.demand[number]
        order = SeenOrder(number, self.now, demanded.part, demanded.candidates)
        self.seen.orders[number] = order
        outcome = Outcome(self.now)
        self.record.outcomes.append(outcome)
        begun = perf_counter()
        answer = self.policy.answer(self.now, order)
        took = (perf_counter() - begun) * 1000
        self.record.decisions += 1
        is_measured = self.record.start <= self.now < self.record.end
        if is_measured:
            self.record.decision_ms.append(took)
        if not isinstance(answer, Promised):
            return
        self._check_answer(answer, order)
        order.point, order.promised_at, order.level = answer.point, answer.ready_at, answer.level
        outcome.point, outcome.promised_at, outcome.level = (
            order.point,
            answer.ready_at,
            order.level,
        )
        outcome.model = self.seen.printers[answer.printer].model
        self._unserved += is_measured
        jobs = [self.moving.add_job(order, answer.printer, None)]
        jobs += [self.moving.add_job(order, twin, jobs[0].id) for twin in answer.twins]
        for job in jobs:
            self._try_start(job.printer)

    def _check_answer(self, answer: Promised, order: SeenOrder) -> None:
        """Hold a policy to what may be promised; a breach is its author's fault."""
        points = {candidate.point for candidate in order.candidates}
        material = self.seen.parts[order.part].material
        fits = answer.point in points and self.seen.printers[answer.printer].point == answer.point
        for printer in (answer.printer, *answer.twins):
            at = self.seen.printers[printer].point
            fits = fits and at in points and material in self.seen.points[at].stock
        if not fits or not self.now <= answer.ready_at <= self.now + self.seen.horizon_min:
            message = f"{self.policy.name} promised what cannot be: {answer}."
            raise ValueError(message)

    # What happens ------------------------------------------------------------------------------

    def _happen(self, due: Due, index: int) -> None:
        if due == Due.PRINT_ENDS:
            lies = self.floor.end_print(self.now, index)
            kind = EventKind.PRINTED if lies.print.good else EventKind.FAILED
            self.hearing.happened(self._event(kind, index, lies))
        elif due == Due.BED_CLEAR:
            self._bed_clear(index)
        elif due == Due.CHANGED:
            machine = self.floor.machines[index]
            part = self.seen.jobs[machine.job].part
            job = self.floor.changed(index, self.seen.parts[part].material)
            self.hearing.happened(Event(EventKind.CHANGED, self.now, machine.point, index, job))
        elif due in {Due.DOWN, Due.UP}:
            self._down_or_up(index, is_down=due == Due.DOWN)
        elif due == Due.SILENT:
            self.hearing.silent(index, self.now)
        elif due == Due.BACK:
            self.hearing.back(index, self.now)
            self._try_start_all(self.seen.points[index].printers)
        elif due in {Due.OPENS, Due.CLOSES}:
            kind = EventKind.OPENS if due == Due.OPENS else EventKind.CLOSES
            self._deliver(Event(kind, self.now, index))
            if due == Due.OPENS:
                self._try_start_all(self.seen.points[index].printers)
        elif due == Due.SWEEP:
            self._sweep()
        else:
            self._deliver(Event(EventKind.NIGHT, self.now))

    def _bed_clear(self, printer: int) -> None:
        lay = self.floor.clear(printer)
        kind = EventKind.CLEARED
        if lay.print.good:
            kind = EventKind.REJECTED if lay.print.fate.rejected else EventKind.PASSED
        if kind is EventKind.PASSED:
            outcome = self.record.outcomes[self.seen.jobs[lay.job].order]
            if outcome.ready_at is None:
                outcome.ready_at = self.now
                outcome.ready_point = self.floor.machines[printer].point
                self._unserved -= self.record.start <= outcome.placed_at < self.record.end
        self.hearing.happened(self._event(kind, printer, lay))

    def _down_or_up(self, printer: int, *, is_down: bool) -> None:
        machine = self.floor.machines[printer]
        machine.down = is_down
        kind = EventKind.PRINTER_DOWN if is_down else EventKind.PRINTER_UP
        lies = None
        if is_down and machine.doing == Doing.PRINTING:
            lies = self.floor.end_print(self.now, printer)
        self.hearing.happened(self._event(kind, printer, lies))

    def _event(self, kind: EventKind, printer: int, lies: OnBed | None) -> Event:
        point = self.floor.machines[printer].point
        if lies is None:
            return Event(kind, self.now, point, printer)
        return Event(
            kind,
            self.now,
            point,
            printer,
            lies.job,
            lies.attempt,
            started_at=lies.started_at,
            printed_at=lies.ended_at,
        )

    def _sweep(self) -> None:
        sweep_min = self.policy.sweep_min
        if sweep_min is None:
            return
        for printer in self.seen.printers:
            is_heard = not self.hearing.is_silent(printer.point)
            if printer.state is PrinterState.PRINTING and is_heard:
                printer.progress = self.floor.progress(self.now, printer.index)
                printer.progress_at = self.now
        self._deliver(Event(EventKind.SWEEP, self.now))
        self._try_start_all(range(len(self.seen.printers)))
        self._schedule(self.now + sweep_min, Due.SWEEP, 0)

    # Answers to it -----------------------------------------------------------------------------

    def _deliver(self, event: Event) -> None:
        """Tell the policy, do what it says, and let the printer go on."""
        if event.kind is EventKind.CHANGED and event.printer is not None and event.job is not None:
            self._start_changed(event.printer, event.job)
        if event.kind in self.policy.wants:
            self._carry_out(self.policy.heard(self.now, event))
        if event.printer is not None:
            self._try_start(event.printer)

    def _carry_out(self, moves: Sequence[Move]) -> None:
        for move in moves:
            self.moving.carry_out(move)

    def _try_start_all(self, printers: Sequence[int]) -> None:
        for printer in printers:
            if self.seen.printers[printer].queue:
                self._try_start(printer)

    def _try_start(self, printer: int) -> None:
        """Let the policy say what the printer starts, if it can start anything."""
        queue = self.seen.printers[printer].queue
        if not queue or not self._is_free(printer):
            return
        chosen = self.policy.next_job(self.now, printer)
        if chosen is None:
            return
        if chosen not in queue:
            message = f"{self.policy.name} starts job {chosen}, which does not wait there."
            raise ValueError(message)
        job = self.seen.jobs[chosen]
        machine = self.floor.machines[printer]
        point = self.seen.points[machine.point]
        part = self.seen.parts[job.part]
        minutes = part.estimates[machine.model]
        if part.material == machine.loaded:
            if point.may_start(self.now, minutes):
                self._print(printer, job)
            return
        minutes += self.seen.material_change_min
        if point.calendar.is_open(self.now) and point.may_start(self.now, minutes):
            self.moving.take_out(job)
            shown = self.seen.printers[printer]
            shown.state, shown.job, shown.since = PrinterState.CHANGING, job.id, self.now
            job.state = JobState.CHANGING
            self.floor.change(self.now, printer, job)

    def _start_changed(self, printer: int, chosen: int) -> None:
        """Start what the material was changed for, if that is still to be had."""
        job = self.seen.jobs[chosen]
        machine = self.floor.machines[printer]
        minutes = self.seen.parts[job.part].estimates[machine.model]
        is_wanted = job.state is JobState.WAITING and job.printer == printer
        if (
            is_wanted
            and self._is_free(printer)
            and self.seen.points[machine.point].may_start(self.now, minutes)
        ):
            self._print(printer, job)

    def _is_free(self, printer: int) -> bool:
        point = self.floor.machines[printer].point
        return self.floor.is_ready(printer) and not self.hearing.is_silent(point)

    def _print(self, printer: int, job: SeenJob) -> None:
        self.moving.take_out(job)
        shown = self.seen.printers[printer]
        shown.state, shown.job, shown.since = PrinterState.PRINTING, job.id, self.now
        shown.progress, shown.progress_at = 0.0, self.now
        job.state = JobState.PRINTING
        ordinal = self.seen.orders[job.order].jobs.index(job.id)
        self.floor.print(self.now, printer, job, ordinal)
        if EventKind.STARTED in self.policy.wants:
            started = Event(EventKind.STARTED, self.now, shown.point, printer, job.id, job.attempt)
            self._carry_out(self.policy.heard(self.now, started))
