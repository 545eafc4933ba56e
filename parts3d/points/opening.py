"""Opening hours as people read them: the next seven days, one line a day. Pure."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from babel.dates import format_date

from parts3d.points.hours import BRUSSELS, Hours

_DAYS = 7
_MIDNIGHT = time(0)


@dataclass(frozen=True, slots=True)
class OpenDay:
    """One day: its name, and its hours in words ("09:30-12:30, 13:30-18:00", "closed")."""

    name: str
    hours: str
    is_today: bool
    is_closed: bool


def opening_week(
    hours: Hours, now: datetime, *, _: Callable[[str], str], locale: str
) -> tuple[OpenDay, ...]:
    """Return the seven days from today (in Brussels), holidays and exceptions included.

    Args:
        hours: of the point.
        now: aware.
        _: translation of the message ids.
        locale: of the days' names ("fr_BE").
    """
    today = now.astimezone(BRUSSELS).date()
    return tuple(
        _day(hours, today + timedelta(days=ahead), today, _, locale) for ahead in range(_DAYS)
    )


def is_always_open(hours: Hours, now: datetime) -> bool:
    """Tell whether it never closes as far as we look."""
    return hours.is_open(now) and hours.closes_at(now) is None


def _day(hours: Hours, day: date, today: date, _: Callable[[str], str], locale: str) -> OpenDay:
    begins = datetime.combine(day, _MIDNIGHT, BRUSSELS)
    ends = datetime.combine(day + timedelta(days=1), _MIDNIGHT, BRUSSELS)
    stretches = hours.open_intervals(begins, ends)
    if not stretches:
        words = _("closed")
    elif stretches == [(begins, ends)]:
        words = _("day and night")
    else:
        words = ", ".join(f"{_clock(opens)}–{_clock(closes)}" for opens, closes in stretches)  # noqa: RUF001 - a range of hours is written with an en dash
    name = _("today") if day == today else format_date(day, "EEEE", locale=locale)
    return OpenDay(name[:1].upper() + name[1:], words, day == today, not stretches)


def _clock(at: datetime) -> str:
    return at.astimezone(BRUSSELS).strftime("%H:%M")
