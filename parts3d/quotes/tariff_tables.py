"""Tariffs that the operator made: drafts, and those published. The shipped ones are a file."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, versioned, words
from parts3d.lifecycle import Lifecycle


class TariffStatus(StrEnum):
    """Where a tariff stands."""

    DRAFT = "draft"  # may be changed; nobody pays it
    PUBLISHED = "published"  # never changes again; in force from its first day on
    WITHDRAWN = "withdrawn"  # taken back before its first day
    DISCARDED = "discarded"  # a draft that came to nothing


TARIFF_LIFECYCLE = Lifecycle(
    "tariff",
    {
        TariffStatus.DRAFT: frozenset({TariffStatus.PUBLISHED, TariffStatus.DISCARDED}),
        TariffStatus.PUBLISHED: frozenset({TariffStatus.WITHDRAWN}),
        TariffStatus.WITHDRAWN: frozenset(),
        TariffStatus.DISCARDED: frozenset(),
    },
)


@versioned
class TariffRecord(SQLModel, table=True):
    """A tariff as the operator wrote it."""

    __tablename__ = "tariff"
    __table_args__ = (
        # Two tariffs that begin on one day would leave open which one holds.
        sa.Index(
            "ix_tariff_one_a_day",
            "effective_from",
            unique=True,
            sqlite_where=sa.text("status = 'published'"),
            postgresql_where=sa.text("status = 'published'"),
        ),
        sa.CheckConstraint(
            "status <> 'published' OR (name IS NOT NULL AND effective_from IS NOT NULL)",
            name="published_with_a_name_and_a_day",
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    status: TariffStatus = Field(sa_type=words(TariffStatus), index=True)
    version: int = 1
    # What quotes carry as their tariff: given when it is published, never used again.
    name: str | None = Field(default=None, unique=True)
    title: str = Field(description="what the operator calls it: cheaper PETG")
    effective_from: date | None = None
    made_from: str = Field(description="the tariff that the draft began as")
    # A TariffSheet: amounts as texts, so that they stay exact.
    sheet: dict[str, Any] = Field(sa_type=sa.JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)


class TariffEvent(SQLModel, table=True):
    """Who did what with a tariff, when."""

    __tablename__ = "tariff_event"

    id: int | None = Field(default=None, primary_key=True)
    tariff_record_id: str = Field(foreign_key="tariff.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    from_status: str | None = None
    to_status: str
    actor: str = Field(description="operator:<id>")
    reason: str | None = None
