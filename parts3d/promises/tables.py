"""Promises as given: the ready time, the point, and the reasons it was computed from."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, versioned, words
from parts3d.lifecycle import Lifecycle


class PromiseStatus(StrEnum):
    """Whether a promise takes up capacity."""

    HELD = "held"  # a checkout is open; counts until it expires
    TAKEN = "taken"  # an order stands on it; its jobs take up the capacity
    RELEASED = "released"  # expired, replaced, or the order ended


PROMISE_LIFECYCLE = Lifecycle(
    "promise",
    {
        PromiseStatus.HELD: frozenset({PromiseStatus.TAKEN, PromiseStatus.RELEASED}),
        PromiseStatus.TAKEN: frozenset({PromiseStatus.RELEASED}),
        PromiseStatus.RELEASED: frozenset(),
    },
)


@versioned
class Promise(SQLModel, table=True):
    """A ready time at one point, held or taken."""

    __table_args__ = (sa.Index("ix_promise_holds", "status", "point_id", "held_until"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    quote_id: str = Field(foreign_key="quote.id", index=True)
    point_id: str = Field(foreign_key="point.id")
    printer_id: str = Field(foreign_key="printer.id")
    slice_id: str = Field(foreign_key="slice.id")
    status: PromiseStatus = Field(sa_type=words(PromiseStatus))
    version: int = 1
    ready_at: datetime = Field(sa_type=UtcDateTime)
    starts_at: datetime = Field(sa_type=UtcDateTime)
    print_seconds: int = Field(description="planned, all prints")
    # One entry a print: printer_id, print_seconds (as sliced), starts_at, line (its position),
    # copies (on the bed), slice_id; one that is served from stock has its unit_id too, a second
    # print of what the one before it makes says twin; older ones
    # have the first three, for line 1 and one copy. Spare prints are not held: they are needed only
    # if one fails.
    placements: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    held_until: datetime = Field(sa_type=UtcDateTime)
    # Who holds it, as far as that is known: a hash; its holds are limited in number.
    holder: str | None = Field(default=None, index=True)
    reasons: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    created_at: datetime = Field(sa_type=UtcDateTime)
