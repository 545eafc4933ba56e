from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.errors import Invalid
from parts3d.points.hours import BRUSSELS, Hours, HoursException, holiday_name

SHOP = "Mo-Sa 09:30-12:30,13:30-18:30; PH off"
TEXTS = [SHOP, "24/7", "Fr,Sa 22:00-02:30", "Mo-Su 00:00-24:00", "Mo-Fr 09:00-18:00; PH off", "off"]
MOMENTS = st.datetimes(
    datetime(2025, 1, 1),  # noqa: DTZ001 - hypothesis wants naive bounds and adds the zone
    datetime(2028, 1, 1),  # noqa: DTZ001 - the same
    timezones=st.just(UTC),
)


def brussels(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=BRUSSELS)  # type: ignore[arg-type,misc]


def clock(at: datetime | None) -> str:
    return "never" if at is None else at.astimezone(BRUSSELS).strftime("%a %d %H:%M")


def test_a_shop_is_open_from_its_first_minute_to_just_before_closing() -> None:
    hours = Hours.parse(SHOP)
    assert hours.is_open(brussels(2026, 11, 24, 9, 30))
    assert hours.is_open(brussels(2026, 11, 24, 18, 29, 59))
    assert not hours.is_open(brussels(2026, 11, 24, 18, 30))
    assert not hours.is_open(brussels(2026, 11, 24, 13, 0))


def test_open_hours_are_those_of_brussels_whatever_zone_the_question_comes_in() -> None:
    hours = Hours.parse(SHOP)
    assert hours.is_open(datetime(2026, 7, 1, 7, 45, tzinfo=UTC))  # 09:45 in summer
    assert not hours.is_open(datetime(2026, 12, 1, 7, 45, tzinfo=UTC))  # 08:45 in winter


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 11, 11), "Armistice Day"),
        (date(2026, 7, 21), "National Day"),
        (date(2026, 4, 6), "Easter Monday"),
        (date(2027, 3, 29), "Easter Monday"),
    ],
)
def test_a_shop_with_ph_off_is_closed_on_belgian_holidays(day: date, name: str) -> None:
    noon = datetime(day.year, day.month, day.day, 11, tzinfo=BRUSSELS)
    assert not Hours.parse(SHOP).is_open(noon)
    assert Hours.parse("Mo-Sa 09:30-18:30").is_open(noon)
    assert holiday_name(day) == name


def test_the_library_and_the_holiday_calendar_agree_but_for_pentecost_sunday() -> None:
    hours = Hours.parse("24/7; PH off")
    for year in range(2025, 2036):
        days = [date(year, 1, 1) + timedelta(days=offset) for offset in range(365)]
        differing = [
            holiday_name(day)
            for day in days
            if hours.is_open(datetime(day.year, day.month, day.day, 12, tzinfo=BRUSSELS))
            != (holiday_name(day) is None)
        ]
        assert differing == ["Pentecost"]


def test_after_closing_the_next_opening_skips_sundays_and_holidays() -> None:
    hours = Hours.parse(SHOP)
    assert clock(hours.next_open(brussels(2026, 11, 10, 18, 30))) == "Thu 12 09:30"
    assert clock(hours.next_open(brussels(2026, 4, 4, 19, 0))) == "Tue 07 09:30"
    assert clock(hours.next_open(brussels(2026, 11, 10, 12, 45))) == "Tue 10 13:30"


def test_the_closing_time_is_that_of_the_stretch_one_stands_in() -> None:
    hours = Hours.parse(SHOP)
    assert clock(hours.closes_at(brussels(2026, 11, 10, 10, 0))) == "Tue 10 12:30"
    assert hours.closes_at(brussels(2026, 11, 10, 13, 0)) is None
    assert Hours.parse("24/7").closes_at(brussels(2026, 11, 10, 13, 0)) is None


def test_a_late_bar_closes_after_midnight() -> None:
    hours = Hours.parse("Fr,Sa 22:00-02:30")
    assert hours.is_open(brussels(2026, 11, 28, 1, 0))
    assert clock(hours.closes_at(brussels(2026, 11, 27, 23, 0))) == "Sat 28 02:30"


def test_the_night_the_clocks_go_forward_is_an_hour_shorter() -> None:
    hours = Hours.parse("Sa 22:00-06:00")
    ((opens, closes),) = hours.open_intervals(brussels(2026, 3, 28, 12), brussels(2026, 3, 29, 12))
    assert closes - opens == timedelta(hours=7)
    done = hours.add_open_time(brussels(2026, 3, 28, 23), timedelta(hours=4))
    assert clock(done) == "Sun 29 04:00"


def test_the_night_the_clocks_go_back_is_an_hour_longer() -> None:
    hours = Hours.parse("Sa 22:00-06:00")
    ((opens, closes),) = hours.open_intervals(
        brussels(2026, 10, 24, 12), brussels(2026, 10, 25, 12)
    )
    assert closes - opens == timedelta(hours=9)
    done = hours.add_open_time(brussels(2026, 10, 24, 23), timedelta(hours=4))
    assert clock(done) == "Sun 25 02:00"


def test_hours_that_begin_in_the_hour_that_does_not_exist_begin_when_it_is_over() -> None:
    hours = Hours.parse("Su 02:30-04:00")
    assert clock(hours.next_open(brussels(2026, 3, 29, 0))) == "Sun 29 03:00"


def test_staffed_minutes_run_over_lunch_night_and_holiday() -> None:
    hours = Hours.parse(SHOP)
    before_lunch = hours.add_open_time(brussels(2026, 11, 10, 12, 20), timedelta(minutes=15))
    before_armistice = hours.add_open_time(brussels(2026, 11, 10, 18, 20), timedelta(minutes=15))
    assert clock(before_lunch) == "Tue 10 13:35"
    assert clock(before_armistice) == "Thu 12 09:35"
    exactly = hours.add_open_time(brussels(2026, 11, 10, 18, 20), timedelta(minutes=10))
    assert clock(exactly) == "Tue 10 18:30"


def test_no_staffed_minutes_are_done_at_once_even_at_night() -> None:
    at = brussels(2026, 11, 10, 23)
    assert Hours.parse(SHOP).add_open_time(at, timedelta(0)) == at


def test_a_stretch_with_its_lunch_break_bridged_is_one_stretch_even_asked_from_inside_it() -> None:
    hours = Hours.parse(SHOP)
    for hour in (10, 13, 15):
        at = brussels(2026, 11, 10, hour)
        opens, closes = next(hours.stretches(at, bridging=timedelta(hours=2)))
        assert opens <= at
        assert clock(closes) == "Tue 10 18:30"


def test_a_place_that_is_always_closed_never_opens() -> None:
    hours = Hours.parse("off")
    at = brussels(2026, 11, 10, 10)
    assert hours.next_open(at) is None
    assert hours.add_open_time(at, timedelta(minutes=1)) is None
    assert hours.open_intervals(at, at + timedelta(days=30)) == []


def test_an_exception_closes_its_days_and_another_opens_a_holiday() -> None:
    hours = Hours.parse(
        SHOP,
        exceptions=[
            HoursException(date(2026, 11, 24), date(2026, 11, 25), reason="stocktaking"),
            HoursException(date(2026, 11, 11), date(2026, 11, 11), "10:00-12:00"),
        ],
    )
    assert clock(hours.next_open(brussels(2026, 11, 23, 19))) == "Thu 26 09:30"
    assert clock(hours.next_open(brussels(2026, 11, 10, 19))) == "Wed 11 10:00"
    assert not Hours.parse(SHOP).is_open(brussels(2026, 11, 11, 11))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Mo-Fr 9-18", 'at character 7 ("9-18")'),
        ("Moo 09:00-18:00", "at character 3"),
        ("", "are empty"),
        ("sunrise-sunset", '"sunrise"'),
        ("Mo-Fr 09:00-18:00; SH off", '"SH"'),
        ("Mo 25:00-26:00", "at character 4"),
    ],
)
def test_hours_that_cannot_be_read_are_refused_with_the_place(text: str, words: str) -> None:
    with pytest.raises(Invalid) as refusal:
        Hours.parse(text)
    assert words in refusal.value.message
    assert refusal.value.message.endswith(".")


@pytest.mark.parametrize(
    "exception",
    [
        HoursException(date(2026, 11, 25), date(2026, 11, 24)),
        HoursException(date(2026, 11, 25), date(2026, 11, 25), "10-12"),
        HoursException(date(2026, 11, 25), date(2026, 11, 25), "off; 24/7"),
    ],
)
def test_a_faulty_exception_is_refused(exception: HoursException) -> None:
    with pytest.raises(Invalid, match="2026-11-25"):
        Hours.parse(SHOP, [exception])


def test_a_moment_without_a_zone_is_a_programming_error() -> None:
    with pytest.raises(ValueError, match="no time zone"):
        Hours.parse(SHOP).is_open(datetime(2026, 11, 24, 10))  # noqa: DTZ001 - the point of it


def test_hours_of_the_same_text_are_equal_and_can_be_keys() -> None:
    assert Hours.parse(SHOP) == Hours.parse(f" {SHOP} ")
    assert len({Hours.parse(SHOP), Hours.parse(SHOP)}) == 1
    assert Hours.parse(SHOP) != Hours.parse("24/7")


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(TEXTS), MOMENTS, st.integers(0, 5000), st.integers(0, 20_000))
def test_adding_open_time_never_goes_back_and_adds_just_that_much(
    text: str, at: datetime, minutes: int, later_minutes: int
) -> None:
    hours = Hours.parse(text)
    duration = timedelta(minutes=minutes)
    done = hours.add_open_time(at, duration)
    later = hours.add_open_time(at + timedelta(minutes=later_minutes), duration)
    if done is None:
        assert text == "off"
        return
    assert later is not None
    assert at <= done <= later
    spent = sum((closes - opens for opens, closes in hours.open_intervals(at, done)), timedelta(0))
    assert spent == duration


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(TEXTS), MOMENTS, st.integers(1, 90))
def test_intervals_are_in_order_apart_and_agree_with_is_open(
    text: str, at: datetime, days: int
) -> None:
    hours = Hours.parse(text)
    end = at + timedelta(days=days)
    intervals = hours.open_intervals(at, end)
    edges = [at, *[edge for interval in intervals for edge in interval], end]
    assert edges == sorted(edges)
    for (_, closes), (opens, _) in pairwise(intervals):
        assert closes < opens
    for opens, closes in intervals:
        assert hours.is_open(opens)
        assert hours.is_open(closes - timedelta(seconds=1))
        assert closes == end or not hours.is_open(closes)
    opens_at = hours.next_open(at)
    assert (intervals[0][0] if intervals else None) == (
        opens_at if opens_at is not None and opens_at < end else None
    )
