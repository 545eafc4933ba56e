"""Moves that keep a promise: each with its reason, and what became of it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, versioned, words
from parts3d.lifecycle import Lifecycle


class RescueKind(StrEnum):
    """What is done for a promise at risk."""

    PRINTER = "printer"  # planned on another printer of the point
    REPRINT = "reprint"  # a failed print is made again without waiting for a person
    HEDGE = "hedge"  # a second job for the same copies
    TWIN = "twin"  # the same from the beginning: so it was promised
    POINT = "point"  # another point, with the customer's consent
    TELL = "tell"  # nothing helps: the customer is told before the time


class RescueStatus(StrEnum):
    """What became of it."""

    ASKED = "asked"  # waits for the customer's consent
    DONE = "done"
    DECLINED = "declined"  # she stays
    LAPSED = "lapsed"  # she did not answer in time: she stays
    OVERTAKEN = "overtaken"  # it was no longer possible, or no longer needed


RESCUE_LIFECYCLE = Lifecycle(
    "move",
    {
        RescueStatus.ASKED: frozenset(
            {
                RescueStatus.DONE,
                RescueStatus.DECLINED,
                RescueStatus.LAPSED,
                RescueStatus.OVERTAKEN,
            }
        ),
        RescueStatus.DONE: frozenset(),
        RescueStatus.DECLINED: frozenset(),
        RescueStatus.LAPSED: frozenset(),
        RescueStatus.OVERTAKEN: frozenset(),
    },
)
_ASKED = sa.text("status = 'asked'")


@versioned
class Rescue(SQLModel, table=True):
    """One move for a promise at risk, done or asked for."""

    __table_args__ = (
        # A customer is asked one thing at a time.
        sa.Index(
            "uq_rescue_asked",
            "order_id",
            unique=True,
            sqlite_where=_ASKED,
            postgresql_where=_ASKED,
        ),
        sa.Index("ix_rescue_open", "status", "answer_by"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    order_id: str = Field(foreign_key="orders.id", index=True)
    # Of a move of the whole order (another point, telling): none.
    job_id: str | None = Field(default=None, foreign_key="job.id", index=True)
    new_job_id: str | None = Field(default=None, foreign_key="job.id")
    kind: RescueKind = Field(sa_type=words(RescueKind))
    status: RescueStatus = Field(sa_type=words(RescueStatus))
    version: int = 1
    from_point_id: str = Field(foreign_key="point.id")
    to_point_id: str = Field(foreign_key="point.id")
    from_printer_id: str | None = None
    to_printer_id: str | None = None
    # The capacity held at the other point while the customer is asked.
    promise_id: str | None = Field(default=None, foreign_key="promise.id")
    # Ready with the promise's probability, and the probability to keep it: before and after.
    ready_before: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ready_after: datetime | None = Field(default=None, sa_type=UtcDateTime)
    chance_before: float | None = None
    chance_after: float | None = None
    reason: dict[str, Any] = Field(sa_type=sa.JSON)
    made_at: datetime = Field(sa_type=UtcDateTime, index=True)
    answer_by: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answered_by: str | None = None


class Replan(SQLModel, table=True):
    """An order that has to be looked at because of a closure or a withdrawal, until it was."""

    __table_args__ = (
        sa.PrimaryKeyConstraint("batch", "order_id"),
        sa.Index("ix_replan_open", "done_at"),
    )

    batch: str
    order_id: str = Field(foreign_key="orders.id")
    cause: str = Field(description="in words")
    asked_at: datetime = Field(sa_type=UtcDateTime)
    done_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    result: str | None = Field(default=None, description="what was done, in words")
