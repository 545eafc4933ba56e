"""What measured prints taught about print times and failures: rows with history."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, words
from parts3d.slicing.correction import Scope

_CURRENT = sa.text("replaced_at IS NULL")


class PrintTimeCorrection(SQLModel, table=True):
    """What was learned of one scope, from ``made_at`` until ``replaced_at``.

    The fields are those of ``correction.Correction`` and ``FailureRate``; of parts no failures
    are counted. A row is replaced when it moved notably or another day's prints came in, and
    else brought up to date in place.
    """

    __tablename__ = "print_time_correction"
    __table_args__ = (
        sa.Index(
            "uq_print_time_correction_current",
            "scope",
            "printer_model",
            "key",
            unique=True,
            sqlite_where=_CURRENT,
            postgresql_where=_CURRENT,
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    scope: Scope = Field(sa_type=words(Scope))
    printer_model: str = Field(description="empty for the network")
    key: str = Field(description="the printer's or the revision's id; empty for model and network")
    log_shift: float
    log_error: float
    log_factor: float
    sigma: float
    prints: int
    running: int
    left_out: int
    weight: float
    printer_spread: float
    part_spread: float
    failure_probability: float
    tries: float
    failures: float
    measured_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PrintTimeLearning(SQLModel, table=True):
    """One row: how far the ended prints were looked at, and when all was last learned anew."""

    __tablename__ = "print_time_learning"

    id: int = Field(default=1, primary_key=True)
    seen_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    whole_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
