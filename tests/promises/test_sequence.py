"""What a free printer starts."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from parts3d.points.hours import Hours, Unattended
from parts3d.promises.attendance import evening_at
from parts3d.promises.sequence import (
    BY_DAY,
    CHANGE_COSTS_MINUTES,
    CLEARING_MINUTES,
    Evening,
    Waiting,
    sequence,
    urgency,
)
from tests.promises.test_futures import NOW, point

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


# Half past five; people are there until half past six, and from half past nine.
AT_DUSK = Evening(1050.0, 1110.0, 2010.0)
NEXT_WEEK = 10_000.0


def names(*waiting: Waiting, evening: Evening = BY_DAY) -> list[str]:
    return [one.job_id for one in sequence(waiting, evening)]


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


def test_for_the_night_the_longest_of_those_that_have_time_is_printed() -> None:
    short, long = Waiting("short", NEXT_WEEK, minutes=60), Waiting("long", 12_000, minutes=400)
    assert names(short, long) == ["short", "long"]
    assert names(short, long, evening=AT_DUSK) == ["long", "short"]
    # A change of material makes up for half an hour of print.
    strange = Waiting("strange", NEXT_WEEK, needs_change=True, minutes=420)
    assert names(strange, long, evening=AT_DUSK) == ["long", "strange"]


def test_what_is_cleared_before_closing_goes_before_what_is_for_the_night() -> None:
    fits = Waiting("fits", NEXT_WEEK, minutes=60 - CLEARING_MINUTES)
    too_long = Waiting("too long", NEXT_WEEK - 1, minutes=61 - CLEARING_MINUTES)
    assert names(too_long, fits, evening=AT_DUSK) == ["fits", "too long"]


def test_what_has_to_be_ready_soon_after_the_night_is_not_put_off() -> None:
    long = Waiting("long", NEXT_WEEK, minutes=400)
    # Put off, it has three tries from half past nine on, and a person's time.
    tight = Waiting("tight", 2010 + 3 * 60 + 90 - 1, minutes=60)
    roomy = Waiting("roomy", 2010 + 3 * 60 + 90, minutes=60)
    assert names(roomy, long, tight, evening=AT_DUSK) == ["tight", "long", "roomy"]


@given(prints, st.floats(0, 1200), st.floats(0, 900))
def test_for_the_night_too_everything_that_may_start_has_its_turn(
    waiting: list[Waiting], left: float, night: float
) -> None:
    evening = Evening(1000.0, 1000.0 + left, 1000.0 + left + night)
    order = sequence(waiting, evening)
    assert sorted(one.job_id for one in order) == sorted(
        one.job_id for one in waiting if one.may_start
    )
    put_off = [urgency(one, evening) > urgency(one) for one in order]
    assert put_off == sorted(put_off)  # all that are, come last
    for one, later in zip(order, put_off, strict=True):
        if later:
            assert one.due >= evening.reopens + 3 * one.minutes


def test_the_evening_of_a_point_is_read_from_its_hours_over_a_break_for_lunch() -> None:
    hours = Hours.parse("Mo-Fr 09:00-12:30,13:30-18:30; PH off")
    finish = replace(point(hours=hours), unattended=Unattended.FINISH)
    noon = NOW.replace(hour=12)
    found = evening_at(finish, noon)
    assert (found.closes - found.now, found.reopens - found.closes) == (6.5 * 60, 14.5 * 60)
    by_night = evening_at(finish, noon.replace(hour=23))
    assert (by_night.closes, by_night.reopens) == (by_night.now, by_night.now + 10 * 60)
    assert evening_at(replace(finish, unattended=Unattended.NONE), noon) == BY_DAY
