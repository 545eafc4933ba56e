"""What people's presence does to a print: when it may start, is cleared, checked, collected. Pure.

All moments are UTC. None means: never within the hours' look-ahead, or not until the horizon.
Every function here never goes down when a moment or a duration goes up.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import inf

from parts3d.points.calendar import minutes_of
from parts3d.points.hours import Stretch, Unattended
from parts3d.promises.futures.minutes import ROUND_MINUTES
from parts3d.promises.sequence import BY_DAY, Evening
from parts3d.promises.snapshot import PointSnapshot

_A_MINUTE = timedelta(minutes=1)
_EPOCH = datetime(2020, 1, 1, tzinfo=UTC)


def starts_at(
    point: PointSnapshot,
    free_at: datetime,
    duration: timedelta,
    until: datetime,
    away: Sequence[Stretch] = (),
) -> datetime | None:
    """Return the earliest start that the rule for unattended printing allows, up to ``until``.

    No print runs into a time at which its printer is ``away``.
    """
    at: datetime | None = free_at
    while at is not None:
        start = _starts_by_rule(point, at, duration, until)
        at = _back_at(away, start, duration)
        if at is None:
            return start
    return None


def _back_at(
    away: Sequence[Stretch], start: datetime | None, duration: timedelta
) -> datetime | None:
    """Return when the printer is back that a print would meet away; None where it meets none."""
    if start is None:
        return None
    met = (ends for begins, ends in away if begins < start + duration and start < ends)
    return max(met, default=None)


def _starts_by_rule(
    point: PointSnapshot, free_at: datetime, duration: timedelta, until: datetime
) -> datetime | None:
    if point.unattended == Unattended.OVERNIGHT:
        return free_at if free_at <= until else None
    bridging = timedelta(minutes=point.break_minutes)
    for opens, closes in point.staffed_hours.stretches(free_at, bridging=bridging):
        start = max(free_at, opens)
        if start > until:
            return None
        if point.unattended == Unattended.FINISH or start + duration <= closes:
            return start
    return None


def may_start(point: PointSnapshot, at: datetime, duration: timedelta) -> bool:
    """Tell whether the rule for unattended printing lets a print of this length start at ``at``."""
    return starts_at(point, at, duration, at) is not None


def evening_at(point: PointSnapshot, at: datetime) -> Evening:
    """Return when the last person leaves a point and the first comes again, seen from a moment."""
    if point.unattended == Unattended.NONE:
        return BY_DAY
    now = minutes_of(at)
    days = point.staffed_hours.stretches(at, bridging=timedelta(minutes=point.break_minutes))
    opens_at, closes_at = next(days, (None, None))
    if opens_at is None or closes_at is None:
        return Evening(now, now)
    if opens_at > at:
        return Evening(now, now, minutes_of(opens_at))
    reopens_at, _ = next(days, (None, None))
    return Evening(
        now, minutes_of(closes_at), inf if reopens_at is None else minutes_of(reopens_at)
    )


def latest_start(
    point: PointSnapshot, due_at: datetime, duration: timedelta, copies: int, now: datetime
) -> datetime | None:
    """Return the last full minute at which a print may start to be bagged by its promise.

    Staff clear, check and bag it in staffed hours. None when starting now would be too late.
    """

    def in_time(start: datetime) -> bool:
        bagged = handled_at(point, start, start + duration, copies)
        return bagged is not None and bagged <= due_at

    if not in_time(now):
        return None
    low, high = 0, int((due_at - now) / _A_MINUTE) + 1
    while high - low > 1:  # never later when it starts earlier, so it can be halved
        middle = (low + high) // 2
        if in_time(now + middle * _A_MINUTE):
            low = middle
        else:
            high = middle
    return now + low * _A_MINUTE


def cleared_at(point: PointSnapshot, ends_at: datetime) -> datetime | None:
    """Return when a person has freed the bed of a print that ended at ``ends_at``."""
    return point.staffed_hours.add_open_time(ends_at, timedelta(minutes=point.bed_clear_minutes))


def handled_at(
    point: PointSnapshot, person_free_at: datetime | None, ends_at: datetime, copies: int = 1
) -> datetime | None:
    """Return when the one person has cleared a print, and checked and bagged its copies."""
    if person_free_at is None:
        return None
    minutes = timedelta(minutes=point.bed_clear_minutes + copies * point.check_minutes)
    return point.staffed_hours.add_open_time(max(person_free_at, ends_at), minutes)


def collectable_at(point: PointSnapshot, bagged_at: datetime, until: datetime) -> datetime | None:
    """Round up to five minutes and on to opening hours, until both hold; None after ``until``."""
    at = _rounded_up(bagged_at)
    while at <= until:
        opens_at = point.opening_hours.next_open(at)
        if opens_at is None:
            return None
        if opens_at == at:
            return at
        at = _rounded_up(opens_at)
    return None


def _rounded_up(at: datetime) -> datetime:
    step = timedelta(minutes=ROUND_MINUTES)
    over = (at - _EPOCH) % step
    return at + (step - over) if over else at
