"""Moves, refusals and breaches: what the engine carries out and what it does not."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from parts3d.simulation.engine import Engine, simulate
from parts3d.simulation.figures import figures_of, mean_figures
from parts3d.simulation.policies.naive import EarliestNaive
from parts3d.simulation.policy import (
    Answer,
    Event,
    EventKind,
    Move,
    MoveKind,
    Promised,
    Refused,
)
from parts3d.simulation.record import Outcome, Record
from parts3d.simulation.seen import JobState, SeenOrder
from tests.simulation.worlds import Watcher, world


@dataclass(slots=True)
class _Hedging(EarliestNaive):
    """Hedges every print that failed, on whatever other printer a candidate has."""

    name: ClassVar[str] = "hedging"
    wants: ClassVar[frozenset[EventKind]] = frozenset({EventKind.FAILED, EventKind.STARTED})
    hedged: list[int] = field(default_factory=list)

    def heard(self, now: float, event: Event) -> Sequence[Move]:  # noqa: ARG002
        if event.kind is not EventKind.FAILED or event.job is None:
            return ()
        job = self.seen.jobs[event.job]
        order = self.seen.orders[job.order]
        others = [
            printer
            for candidate in order.candidates
            for printer in self.seen.points[candidate.point].printers
            if printer != event.printer
        ]
        self.hedged.append(job.order)
        return [Move(MoveKind.HEDGE, job.id, others[0]), Move(MoveKind.CANCEL, job.id)]


def test_a_hedge_serves_the_order_and_what_still_waits_goes() -> None:
    policy = _Hedging()
    engine = Engine(world(6, quality={"fail": 0.3}), policy)
    record = engine.run()
    assert len(policy.hedged) > 10
    for number in policy.hedged:
        order = engine.seen.orders[number]
        jobs = [engine.seen.jobs[job] for job in order.jobs]
        assert len(jobs) > 1
        if order.ready_at is not None:
            assert not [job for job in jobs if job.state is JobState.WAITING]
            assert record.outcomes[number].ready_at == order.ready_at
    assert any(one.moved for one in record.outcomes)


@dataclass(slots=True)
class _Twins(EarliestNaive):
    name: ClassVar[str] = "twins"

    def answer(self, now: float, order: SeenOrder) -> Answer:
        found = EarliestNaive.answer(self, now, order)
        if isinstance(found, Refused):
            return found
        twins = [one for one in self.seen.points[found.point].printers if one != found.printer]
        return Promised(found.point, found.ready_at, found.printer, tuple(twins[:1]), level=0.9)


def test_twins_print_more_and_are_ready_no_later_in_an_empty_network() -> None:
    drawn = world(6, demand={"utilisation": 0.05}, quality={"fail": 0.3})
    alone, twins = simulate(drawn, EarliestNaive()), simulate(drawn, _Twins())
    assert sum(one.prints for one in twins.outcomes) > sum(one.prints for one in alone.outcomes)
    kept_alone = sum(one.kept for one in alone.outcomes)
    assert sum(one.kept for one in twins.outcomes) >= kept_alone
    assert {one.level for one in twins.outcomes} <= {0.9, None}


@dataclass(slots=True)
class _Absurd(EarliestNaive):
    name: ClassVar[str] = "absurd"

    def answer(self, now: float, order: SeenOrder) -> Answer:
        return Promised(order.candidates[0].point, now - 5, 0)


def test_a_promise_that_cannot_be_is_the_policy_s_fault() -> None:
    with pytest.raises(ValueError, match="absurd promised what cannot be"):
        simulate(world(1), _Absurd())


@dataclass(slots=True)
class _Refusing(EarliestNaive):
    name: ClassVar[str] = "refusing"

    def answer(self, now: float, order: SeenOrder) -> Answer:  # noqa: ARG002
        return Refused()


def test_a_refusal_is_no_kept_promise() -> None:
    figures = figures_of(simulate(world(1), _Refusing()), [0, 1, 2, 3, 4, 5])
    assert figures.orders > 10
    assert (figures.kept, figures.refused, figures.moved) == (0, 1, 0)
    assert figures.kept_same_day is None
    assert figures.utilisation == 0


def test_progress_is_told_at_the_sweep_only() -> None:
    watcher = Watcher()
    simulate(world(2), watcher)
    sweeps = [event.at for event in watcher.events if event.kind is EventKind.SWEEP]
    assert sweeps[:3] == [30, 60, 90]
    seen = [printer for printer in watcher.seen.printers if printer.progress]
    assert all(0 <= printer.progress <= 1 for printer in seen)


def test_figures_are_counted_as_they_are_named() -> None:
    day = 1440.0
    record = Record("made up", 0.0, 2 * day, staffed_minutes=1000.0, run_until=5 * day)
    record.outcomes = [
        # Kept on the day it was ordered.
        Outcome(600, 900, 1, ready_at=890, ready_point=1),
        # Kept elsewhere.
        Outcome(600, 900, 1, ready_at=900, ready_point=2),
        # Late by an hour, after 15:00 and on the second day.
        Outcome(day + 960, 2 * day + 600, 1, ready_at=2 * day + 660, ready_point=1),
        # Refused.
        Outcome(700),
        # Never ready.
        Outcome(day + 600, day + 800, 1),
    ]
    record.busy_minutes = 250
    figures = figures_of(record, [0, 1])
    assert (figures.kept, figures.kept_at_point) == (2 / 5, 1 / 5)
    assert figures.kept_same_day == 2 / 3
    assert figures.promised_same_day_before_15 == 3 / 4
    assert figures.ready_same_day_before_15 == 2 / 4
    assert figures.late_median_min == pytest.approx((60 + 4 * day - 800) / 2)
    assert figures.moved == figures.refused == 1 / 5
    assert figures.worst_day_kept == 0
    assert figures.utilisation == 0.25
    assert figures_of(record, [0]).promised_same_day_before_15 == 2 / 3
    both = mean_figures([figures, figures])
    assert both.orders == 10
    assert both.kept == figures.kept


@dataclass(slots=True)
class _Fleeing(EarliestNaive):
    """Moves what waits at a printer that breaks down to the others of its point, at once."""

    name: ClassVar[str] = "fleeing"
    wants: ClassVar[frozenset[EventKind]] = frozenset({EventKind.PRINTER_DOWN})
    moved: int = 0

    def heard(self, now: float, event: Event) -> Sequence[Move]:  # noqa: ARG002
        if event.printer is None:
            return ()
        broken = self.seen.printers[event.printer]
        others = [one for one in self.seen.points[broken.point].printers if one != broken.index]
        self.moved += min(len(broken.queue), len(others))
        return [
            Move(MoveKind.TO_PRINTER, job, printer, "fled")
            for job, printer in zip(broken.queue, others, strict=False)
        ]


def test_where_a_whole_shop_fails_at_once_nothing_is_printed_by_a_printer_that_fails_next() -> None:
    wave = {"type": "outage_wave", "day": 0, "hour": 11, "share": 1.0, "unit": "point"}
    drawn = world(
        3,
        network={"points": 4, "printers_weights": [0, 0, 0, 1]},
        demand={"utilisation": 0.15},
        events=[{**wave, "hours": [2, 2]}],
        parts={"materials": {"PLA": 1.0}, "stock_share": {"PLA": 1.0}},
    )
    policy = _Fleeing()
    record = simulate(drawn, policy)
    assert policy.moved > 0
    assert all(one.ready_at is not None for one in record.measured() if one.promised_at is not None)
