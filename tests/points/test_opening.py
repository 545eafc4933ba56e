"""Opening hours as people read them."""

from datetime import datetime

from parts3d.points.hours import BRUSSELS, Hours
from parts3d.points.opening import is_always_open, opening_week

TUESDAY = datetime(2026, 11, 24, 10, 0, tzinfo=BRUSSELS)


def test_the_week_begins_today_and_says_the_breaks_and_the_closed_days() -> None:
    hours = Hours.parse("Mo-Fr 09:00-12:30,13:30-18:00; Sa 10:00-16:00")
    week = opening_week(hours, TUESDAY, _=str, locale="en_BE")
    assert [(one.name, one.hours) for one in week[:1]] == [
        ("Today", "09:00–12:30, 13:30–18:00")  # noqa: RUF001 - hours have an en dash
    ]
    assert week[0].is_today
    assert [one.name for one in week[1:]] == [
        *("Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "Monday")
    ]
    assert (week[5].hours, week[5].is_closed) == ("closed", True)


def test_a_public_holiday_is_closed_in_the_week_it_falls_in() -> None:
    before_christmas = datetime(2026, 12, 24, 10, 0, tzinfo=BRUSSELS)
    week = opening_week(
        Hours.parse("Mo-Sa 09:30-18:30; PH off"), before_christmas, _=str, locale="fr_BE"
    )
    assert [one.is_closed for one in week[:3]] == [False, True, False]
    assert week[1].name == "Vendredi"


def test_day_and_night_is_said_so() -> None:
    always = Hours.parse("24/7")
    assert is_always_open(always, TUESDAY)
    assert {one.hours for one in opening_week(always, TUESDAY, _=str, locale="en_BE")} == {
        "day and night"
    }
    assert not is_always_open(Hours.parse("Mo-Fr 08:00-20:00"), TUESDAY)
