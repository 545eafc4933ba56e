"""The shelf of a point: checked parts that no order waits for, for the next order of the same."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import Conflict
from parts3d.points.shelf_tables import ShelfPart

# The parts of a revision at a point, the oldest first.
Shelves = Mapping[tuple[str, str], list[ShelfPart]]


def shelves_of(
    session: Session, point_ids: Collection[str], revision_ids: Collection[str]
) -> Shelves:
    """Return what lies on shelves, by point and revision; one query."""
    found: dict[tuple[str, str], list[ShelfPart]] = defaultdict(list)
    rows = session.exec(
        select(ShelfPart)
        .where(
            col(ShelfPart.point_id).in_(list(point_ids)),
            col(ShelfPart.revision_id).in_(list(revision_ids)),
            col(ShelfPart.left_at).is_(None),
        )
        .order_by(col(ShelfPart.since), col(ShelfPart.unit_id))
    )
    for row in rows:
        found[row.point_id, row.revision_id].append(row)
    return found


def take_off_shelf(session: Session, unit_id: str, now: datetime) -> ShelfPart:
    """Take a part for an order; whoever comes second is refused.

    Raises:
        Conflict: it is no longer there.
    """
    row = session.get(ShelfPart, unit_id, with_for_update=True, populate_existing=True)
    if row is None or row.left_at is not None:
        raise Conflict(
            "The part that was to serve this order is no longer in stock. Ask again.",
            code="stock_gone",
        )
    row.left_at = now
    session.flush()
    return row


def put_back_on_shelf(session: Session, unit_id: str) -> None:
    """Let a part lie there again: its order was cancelled or has moved. Twice is once."""
    row = session.get(ShelfPart, unit_id, with_for_update=True, populate_existing=True)
    if row is not None:
        row.left_at = None
        session.flush()


def made_by(session: Session, job_id: str) -> list[ShelfPart]:
    """Return the parts of one print that lie there still, locked."""
    return list(
        session.exec(
            select(ShelfPart)
            .where(ShelfPart.job_id == job_id, col(ShelfPart.left_at).is_(None))
            .order_by(col(ShelfPart.unit_id))
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
