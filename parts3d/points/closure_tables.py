"""Times at which a point is closed or a printer away, though its hours say otherwise."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id


class Closure(SQLModel, table=True):
    """A point that closes early, a snow day, stocktaking: until ``ends_at``, or called off.

    Those that were said at once for a region share a ``batch``.
    """

    __table_args__ = (sa.Index("ix_closure_of_point", "point_id", "ends_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    batch: str = Field(index=True)
    point_id: str = Field(foreign_key="point.id")
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    reason: str = Field(description="in words, for customers too")
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    called_off_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PrinterAbsence(SQLModel, table=True):
    """A printer that is out from ``starts_at`` to ``ends_at``, or until it is called off."""

    __tablename__ = "printer_absence"
    __table_args__ = (sa.Index("ix_printer_absence_of", "printer_id", "ends_at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    printer_id: str = Field(foreign_key="printer.id")
    starts_at: datetime = Field(sa_type=UtcDateTime)
    ends_at: datetime = Field(sa_type=UtcDateTime)
    reason: str = Field(description="in words, for staff")
    made_by: str
    made_at: datetime = Field(sa_type=UtcDateTime)
    called_off_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
