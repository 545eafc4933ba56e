"""What a free printer starts."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parts3d.promises.sequence import CHANGE_COSTS_MINUTES, Waiting, sequence, urgency

prints = st.lists(
    st.builds(
        Waiting,
        st.uuids().map(str),
        st.floats(0, 5000),
        st.booleans(),
        st.booleans(),
        st.floats(1, 600),
    ),
    max_size=12,
)


def names(*waiting: Waiting) -> list[str]:
    return [one.job_id for one in sequence(waiting)]


def test_the_earlier_promise_goes_first_whenever_it_came() -> None:
    assert names(Waiting("late", 900), Waiting("early", 300)) == ["early", "late"]


def test_of_prints_about_as_urgent_the_loaded_material_goes_first() -> None:
    change = Waiting("asa", 300, needs_change=True)
    assert names(change, Waiting("petg", 320)) == ["petg", "asa"]
    assert names(change, Waiting("petg", 300 + CHANGE_COSTS_MINUTES + 1)) == ["asa", "petg"]


def test_what_may_not_start_now_keeps_nobody_waiting() -> None:
    assert names(Waiting("too long for today", 200, may_start=False), Waiting("b", 900)) == ["b"]


@given(prints)
def test_nothing_overtakes_what_is_promised_earlier_by_more_than_a_change(
    waiting: list[Waiting],
) -> None:
    order = sequence(waiting)
    assert {one.job_id for one in order} == {one.job_id for one in waiting if one.may_start}
    for first, second in pairwise(order):
        assert urgency(first) <= urgency(second)
        assert first.due <= second.due + CHANGE_COSTS_MINUTES
