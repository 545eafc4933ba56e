"""Voucher codes, and the orders that used them."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id

_IN_USE = sa.text("given_back_at IS NULL")


class VoucherRecord(SQLModel, table=True):
    """A code and its terms, which never change; a mistake is stopped and made anew."""

    __tablename__ = "voucher"
    __table_args__ = (
        sa.CheckConstraint(
            "(amount_cents IS NULL) <> (percent IS NULL)", name="an_amount_or_a_share"
        ),
        sa.CheckConstraint(
            "amount_cents IS NULL OR amount_cents > 0", name="an_amount_is_above_zero"
        ),
        sa.CheckConstraint(
            "percent IS NULL OR (percent >= 1 AND percent <= 100)", name="a_share_is_of_a_whole"
        ),
        sa.CheckConstraint("most_uses IS NULL OR most_uses >= 1", name="at_least_one_use"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    code: str = Field(unique=True, description="letters and digits, in capitals")
    amount_cents: int | None = Field(default=None, description="with VAT")
    percent: int | None = Field(default=None, description="of the total with VAT")
    first_day: date | None = Field(default=None, description="in Brussels; None: at once")
    last_day: date | None = Field(default=None, description="in Brussels; None: no end")
    most_uses: int | None = Field(default=None, description="in all; None: no limit")
    first_order_only: bool = False
    part_id: str | None = Field(default=None, foreign_key="part.id")
    note: str = Field(default="", description="for the operator: what it was made for")
    created_by: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    stopped_by: str | None = None
    stopped_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VoucherUse(SQLModel, table=True):
    """One order that used a voucher."""

    __tablename__ = "voucher_use"
    __table_args__ = (
        # Whatever the code does: no use is given twice, and no order uses two vouchers.
        sa.Index(
            "ix_voucher_use_once",
            "voucher_id",
            "number",
            unique=True,
            sqlite_where=_IN_USE,
            postgresql_where=_IN_USE,
        ),
        sa.Index(
            "ix_voucher_use_order",
            "order_id",
            unique=True,
            sqlite_where=_IN_USE,
            postgresql_where=_IN_USE,
        ),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    voucher_id: str = Field(foreign_key="voucher.id")
    number: int = Field(description="1 to the voucher's most_uses")
    # No foreign key: orders come after quotes in the house.
    order_id: str
    # Enough to know a first order again; the address itself is the order's.
    contact_sha256: str = Field(index=True)
    used_at: datetime = Field(sa_type=UtcDateTime)
    given_back_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class VoucherGuess(SQLModel, table=True):
    """A code that does not exist was tried; kept for an hour."""

    __tablename__ = "voucher_guess"
    __table_args__ = (sa.Index("ix_voucher_guess_source", "source", "at"),)

    id: str = Field(default_factory=new_id, primary_key=True)
    source: str = Field(description="keyed hash of the network address")
    at: datetime = Field(sa_type=UtcDateTime)
