"""A point's stock: checked parts that no order waits for, since another print served the line."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Revision
from parts3d.errors import Invalid, NotFound
from parts3d.jobs.tables import Job
from parts3d.units.tables import Unit


@dataclass(frozen=True, slots=True)
class StockedPart:
    """One part in stock."""

    unit_id: str
    serial: str
    title: str
    since: datetime


def stock_of(session: Session, point_id: str, language: str) -> list[StockedPart]:
    """Return what lies in a point's stock, the oldest first."""
    rows = session.exec(
        select(Unit, Revision)
        .join(Job, col(Job.id) == col(Unit.job_id))
        .join(Revision, col(Revision.id) == col(Unit.revision_id))
        .where(
            Job.point_id == point_id,
            col(Unit.stocked_at).is_not(None),
            col(Unit.stock_left_at).is_(None),
            col(Unit.handed_over_at).is_(None),
        )
        .order_by(col(Unit.stocked_at), Unit.serial)
    )
    return [
        StockedPart(unit.id, unit.serial, title_in(revision, language), unit.stocked_at)
        for unit, revision in rows
        if unit.stocked_at is not None
    ]


def take_out(session: Session, *, point_id: str, unit_id: str, why: str, now: datetime) -> Unit:
    """Take a part out of stock, with the reason: sold, used up, thrown away. Twice is once.

    Raises:
        NotFound: it is not in this point's stock.
        Invalid: no reason is given.
    """
    if not why.strip():
        raise Invalid("Say where the part has gone.", place="why")
    unit = session.exec(
        select(Unit)
        .join(Job, col(Job.id) == col(Unit.job_id))
        .where(Unit.id == unit_id, Job.point_id == point_id, col(Unit.stocked_at).is_not(None))
        .with_for_update(of=Unit)
    ).first()
    if unit is None:
        raise NotFound("There is no such part in this point's stock.")
    if unit.stock_left_at is None:
        unit.stock_left_at, unit.stock_left_why = now, why.strip()
        session.flush()
    return unit
