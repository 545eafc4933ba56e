"""Closing early, a snow day, stocktaking: times at which points are closed all the same."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.db import new_id
from parts3d.errors import Invalid, NotFound
from parts3d.points.closure_tables import Closure
from parts3d.points.hours import BRUSSELS, Hours, HoursException, Stretch
from parts3d.points.tables import Point

LONGEST = timedelta(days=60)
_MIDNIGHT = "24:00"


def close_points(
    session: Session,
    point_ids: Collection[str],
    starts_at: datetime,
    ends_at: datetime,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> str:
    """Close points for a time; returns the batch, by which it is called off and re-planned.

    Raises:
        Invalid: no point, no reason, the end before the beginning, in the past, or too long.
    """
    starts_at, ends_at = _minute(starts_at), _minute(ends_at)
    if not point_ids:
        raise Invalid("No point is chosen. Choose one, or a postcode that has points.")
    if not reason.strip():
        raise Invalid("Say why, for the customers too.", place="reason")
    if ends_at <= starts_at or ends_at <= now:
        raise Invalid("The end has to lie after the beginning, and ahead.", place="ends_at")
    if ends_at - starts_at > LONGEST:
        raise Invalid(
            f"At most {LONGEST.days} days can be closed at once. For longer, change the hours.",
            place="ends_at",
        )
    batch = new_id()
    for point_id in sorted(set(point_ids)):
        session.add(
            Closure(
                batch=batch,
                point_id=point_id,
                starts_at=starts_at,
                ends_at=ends_at,
                reason=reason.strip(),
                made_by=actor,
                made_at=now,
            )
        )
    session.flush()
    return batch


def call_off(session: Session, batch: str, now: datetime) -> int:
    """Open again before the time; returns how many points. Twice is once.

    Raises:
        NotFound: no such closure.
    """
    rows = session.exec(select(Closure).where(Closure.batch == batch).with_for_update()).all()
    if not rows:
        raise NotFound("There is no such closure.")
    for row in rows:
        row.called_off_at = row.called_off_at or now
    session.flush()
    return len(rows)


def points_of_region(session: Session, postcode_begins: str) -> list[Point]:
    """Return the active points whose postcode begins so: 45 is the whole of Huy's region."""
    return list(
        session.exec(
            select(Point)
            .where(
                col(Point.active).is_(True), col(Point.postcode).startswith(postcode_begins.strip())
            )
            .order_by(Point.name)
        )
    )


def chosen_points(session: Session, where: str) -> list[Point]:
    """Return the points of a postcode's beginning, or the one of this name."""
    typed = where.strip()
    if typed.isdigit():
        found = points_of_region(session, typed)
        if not found:
            raise Invalid(f"No active point has a postcode that begins with {typed}.")
        return found
    point = session.exec(
        select(Point).where(
            col(Point.active).is_(True),
            sa.or_(col(Point.slug) == typed.lower(), sa.func.lower(Point.name) == typed.lower()),
        )
    ).first()
    if point is None:
        raise Invalid("There is no point of this name. Write it as in the list, or a postcode.")
    return [point]


def typed_moment(typed: str, place: str) -> datetime:
    """Return a moment as it was typed, in Brussels time.

    Raises:
        Invalid: it is none.
    """
    try:
        moment = datetime.fromisoformat(typed)
    except ValueError as error:
        raise Invalid(
            "Write day and time as 2026-11-28 18:00.", place="ends_at" if place == "ends" else place
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=BRUSSELS)


def closures_of(
    session: Session, point_ids: Collection[str], now: datetime
) -> Mapping[str, tuple[Stretch, ...]]:
    """Return the times at which points are closed, from now on; one query."""
    found: dict[str, list[Stretch]] = defaultdict(list)
    rows = session.exec(
        select(Closure)
        .where(
            col(Closure.point_id).in_(list(point_ids)),
            Closure.ends_at > now,
            col(Closure.called_off_at).is_(None),
        )
        .order_by(col(Closure.starts_at), col(Closure.id))
    )
    for row in rows:
        found[row.point_id].append((row.starts_at, row.ends_at))
    return {point_id: tuple(some) for point_id, some in found.items()}


def hours_of(session: Session, point: Point, now: datetime) -> Hours:
    """Return a point's opening hours from now on, without the times that are closed."""
    closed = closures_of(session, [point.id], now).get(point.id, ())
    return with_closures(point.opening_hours, closed)


def with_closures(text: str, closed: Sequence[Stretch]) -> Hours:
    """Return hours without the times that are closed. Pure."""
    usual = Hours.parse(text)
    if not closed:
        return usual
    days = sorted({day for starts_at, ends_at in closed for day in _days(starts_at, ends_at)})
    exceptions = [HoursException(day, day, _left_of(usual, day, closed)) for day in days]
    return Hours.parse(text, exceptions)


def _days(starts_at: datetime, ends_at: datetime) -> list[date]:
    first = starts_at.astimezone(BRUSSELS).date()
    last = (ends_at - timedelta(seconds=1)).astimezone(BRUSSELS).date()
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


def _left_of(usual: Hours, day: date, closed: Sequence[Stretch]) -> str:
    begins = datetime.combine(day, time(), BRUSSELS)
    ends = datetime.combine(day + timedelta(days=1), time(), BRUSSELS)
    left = [
        (opens, closes) for opens, closes in usual.open_intervals(begins, ends) if opens < closes
    ]
    for shut, opened in closed:
        left = [
            piece
            for opens, closes in left
            for piece in ((opens, min(closes, shut)), (max(opens, opened), closes))
            if piece[0] < piece[1]
        ]
    words = [f"{_clock(opens)}-{_clock(closes, ends)}" for opens, closes in left]
    return ",".join(words) or "off"


def _clock(at: datetime, midnight: datetime | None = None) -> str:
    if midnight is not None and at >= midnight.astimezone(UTC):
        return _MIDNIGHT
    return f"{at.astimezone(BRUSSELS):%H:%M}"


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)
