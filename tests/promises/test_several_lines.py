"""What holds for orders of several lines: the last part decides, and nothing gets earlier."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import assume, given
from hypothesis import strategies as st

from parts3d.promises.placement import MOST_WAYS, Bench, ways_to_place
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import (
    Need,
    Offer,
    PointSnapshot,
    PrinterSnapshot,
    ReasonCode,
    Refusal,
    RefusalCode,
)
from tests.promises.test_plan import TUESDAY_10, point, printer, surely
from tests.promises.test_plan_properties import (
    FAR,
    MODELS,
    less_sure,
    moments,
    points,
    print_times,
    quantiles,
    with_one_printer,
)
from tests.support.examples import examples

few = examples(40)
kinds = st.builds(
    Need,
    st.dictionaries(st.sampled_from(MODELS), print_times, min_size=1),
    st.sampled_from(["PETG", "PETG", "PLA"]),
    st.integers(1, 3),
    st.integers(1, 3),
)


@st.composite
def baskets(draw: st.DrawFn) -> tuple[Need, ...]:
    lines = draw(st.lists(kinds, min_size=2, max_size=3))
    return tuple(replace(need, line=number) for number, need in enumerate(lines, start=1))


def ready(
    now: datetime, needs: Need | Sequence[Need], where: PointSnapshot, quantile: float
) -> datetime:
    (answer,) = plan(now, needs, [where], quantile=quantile, horizon=timedelta(days=60))
    return answer.ready_at if isinstance(answer, Offer) else FAR


def surely_good(needs: Sequence[Need]) -> tuple[Need, ...]:
    return tuple(
        replace(
            need,
            print_times={
                model: replace(time, failure_probability=0.0)
                for model, time in need.print_times.items()
            },
        )
        for need in needs
    )


def only(answers: Sequence[Offer | Refusal]) -> Offer:
    (answer,) = answers
    assert isinstance(answer, Offer), answer
    return answer


@few
@given(moments, baskets(), points, quantiles)
def test_every_print_of_every_line_stands_on_a_printer_that_can_make_it_and_none_overlap(
    now: datetime, needs: tuple[Need, ...], where: PointSnapshot, quantile: float
) -> None:
    (answer,) = plan(now, needs, [where], quantile=quantile)
    if not isinstance(answer, Offer):
        return
    printers = {one.id: one for one in where.printers}
    made = [0] * len(needs)
    free_at: dict[str, datetime] = {}
    for placement in sorted(answer.placements, key=lambda one: one.starts_at):
        need, machine = needs[placement.need], printers[placement.printer_id]
        assert machine.available
        assert machine.material == need.material
        assert machine.model in need.print_times
        assert placement.starts_at >= free_at.get(machine.id, now)
        cleared = where.staffed_hours.add_open_time(
            placement.ends_at, timedelta(minutes=where.bed_clear_minutes)
        )
        assert cleared is not None
        free_at[machine.id] = cleared
        made[placement.need] += 1
    assert made == [need.quantity for need in needs]
    assert max(one.ends_at for one in answer.placements) <= answer.ready_at


@few
@given(moments, baskets(), points, quantiles, st.integers(0, 2), st.floats(1, 3))
def test_a_longer_print_in_any_line_is_never_ready_earlier(
    now: datetime,
    needs: tuple[Need, ...],
    where: PointSnapshot,
    quantile: float,
    index: int,
    factor: float,
) -> None:
    assume(index < len(needs))
    where = with_one_printer(where)
    model, time = next(iter(needs[index].print_times.items()))
    slower = replace(time, median_seconds=time.median_seconds * factor)
    longer = list(needs)
    longer[index] = replace(needs[index], print_times={**needs[index].print_times, model: slower})
    assert ready(now, needs, where, less_sure(quantile)) <= ready(now, longer, where, quantile)


@few
@given(moments, baskets(), points, quantiles, st.integers(0, 2), print_times)
def test_a_longer_queue_never_makes_several_lines_ready_earlier(
    now: datetime,
    needs: tuple[Need, ...],
    where: PointSnapshot,
    quantile: float,
    index: int,
    another: PrintTime,
) -> None:
    where = with_one_printer(where)
    assume(index < len(where.printers))
    before = list(where.printers)
    before[index] = replace(before[index], waiting=(*before[index].waiting, Queued(another)))
    busier = replace(where, printers=tuple(before))
    assert ready(now, needs, where, less_sure(quantile)) <= ready(now, needs, busier, quantile)


@few
@given(moments, baskets(), points, quantiles, st.integers(0, 20_000))
def test_several_lines_ordered_later_are_never_ready_earlier(
    now: datetime, needs: tuple[Need, ...], where: PointSnapshot, quantile: float, minutes: int
) -> None:
    where = with_one_printer(where)
    first = ready(now, needs, where, less_sure(quantile))
    # The horizon moves along with now: beyond it, "never" would come before "late".
    assert first == FAR or first <= ready(now + timedelta(minutes=minutes), needs, where, quantile)


@few
@given(moments, baskets(), points, quantiles)
def test_without_failures_a_line_or_a_copy_less_is_never_ready_later(
    now: datetime, needs: tuple[Need, ...], where: PointSnapshot, quantile: float
) -> None:
    needs, where = surely_good(needs), with_one_printer(where)
    whole = ready(now, needs, where, quantile)
    for index, need in enumerate(needs):
        assert ready(now, need, where, less_sure(quantile)) <= whole
        rest = [*needs[:index], *needs[index + 1 :]]
        assert ready(now, rest, where, less_sure(quantile)) <= whole
        if need.quantity > 1:
            fewer = replace(need, quantity=need.quantity - 1)
            rest.insert(index, fewer)
            assert ready(now, rest, where, less_sure(quantile)) <= whole


@few
@given(moments, kinds, points, quantiles, st.integers(1, 3))
def test_the_same_part_on_two_lines_is_ready_when_it_would_be_on_one(
    now: datetime, need: Need, where: PointSnapshot, quantile: float, more: int
) -> None:
    together = replace(need, quantity=need.quantity + more)
    apart = [need, replace(need, quantity=more, line=2)]
    assert ready(now, together, where, quantile) == ready(now, apart, where, quantile)


def as_usual(now: datetime, needs: Sequence[Need], where: PointSnapshot) -> datetime:
    """When the last part is bagged if all takes its median time; a refusal counts as never."""
    (answer,) = plan(now, needs, [where], quantile=0.5, horizon=timedelta(days=60))
    if not isinstance(answer, Offer):
        return FAR
    staff = next(one for one in answer.reasons if one.code is ReasonCode.STAFF_TIME)
    return datetime.fromisoformat(str(staff.values["bagged_at"]))


@examples(15)
@given(
    moments,
    points,
    st.lists(print_times, min_size=9, max_size=9),
    st.integers(0, 8),
    st.floats(1, 3),
)
def test_more_ways_than_can_be_looked_at_keep_the_order_of_time_too(
    now: datetime, where: PointSnapshot, times: list[PrintTime], index: int, factor: float
) -> None:
    needs = [
        Need({"mk3s": time, "mini": time}, "PETG", line=line)
        for line, time in enumerate(times, start=1)
    ]
    assume(len({tuple(need.print_times.items()) for need in needs}) == len(needs))
    time = needs[index].print_times["mk3s"]
    slower = replace(time, median_seconds=time.median_seconds * factor)
    longer = list(needs)
    longer[index] = replace(needs[index], print_times={"mk3s": slower, "mini": slower})
    assert as_usual(now, needs, where) <= as_usual(now, longer, where)


def test_the_last_part_decides_and_lines_run_side_by_side() -> None:
    needs = [Need({"mk3s": surely(60)}, "PETG", line=1), Need({"mk3s": surely(90)}, "PETG", line=2)]
    alone = only(plan(TUESDAY_10, needs, [point()], quantile=0.95))
    both = only(plan(TUESDAY_10, needs, [point(printer("p1"), printer("p2"))], quantile=0.95))
    assert both.ready_at == TUESDAY_10 + timedelta(minutes=105)
    assert {one.printer_id for one in both.placements} == {"p1", "p2"}
    assert alone.ready_at == TUESDAY_10 + timedelta(minutes=60 + 5 + 90 + 5 + 10)


def test_what_ends_first_now_does_not_keep_the_longer_print_from_its_only_printer() -> None:
    fast, slow = printer("p1"), replace(printer("p2"), model="mini")
    needs = [
        Need({"mk3s": surely(50), "mini": surely(60)}, "PETG", line=1),
        Need({"mk3s": surely(120)}, "PETG", line=2),
    ]
    offer = only(plan(TUESDAY_10, needs, [point(fast, slow)], quantile=0.95))
    assert [(one.printer_id, one.need) for one in offer.placements] == [("p2", 0), ("p1", 1)]
    assert offer.ready_at == TUESDAY_10 + timedelta(minutes=135)


def test_the_copies_of_a_plate_are_checked_one_by_one() -> None:
    plate = Need({"mk3s": surely(120)}, "PETG", copies=4)
    offer = only(plan(TUESDAY_10, plate, [point()], quantile=0.95))
    assert offer.ready_at == TUESDAY_10 + timedelta(minutes=120 + 5 + 4 * 10)
    assert len(offer.placements) == 1


def test_a_refusal_names_the_line_that_cannot_be_printed_there() -> None:
    needs = [Need({"mk3s": surely(60)}, "PETG", line=1), Need({"mk3s": surely(60)}, "ASA", line=2)]
    (refusal,) = plan(TUESDAY_10, needs, [point()], quantile=0.95)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.line) == (RefusalCode.NO_MATERIAL, 2)


def test_two_materials_on_two_printers_make_one_order() -> None:
    where = point(printer("p1"), replace(printer("p2"), material="ASA"))
    needs = [Need({"mk3s": surely(60)}, "PETG", line=1), Need({"mk3s": surely(60)}, "ASA", line=2)]
    offer = only(plan(TUESDAY_10, needs, [where], quantile=0.95))
    assert {one.printer_id: one.need for one in offer.placements} == {"p1": 0, "p2": 1}
    told = [one for one in offer.reasons if one.code is ReasonCode.PRINT_TIME]
    assert [one.values["line"] for one in told] == [1, 2]


def test_ways_are_counted_by_stars_and_bars() -> None:
    minute = timedelta(minutes=1)
    benches = [Bench(name, None, (minute, minute)) for name in "abc"]
    need = Need({"mk3s": surely(1)}, "PETG", 2)
    assert ways_to_place([need, replace(need, quantity=1)], benches) == 6 * 3
    assert ways_to_place([replace(need, quantity=30)] * 2, benches) > MOST_WAYS


def test_a_point_without_a_printer_for_one_line_is_no_crash() -> None:
    idle = PrinterSnapshot("p1", "mk3s", "PETG")
    needs = [Need({"mk3s": surely(60)}, "PETG", line=1), Need({"mini": surely(60)}, "PETG", line=2)]
    (refusal,) = plan(TUESDAY_10, needs, [point(idle)], quantile=0.95)
    assert isinstance(refusal, Refusal)
    assert (refusal.code, refusal.line) == (RefusalCode.PART_DOES_NOT_FIT, 2)
