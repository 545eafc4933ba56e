"""How far slicing has come."""

from sqlalchemy import func
from sqlmodel import Session, select

from parts3d.slicing.tables import Slice, SliceStatus


def progress(session: Session) -> dict[SliceStatus, int]:
    """Return how many slices stand where."""
    rows = session.exec(select(Slice.status, func.count()).group_by(Slice.status)).all()
    counts = {SliceStatus(status): count for status, count in rows}
    return {status: counts.get(status, 0) for status in SliceStatus}
