"""A day that is shorter than its hours say: a point closes early, or nobody is there yet. Pure."""

from datetime import datetime, time, timedelta
from enum import StrEnum

from parts3d.errors import Invalid
from parts3d.points.hours import BRUSSELS, Hours, Stretch


class ShortDay(StrEnum):
    """How a day is shorter."""

    CLOSES_EARLY = "closes_early"
    OPENS_LATE = "opens_late"


def shortened(hours: Hours, now: datetime, how: ShortDay, typed: str) -> Stretch:
    """Return from when to when a point is closed today though it should be open.

    Args:
        hours: of the point, with what is closed already.
        now: aware.
        how: from the time typed until the day's last closing, or from now until the time typed.
        typed: "16:30", in Brussels; empty: now.

    Raises:
        Invalid: no time of the clock, or none at which that shortens the day.
    """
    now = now.replace(second=0, microsecond=0)
    today = now.astimezone(BRUSSELS)
    midnight = datetime.combine(today.date() + timedelta(days=1), time(), BRUSSELS)
    left = [(opens, closes) for opens, closes in hours.open_intervals(now, midnight)]
    if not left:
        raise Invalid("This point does not open again today.", place="at")
    opens_at, closes_at = left[0][0], left[-1][1]
    at = today if not typed.strip() else _moment(typed, today)
    if at >= closes_at:
        raise Invalid(f"It closes at {_clock(closes_at)} today anyway.", place="at")
    if at < today:
        raise Invalid("This time has passed. Type one that lies ahead.", place="at")
    if how is ShortDay.CLOSES_EARLY:
        return at, closes_at
    if at <= opens_at:
        raise Invalid("Type the time from which somebody is there.", place="at")
    return opens_at, at


def _moment(typed: str, today: datetime) -> datetime:
    try:
        clock = time.fromisoformat(typed.strip())
    except ValueError as error:
        raise Invalid("Type a time of the clock, as 16:30.", place="at") from error
    return today.replace(hour=clock.hour, minute=clock.minute, second=0, microsecond=0)


def _clock(at: datetime) -> str:
    return f"{at.astimezone(BRUSSELS):%H:%M}"
