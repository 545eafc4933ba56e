"""Notices to be sent, and those that were."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id, words
from parts3d.lifecycle import Lifecycle


class NoticeKind(StrEnum):
    """What is told."""

    CONFIRM = "confirm"  # please confirm your address
    CONFIRMED = "confirmed"  # your order is placed, with the promise
    READY = "ready"  # come and collect, with the code
    CANCELLED = "cancelled"
    MOVE = "move"  # would you rather collect at another point?
    MOVED = "moved"  # as you agreed, it is made elsewhere
    LATE = "late"  # told before the time: it will not be kept
    SORRY = "sorry"  # it was missed: the apology, with the voucher


class NoticeStatus(StrEnum):
    """Where a notice stands."""

    WAITING = "waiting"  # to be sent
    SENDING = "sending"  # a worker has it; too old means it died: sent again, same Message-ID
    SENT = "sent"
    FAILED = "failed"  # refused for good; the operator sees it


NOTICE_LIFECYCLE = Lifecycle(
    "notice",
    {
        NoticeStatus.WAITING: frozenset({NoticeStatus.SENDING}),
        NoticeStatus.SENDING: frozenset(
            {NoticeStatus.SENT, NoticeStatus.WAITING, NoticeStatus.FAILED}
        ),
        NoticeStatus.SENT: frozenset(),
        NoticeStatus.FAILED: frozenset({NoticeStatus.WAITING}),
    },
)


class Notice(SQLModel, table=True):
    """One mail about one order: one of a kind and occasion, however often it is asked for."""

    __table_args__ = (
        sa.UniqueConstraint("order_id", "kind", "occasion"),
        sa.Index("ix_notice_todo", "status", "not_before"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    order_id: str = Field(foreign_key="orders.id")
    kind: NoticeKind = Field(sa_type=words(NoticeKind))
    # What may happen more than once to an order: the id of the move it tells of.
    occasion: str = ""
    status: NoticeStatus = Field(sa_type=words(NoticeStatus))
    language: str
    to_email: str
    subject: str
    body_text: str
    tries: int = 0
    not_before: datetime = Field(sa_type=UtcDateTime)
    started_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    failure: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
