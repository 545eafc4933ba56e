"""Promises as decisions: what each was computed from, what it said, and how it ended."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, words


class Outcome(StrEnum):
    """How a promise ended."""

    KEPT = "kept"  # ready at the promised minute or before
    MISSED = "missed"
    ENDED = "ended"  # the order was cancelled or given up: it says nothing of the promise


class PromiseDecision(SQLModel, table=True):
    """One promise as it was decided. Made with the hold; those without an order are deleted.

    ``evidence`` is compressed JSON of what the planner was given (``evidence.py``); it is
    thrown away after ``decision_days``, the figures stay.
    """

    __tablename__ = "promise_decision"
    __table_args__ = (sa.Index("ix_promise_decision_settled", "settled_at", "outcome"),)

    promise_id: str = Field(foreign_key="promise.id", primary_key=True)
    made_at: datetime = Field(sa_type=UtcDateTime, index=True)
    # The stated probability, and where it was said: what calibration groups by.
    level: float
    # What was aimed at: the stated one, corrected by how promises were kept.
    planned_level: float | None = None
    point_id: str = Field(foreign_key="point.id")
    printer_model: str
    hour: int = Field(description="of the decision, in Brussels")
    same_day: bool
    ready_at: datetime = Field(description="as promised", sa_type=UtcDateTime)
    evidence: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    evidence_fault: str | None = Field(default=None, description="why there is none, in words")
    order_id: str | None = Field(default=None, index=True, description="that stands on it")
    outcome: Outcome | None = Field(default=None, sa_type=words(Outcome))
    settled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    became_ready_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    late_minutes: float | None = None
    ready_point_id: str | None = None
    moved: bool = False


class Learned(SQLModel, table=True):
    """What was measured of points, printers and staff, from ``made_at`` until ``replaced_at``.

    ``figures`` are the fields of the estimate that ``kind`` names (``learned.py``).
    """

    __table_args__ = (
        sa.Index(
            "uq_learned_current",
            "kind",
            "key",
            unique=True,
            sqlite_where=sa.text("replaced_at IS NULL"),
            postgresql_where=sa.text("replaced_at IS NULL"),
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(description="staff, failures, outages, silences, misses or loads")
    key: str = Field(description="a point's or printer's id, or a model; empty: the network")
    figures: dict[str, Any] = Field(sa_type=sa.JSON)
    observations: int
    made_at: datetime = Field(sa_type=UtcDateTime)
    updated_at: datetime = Field(sa_type=UtcDateTime)
    replaced_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class Learning(SQLModel, table=True):
    """One row: how far the rows were looked at, and when all was last learned anew."""

    id: int = Field(default=1, primary_key=True)
    seen_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    whole_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    # The sweep has looked at agents without a gap from and until then.
    watched_since: datetime | None = Field(default=None, sa_type=UtcDateTime)
    watched_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
