"""Orders, their lines, their events, and the payment."""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.catalogue.safety import SafetyClass
from parts3d.db import UtcDateTime, new_id, versioned, words
from parts3d.orders.lifecycle import OrderStatus, PaymentStatus


@versioned
class Order(SQLModel, table=True):
    """What a customer bought. ``id`` is inside; ``number`` is what people read out."""

    __tablename__ = "orders"  # "order" is a word of SQL

    id: str = Field(default_factory=new_id, primary_key=True)
    number: str = Field(unique=True, description="as P3D-7K4M-2Q9X")
    # The link in the customer's hand; only its hash is kept. Whoever has it sees the order.
    token_sha256: str = Field(unique=True)
    idempotency_key: str = Field(unique=True, description="of the checkout; twice is once")
    # Of what was submitted under that key: the same key with other words is a conflict.
    request_sha256: str
    status: OrderStatus = Field(sa_type=words(OrderStatus))
    version: int = 1
    language: str
    contact_name: str
    contact_email: str = Field(index=True, description="folded to lower case")
    contact_confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    quote_id: str = Field(foreign_key="quote.id")
    # Unique: out of one checkout comes one order, whatever keys were sent.
    promise_id: str = Field(foreign_key="promise.id", unique=True)
    point_id: str = Field(foreign_key="point.id", index=True)
    # The promise as the customer knows it; moved only with her consent.
    ready_promised_at: datetime = Field(sa_type=UtcDateTime)
    total_cents: int
    reason: str | None = Field(default=None, description="why it waits or ended, in words")
    code_tries: int = 0
    code_locked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    placed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    ready_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    collected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OrderLine(SQLModel, table=True):
    """One part in a quantity."""

    __tablename__ = "order_line"
    __table_args__ = (
        # No line can exist for an unclassified or S4 revision, whatever the code does:
        # the pair must exist in revision, and the class must be one that is sold.
        sa.ForeignKeyConstraint(
            ["revision_id", "safety_class"], ["revision.id", "revision.safety_class"]
        ),
        sa.CheckConstraint(
            "safety_class IN ('S0', 'S1', 'S2', 'S3')", name="only_a_sellable_class_is_sold"
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    order_id: str = Field(foreign_key="orders.id", index=True)
    position: int = Field(default=1, description="from 1, as in its quote")
    revision_id: str
    safety_class: SafetyClass = Field(sa_type=words(SafetyClass))
    title: str = Field(description="the part's name in the order's language")
    quantity: int
    total_cents: int


class OrderEvent(SQLModel, table=True):
    """One move of an order, or something worth telling that happened to it."""

    __tablename__ = "order_event"

    id: int | None = Field(default=None, primary_key=True)
    order_id: str = Field(foreign_key="orders.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    from_status: str | None = None
    to_status: str
    actor: str = Field(description="customer, staff:<id>, agent:<id>, system")
    reason: str | None = None


class CollectionTry(SQLModel, table=True):
    """A code typed at a counter that fitted no order there; too many stop the counter."""

    __tablename__ = "collection_try"
    __table_args__ = (sa.Index("ix_collection_try_recent", "point_id", "at"),)

    id: int | None = Field(default=None, primary_key=True)
    point_id: str = Field(foreign_key="point.id")
    actor: str
    at: datetime = Field(sa_type=UtcDateTime)


class ReceiptCounter(SQLModel, table=True):
    """The last receipt number given. One row: its lock makes the numbers gapless."""

    __tablename__ = "receipt_counter"

    id: int = Field(default=1, primary_key=True)
    last_number: int = 0


class PaymentMethod(StrEnum):
    """How it was paid."""

    CASH = "cash"
    CARD = "card"  # the shop's own terminal


@versioned
class Payment(SQLModel, table=True):
    """The one payment of an order."""

    id: str = Field(default_factory=new_id, primary_key=True)
    order_id: str = Field(foreign_key="orders.id", unique=True)
    status: PaymentStatus = Field(sa_type=words(PaymentStatus))
    version: int = 1
    provider: str = Field(default="counter")
    method: PaymentMethod | None = Field(
        default=None,
        sa_type=words(PaymentMethod),
    )
    amount_cents: int
    receipt_number: int | None = Field(default=None, unique=True)
    taken_by: str | None = None
    created_at: datetime = Field(sa_type=UtcDateTime)
    captured_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PaymentEvent(SQLModel, table=True):
    """One move of a payment."""

    __tablename__ = "payment_event"

    id: int | None = Field(default=None, primary_key=True)
    payment_id: str = Field(foreign_key="payment.id", index=True)
    at: datetime = Field(sa_type=UtcDateTime)
    from_status: str | None = None
    to_status: str
    actor: str
    reason: str | None = None
