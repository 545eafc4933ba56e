"""The trace record of every physical part."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id


class Unit(SQLModel, table=True):
    """One physical part that passed its check; a plate's print gives several."""

    __table_args__ = (
        sa.UniqueConstraint("attempt_id", "copy_number", name="uq_unit_attempt_copy"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    serial: str = Field(unique=True)
    job_id: str = Field(foreign_key="job.id", index=True)
    order_id: str = Field(foreign_key="orders.id", index=True)
    revision_id: str = Field(foreign_key="revision.id", index=True)
    attempt_id: str = Field(foreign_key="attempt.id", index=True)
    copy_number: int = Field(default=1, description="of the line: 1 to its quantity")
    # Class, hashes, slicer, printer, point, persons: as they were, whatever changes later.
    trace: dict[str, Any] = Field(sa_type=sa.JSON)
    checked_by: str
    checked_at: datetime = Field(sa_type=UtcDateTime)
    # A second print of what another job served: it lies in the point's stock.
    stocked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stock_left_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    stock_left_why: str | None = None
    handed_over_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    handed_over_by: str | None = None
