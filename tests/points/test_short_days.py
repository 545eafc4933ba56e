"""A day that is shorter than its hours say."""

from datetime import datetime

import pytest

from parts3d.errors import Invalid
from parts3d.points.hours import BRUSSELS, Hours
from parts3d.points.short_days import ShortDay, shortened

SHOP = Hours.parse("Mo-Fr 09:00-12:30,13:30-18:30")


def tuesday(hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, 24, hour, minute, tzinfo=BRUSSELS)


def test_closing_early_lasts_until_the_days_last_closing() -> None:
    asked = (SHOP, tuesday(10, 7), ShortDay.CLOSES_EARLY)
    assert shortened(*asked, "16:30") == (tuesday(16, 30), tuesday(18, 30))
    assert shortened(*asked, "12:00") == (tuesday(12), tuesday(18, 30))
    assert shortened(*asked, " ") == (tuesday(10, 7), tuesday(18, 30))


def test_coming_late_lasts_from_opening_or_from_now() -> None:
    assert shortened(SHOP, tuesday(8), ShortDay.OPENS_LATE, "10:00") == (tuesday(9), tuesday(10))
    assert shortened(SHOP, tuesday(9, 20), ShortDay.OPENS_LATE, "10:00") == (
        tuesday(9, 20),
        tuesday(10),
    )


@pytest.mark.parametrize(
    ("how", "typed", "says"),
    [
        (ShortDay.CLOSES_EARLY, "soon", "Type a time of the clock"),
        (ShortDay.CLOSES_EARLY, "25:00", "Type a time of the clock"),
        (ShortDay.CLOSES_EARLY, "18:30", "It closes at 18:30 today anyway"),
        (ShortDay.CLOSES_EARLY, "09:30", "This time has passed"),
        (ShortDay.OPENS_LATE, "", "Type the time from which"),
        (ShortDay.OPENS_LATE, "19:00", "It closes at 18:30 today anyway"),
    ],
)
def test_a_time_that_shortens_nothing_is_refused(how: ShortDay, typed: str, says: str) -> None:
    with pytest.raises(Invalid, match=says):
        shortened(SHOP, tuesday(10), how, typed)


def test_a_point_that_has_closed_cannot_close_early() -> None:
    with pytest.raises(Invalid, match="does not open again today"):
        shortened(SHOP, tuesday(18, 30), ShortDay.CLOSES_EARLY, "")


def test_a_point_that_never_closes_may_close_until_midnight() -> None:
    always = Hours.parse("24/7")
    begins, ends = shortened(always, tuesday(10), ShortDay.CLOSES_EARLY, "16:00")
    assert (begins, ends) == (tuesday(16), datetime(2026, 11, 25, tzinfo=BRUSSELS))
