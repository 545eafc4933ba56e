"""What a customer was given because a promise was missed."""

from datetime import datetime

from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime


class Compensation(SQLModel, table=True):
    """One a missed promise, however often it is asked for: the order is the key."""

    order_id: str = Field(foreign_key="orders.id", primary_key=True)
    voucher_id: str | None = Field(default=None, foreign_key="voucher.id")
    amount_cents: int = Field(description="0: the rule gives nothing, the apology remains")
    promised_at: datetime = Field(description="the minute that was missed", sa_type=UtcDateTime)
    made_at: datetime = Field(sa_type=UtcDateTime, index=True)
