"""A point's stock: checked parts that no order waits for, since another print served the line.

The next order of the same part is served from it (``promises.stock``); staff may take parts out.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Revision
from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.points.shelf_tables import ShelfPart
from parts3d.promises.queries import held_units
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
        .join(ShelfPart, col(ShelfPart.unit_id) == col(Unit.id))
        .join(Revision, col(Revision.id) == col(Unit.revision_id))
        .where(ShelfPart.point_id == point_id, col(ShelfPart.left_at).is_(None))
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
        Conflict: a checkout holds it.
    """
    if not why.strip():
        raise Invalid("Say where the part has gone.", place="why")
    part = session.exec(
        select(ShelfPart)
        .where(ShelfPart.unit_id == unit_id, ShelfPart.point_id == point_id)
        .with_for_update()
    ).first()
    if part is None:
        raise NotFound("There is no such part in this point's stock.")
    unit = session.get_one(Unit, unit_id)
    if part.left_at is not None:
        return unit
    if unit_id in held_units(session, [point_id], now):
        raise Conflict("A customer orders this part just now. Try again in a quarter of an hour.")
    part.left_at = unit.stock_left_at = now
    unit.stock_left_why = why.strip()
    session.flush()
    return unit
