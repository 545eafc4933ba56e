"""Hours compiled to numbers say what the hours themselves say."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.points.calendar import Calendar, calendar, minutes_of, moment_of
from parts3d.points.hours import Hours, HoursException

SNOW_DAY = HoursException(date(2026, 11, 25), date(2026, 11, 25))
HOURS = [
    Hours.parse("Mo-Sa 09:30-18:30; PH off"),
    Hours.parse("Mo-Sa 09:30-12:30,13:30-18:30; PH off", [SNOW_DAY]),
    Hours.parse("Mo-Fr 08:02-17:13"),
    Hours.parse("24/7"),
    Hours.parse("Th-Sa 18:00-02:30"),
]
hours = st.sampled_from(HOURS)
moments = st.datetimes(
    datetime(2026, 3, 20),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    datetime(2026, 12, 31),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=0))
minutes = st.integers(0, 40 * 60)
some = settings(max_examples=100, deadline=None)


def compiled(of: Hours, at: datetime, bridging_minutes: float = 0) -> Calendar:
    return calendar(of, at, at + timedelta(days=40), bridging_minutes=bridging_minutes)


@some
@given(hours, moments, minutes)
def test_open_time_is_added_as_the_hours_themselves_add_it(
    of: Hours, at: datetime, more: int
) -> None:
    found = compiled(of, at).add_open_time(minutes_of(at), more)
    assert moment_of(float(found)) == of.add_open_time(at, timedelta(minutes=more))


@some
@given(hours, moments)
def test_the_next_opening_is_that_of_the_hours(of: Hours, at: datetime) -> None:
    table = compiled(of, at)
    assert moment_of(float(table.next_open(minutes_of(at)))) == of.next_open(at)
    assert bool(table.is_open(minutes_of(at))) == of.is_open(at)


@some
@given(hours, moments, st.sampled_from([0, 60, 120]))
def test_a_bridged_calendar_has_the_stretches_of_the_hours(
    of: Hours, at: datetime, bridging: int
) -> None:
    table = compiled(of, at, bridging)
    expected = next(of.stretches(at, bridging=timedelta(minutes=bridging)))
    index = int(np.searchsorted(table.closes, minutes_of(at), side="right"))
    if of.text != "24/7":
        assert moment_of(table.closes[index]) == expected[1]
        assert moment_of(max(minutes_of(at), table.opens[index])) == max(at, expected[0])


def test_many_moments_are_answered_at_once() -> None:
    at = datetime(2026, 11, 24, 17, 30, tzinfo=UTC)  # 18:30 in Brussels: closing
    table = compiled(HOURS[0], at)
    asked = minutes_of(at) + np.array([-60.0, 0.0, 60.0])
    opens = minutes_of(at) + 15 * 60
    assert table.add_open_time(asked, 30.0).tolist() == [asked[0] + 30, opens + 30, opens + 30]
    assert compiled(Hours.parse("off"), at).add_open_time(asked, 1.0).tolist() == [np.inf] * 3
