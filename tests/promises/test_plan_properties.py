"""What holds for every promise, whatever the point."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from parts3d.points.hours import Hours, Unattended
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Hold, Need, Offer, PointSnapshot, PrinterSnapshot
from tests.support.examples import examples

HOURS = [
    "Mo-Sa 09:30-18:30; PH off",
    "Mo-Sa 09:30-12:30,13:30-18:30; PH off",
    "Mo-Fr 08:02-17:13",
    "24/7",
    "Th-Sa 18:00-02:30",
]
MODELS = ("mk3s", "mini")
FAR = datetime(2040, 1, 1, tzinfo=UTC)

hours = st.sampled_from([Hours.parse(text) for text in HOURS])
moments = st.datetimes(
    datetime(2026, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    datetime(2027, 12, 31),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)
print_times = st.builds(
    PrintTime,
    st.integers(60, 8 * 3600).map(float),
    st.floats(0, 0.4),
    st.sampled_from([0.0, 0.05, 0.07, 0.3]),
)
prints_queued = st.builds(Queued, print_times)
queues = st.lists(prints_queued, max_size=3).map(tuple)
held = st.lists(print_times, max_size=3).map(tuple)
quantiles = st.sampled_from([0.5, 0.9, 0.95, 0.99])


def printers(printer_id: str) -> st.SearchStrategy[PrinterSnapshot]:
    return st.builds(
        PrinterSnapshot,
        st.just(printer_id),
        st.sampled_from(MODELS),
        st.sampled_from(["PETG", "PETG", "PLA"]),
        st.sampled_from([True, True, True, False]),
        st.just(""),
        st.none() | prints_queued,
        queues,
        st.booleans(),
    )


points = st.builds(
    PointSnapshot,
    id=st.just("x"),
    opening_hours=hours,
    staffed_hours=hours,
    unattended=st.sampled_from(Unattended),
    printers=st.integers(1, 3).flatmap(
        lambda count: st.tuples(*(printers(f"p{index}") for index in range(count)))
    ),
    bed_clear_minutes=st.integers(0, 40),
    check_minutes=st.integers(0, 20),
    holds=st.lists(
        st.builds(Hold, st.sampled_from(["p0", "p1"]), held, st.just(FAR)), max_size=2
    ).map(tuple),
    staff_backlog_minutes=st.integers(0, 60),
    break_minutes=st.sampled_from([0, 120]),
)
needs = st.builds(
    Need,
    st.fixed_dictionaries({"mk3s": print_times}, optional={"mini": print_times}),
    st.just("PETG"),
    st.integers(1, 5),
)
many = examples(60)


def ready(now: datetime, need: Need, point: PointSnapshot, quantile: float) -> datetime:
    """When it is ready; a refusal counts as never."""
    (answer,) = plan(now, need, [point], quantile=quantile, horizon=timedelta(days=60))
    return answer.ready_at if isinstance(answer, Offer) else FAR


def less_sure(quantile: float) -> float:
    """A level below which two questions that differ are never told apart by the draws.

    A quantile is read from some hundred futures, and where prints share people and printers, a
    delay here can be a gain there (Graham, 1969): at one printer nothing gets earlier beyond that.
    """
    return quantile - 0.05


def with_one_printer(point: PointSnapshot) -> PointSnapshot:
    """Return the point with its first printer alone.

    With several, one more print of a minute can be ready *earlier* for us even where nothing is
    left to chance: it ends before another, and the one person who checks comes to us first.
    """
    first = point.printers[0]
    holds = tuple(hold for hold in point.holds if hold.printer_id == first.id)
    return replace(point, printers=(first,), holds=holds)


@many
@given(moments, needs, points, quantiles)
def test_a_promise_lies_in_opening_hours_on_full_five_minutes_and_after_its_prints(
    now: datetime, need: Need, point: PointSnapshot, quantile: float
) -> None:
    (answer,) = plan(now, need, [point], quantile=quantile)
    if not isinstance(answer, Offer):
        return
    assert point.opening_hours.is_open(answer.ready_at)
    assert answer.ready_at.timestamp() % 300 == 0
    assert now <= answer.starts_at
    assert max(placement.ends_at for placement in answer.placements) <= answer.ready_at
    assert answer.ready_at <= now + timedelta(days=14)
    assert len(answer.placements) == need.quantity
    usable = {printer.id for printer in point.printers if printer.available}
    assert {placement.printer_id for placement in answer.placements} <= usable


@many
@given(moments, needs, points, quantiles)
def test_no_printer_makes_two_prints_at_once_and_its_bed_is_cleared_between(
    now: datetime, need: Need, point: PointSnapshot, quantile: float
) -> None:
    (answer,) = plan(now, need, [point], quantile=quantile)
    if not isinstance(answer, Offer):
        return
    free_at: dict[str, datetime] = {}
    for placement in answer.placements:
        earliest = free_at.get(placement.printer_id, now)
        assert placement.starts_at >= earliest
        cleared = point.staffed_hours.add_open_time(
            placement.ends_at, timedelta(minutes=point.bed_clear_minutes)
        )
        assert cleared is not None
        free_at[placement.printer_id] = cleared
        if point.unattended is Unattended.NONE and point.break_minutes == 0:
            attended = point.staffed_hours.open_intervals(placement.starts_at, placement.ends_at)
            assert attended == [(placement.starts_at, placement.ends_at)]
        if point.unattended is Unattended.FINISH and point.break_minutes == 0:
            assert point.staffed_hours.is_open(placement.starts_at)


@many
@given(moments, needs, points, quantiles, st.sampled_from(MODELS), st.floats(1, 3))
def test_a_longer_print_is_never_ready_earlier(
    now: datetime, need: Need, point: PointSnapshot, quantile: float, model: str, factor: float
) -> None:
    assume(model in need.print_times)
    point = with_one_printer(point)
    time = need.print_times[model]
    slower = replace(time, median_seconds=time.median_seconds * factor)
    longer = replace(need, print_times={**need.print_times, model: slower})
    assert ready(now, need, point, less_sure(quantile)) <= ready(now, longer, point, quantile)


@many
@given(moments, needs, points, quantiles, print_times)
def test_a_longer_queue_never_makes_it_ready_earlier(
    now: datetime, need: Need, point: PointSnapshot, quantile: float, another: PrintTime
) -> None:
    point = with_one_printer(point)
    printer = point.printers[0]
    waiting = (*printer.waiting, Queued(another))
    busier = replace(point, printers=(replace(printer, waiting=waiting),))
    assert ready(now, need, point, less_sure(quantile)) <= ready(now, need, busier, quantile)


@many
@given(moments, needs, points, quantiles, st.integers(0, 20_000))
def test_the_same_order_a_little_later_is_never_ready_earlier(
    now: datetime, need: Need, point: PointSnapshot, quantile: float, minutes: int
) -> None:
    later = now + timedelta(minutes=minutes)
    point = with_one_printer(point)
    first = ready(now, need, point, less_sure(quantile))
    # The horizon moves along with now: beyond it, "never" would come before "late".
    assume(first < FAR)
    assert first <= ready(later, need, point, quantile)


@many
@given(moments, needs, points, st.floats(0.3, 0.98), st.floats(0, 0.019))
def test_without_failures_a_surer_promise_is_never_earlier(
    now: datetime, need: Need, point: PointSnapshot, quantile: float, surer: float
) -> None:
    times = {
        model: replace(time, failure_probability=0.0) for model, time in need.print_times.items()
    }
    need = replace(need, print_times=times)
    assert ready(now, need, point, quantile) <= ready(now, need, point, quantile + surer)


@many
@given(moments, needs, points, quantiles)
def test_without_failures_one_copy_more_is_never_ready_earlier(
    now: datetime, need: Need, point: PointSnapshot, quantile: float
) -> None:
    times = {
        model: replace(time, failure_probability=0.0) for model, time in need.print_times.items()
    }
    need = replace(need, print_times=times)
    more = replace(need, quantity=need.quantity + 1)
    assert ready(now, need, point, less_sure(quantile)) <= ready(now, more, point, quantile)


@many
@given(moments, needs, points, quantiles)
def test_the_same_question_has_the_same_answer(
    now: datetime, need: Need, point: PointSnapshot, quantile: float
) -> None:
    assert plan(now, need, [point], quantile=quantile) == plan(
        now, need, [point], quantile=quantile
    )
