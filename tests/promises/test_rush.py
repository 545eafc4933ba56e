"""An order that is paid to go first: earlier where it can be, and at nobody's cost."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.promises.attendance import cleared_at, handled_at, starts_at
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Hold, Need, Offer, PointSnapshot, ReasonCode
from tests.promises.test_plan import TUESDAY_10, point, printer, surely


def waits(minutes: float, due: datetime, number: int = 0) -> Queued:
    return Queued(surely(minutes), job_id=f"job{number}", order_id=f"order{number}", due_at=due)


def queue(*waiting: Queued) -> PointSnapshot:
    return point(replace(printer(), waiting=waiting))


def ask(where: PointSnapshot, *, rush: bool = True, time: PrintTime | None = None) -> Offer:
    need = Need({"mk3s": time or surely(60)}, "PETG", rush=rush)
    [offer] = plan(TUESDAY_10, need, [where], quantile=0.9)
    assert isinstance(offer, Offer)
    return offer


def at(hour: int, minute: int = 0) -> datetime:
    return TUESDAY_10.replace(hour=hour, minute=minute)


def test_it_goes_before_what_waits_and_may_wait() -> None:
    where = queue(waits(60, at(18), 1), waits(60, at(18, 15), 2))
    usual, rushed = ask(where, rush=False), ask(where)
    assert usual.ready_at == at(13, 25)
    assert rushed.ready_at == at(11, 15)
    assert rushed.otherwise_ready_at == usual.ready_at
    assert rushed.starts_at == TUESDAY_10
    assert {ReasonCode.RUSH, ReasonCode.OVERTAKES} <= {one.code for one in rushed.reasons}


def test_whoever_cannot_wait_is_served_first() -> None:
    # The first has time for one print more before it, but not the second.
    where = queue(waits(60, at(11, 20), 1), waits(60, at(18), 2))
    rushed = ask(where)
    assert rushed.ready_at == at(12, 20)
    assert rushed.otherwise_ready_at == at(13, 25)


def test_it_is_not_offered_where_everybody_needs_his_time() -> None:
    where = queue(waits(60, at(11, 20), 1), waits(60, at(12, 25), 2))
    assert ask(where) == ask(where, rush=False)


def test_it_is_not_offered_where_nobody_waits() -> None:
    for where in (queue(), point(replace(printer(), running=waits(30, at(18))))):
        assert ask(where) == ask(where, rush=False)


def test_a_customer_at_her_checkout_keeps_the_time_that_she_was_shown() -> None:
    def held(due: datetime) -> PointSnapshot:
        hold = Hold("p1", (surely(60),), TUESDAY_10 + timedelta(minutes=15), due)
        return point(replace(printer(), waiting=(waits(60, at(18), 1),)), holds=(hold,))

    assert ask(held(at(12, 20))).otherwise_ready_at is None


def test_a_print_that_may_fail_goes_first_only_as_far_as_nobody_gets_late_by_it() -> None:
    risky = PrintTime(3600, sigma=0.2, failure_probability=0.2)
    tight = queue(waits(60, at(12, 30), 1), waits(60, at(13, 30), 2))
    assert ask(tight, time=risky).otherwise_ready_at is None


@settings(max_examples=30, deadline=None)
@given(
    prints=st.lists(st.tuples(st.integers(10, 120), st.integers(0, 400)), min_size=1, max_size=4),
    minutes=st.integers(10, 150),
)
def test_nobody_who_would_have_been_in_time_is_late_by_it(
    prints: list[tuple[int, int]], minutes: int
) -> None:
    # What each waits for, one after another, and a slack of his own.
    waiting, since = [], TUESDAY_10
    for number, (length, slack) in enumerate(prints):
        ends = _bagged(since, length)
        waiting.append(waits(length, ends + timedelta(minutes=slack), number))
        since = cleared_at(point(), since + timedelta(minutes=length)) or ends
    waiting.sort(key=lambda one: one.due_at or TUESDAY_10)
    where = queue(*waiting)
    rushed, usual = ask(where, time=surely(minutes)), ask(where, rush=False, time=surely(minutes))
    assert rushed.ready_at <= usual.ready_at
    if rushed.otherwise_ready_at is None:
        assert rushed == usual
        return
    ours = Queued(surely(minutes), job_id="ours", due_at=rushed.ready_at)
    before, after = _late(waiting), _late(sorted([*waiting, ours], key=_turn))
    assert after <= before
    assert "ours" not in after


def _turn(one: Queued) -> tuple[datetime, bool]:
    assert one.due_at is not None
    return one.due_at, one.job_id == "ours"


def _bagged(start: datetime, minutes: float) -> datetime:
    where = point()
    bagged = handled_at(where, start, start + timedelta(minutes=minutes), 1)
    assert bagged is not None
    return bagged


def _late(queue: list[Queued]) -> set[str]:
    """Return whose part is late when prints last exactly as long as they should."""
    where, late = point(), set()
    free: datetime | None = TUESDAY_10
    person: datetime | None = TUESDAY_10
    for one in queue:
        duration = timedelta(seconds=one.time.median_seconds)
        start = starts_at(where, free, duration, TUESDAY_10 + timedelta(days=14)) if free else None
        assert start is not None
        assert person is not None
        person = handled_at(where, person, start + duration, 1)
        free = cleared_at(where, start + duration)
        assert person is not None
        assert one.due_at is not None
        if person > one.due_at:
            late.add(one.job_id)
    return late
