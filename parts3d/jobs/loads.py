"""How long printers were taken lately, by point: read from attempts and checks."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.jobs.tables import Attempt
from parts3d.points.hours import Hours
from parts3d.points.tables import Point, Printer
from parts3d.promises.learning.loads import LATELY
from parts3d.promises.learning.staff_times import Clearing

_MOST_ROWS = 50_000
_A_MINUTE, _A_DAY = timedelta(minutes=1), timedelta(days=1)


def read_loads(
    session: Session, clearings: Sequence[Clearing], now: datetime
) -> tuple[dict[str, float], dict[str, float]]:
    """Return (minutes taken, staffed printer minutes) by point, of the last week.

    Args:
        session: to read with.
        clearings: how long prints waited for a person (``jobs.learning``).
        now: aware.
    """
    since = now - LATELY
    points = {one.id: one for one in session.exec(select(Point))}
    hours = {key: Hours.parse(one.staffed_hours) for key, one in points.items()}
    staffed: dict[str, float] = defaultdict(float)
    for printer in session.exec(select(Printer).where(col(Printer.withdrawn_at).is_(None))):
        begins = max(printer.created_at, since)
        staffed[printer.point_id] += hours[printer.point_id].open_time(begins, now) / _A_MINUTE
    taken: dict[str, float] = defaultdict(float)
    for started_at, ended_at, point_id in session.exec(
        select(Attempt.started_at, Attempt.ended_at, Printer.point_id)
        .join(Printer, col(Printer.id) == col(Attempt.printer_id))
        .where(
            col(Attempt.started_at).is_not(None),
            sa.or_(col(Attempt.ended_at).is_(None), col(Attempt.ended_at) > since),
        )
        .limit(_MOST_ROWS)
    ):
        begins = max(started_at or now, since)
        taken[point_id] += max(((ended_at or now) - begins) / _A_MINUTE, 0.0)
    for one in clearings:
        if one.age_days <= LATELY / _A_DAY:
            taken[one.point] += one.staffed_minutes
    return dict(taken), dict(staffed)
