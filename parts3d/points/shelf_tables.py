"""Checked parts that no order waits for, on the shelf of the point that printed them."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime


class ShelfPart(SQLModel, table=True):
    """One part in stock: a second print of what another one served. Its unit holds the trace."""

    __tablename__ = "shelf_part"
    __table_args__ = (sa.Index("ix_shelf_part_there", "point_id", "revision_id", "left_at"),)

    unit_id: str = Field(primary_key=True, description="of the unit; units come after points")
    point_id: str = Field(foreign_key="point.id")
    revision_id: str = Field(foreign_key="revision.id")
    job_id: str = Field(index=True, description="the job that printed it")
    serial: str = Field(description="as it stands on the bag")
    # The print that it came from, for whoever has to plan it again.
    printer_id: str = Field(foreign_key="printer.id")
    slice_id: str = Field(foreign_key="slice.id")
    print_seconds: int
    since: datetime = Field(sa_type=UtcDateTime)
    # Sold, used up or thrown away since.
    left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
