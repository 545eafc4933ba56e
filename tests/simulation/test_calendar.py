from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.points.hours import Hours
from parts3d.simulation.calendar import NEVER, minute_of, moment_of, weekly

_LUNCH = weekly(21, [0, 1, 2, 3, 4, 5], "09:30", "18:30", ("12:30", "13:30"))
_HOURS = Hours.parse(_LUNCH.text)
_MINUTES = st.floats(0, 12 * 1440.0).map(lambda at: round(at, 1))


@given(_MINUTES)
def test_the_compiled_hours_say_what_the_real_ones_say(at: float) -> None:
    moment = moment_of(at, 0)
    assert minute_of(moment, 0) == pytest.approx(at)
    assert _LUNCH.is_open(at) == _HOURS.is_open(moment)
    opens = _HOURS.next_open(moment)
    assert opens is not None
    assert _LUNCH.next_open(at) == pytest.approx(minute_of(opens, 0))


@given(_MINUTES, st.floats(0, 2000).map(lambda length: round(length, 1)))
def test_open_time_is_added_as_the_real_hours_add_it(at: float, minutes: float) -> None:
    real = _HOURS.add_open_time(moment_of(at, 0), timedelta(minutes=minutes))
    assert real is not None
    assert _LUNCH.add_open(at, minutes) == pytest.approx(minute_of(real, 0), abs=1e-6)


@given(_MINUTES, st.floats(0.1, 2000))
def test_what_was_added_lies_between(at: float, minutes: float) -> None:
    assert _LUNCH.open_between(at, _LUNCH.add_open(at, minutes)) == pytest.approx(minutes)


def test_beyond_the_calendar_is_never() -> None:
    assert _LUNCH.next_open(22 * 1440.0) == NEVER
    assert _LUNCH.add_open(0, 1e6) == NEVER
    assert _LUNCH.opens_after(22 * 1440.0) == NEVER


def test_lunch_is_no_closing() -> None:
    assert _LUNCH.day_of(13 * 60.0) == (9.5 * 60, 18.5 * 60)
    assert not _LUNCH.is_open(13 * 60.0)
