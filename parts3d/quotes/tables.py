"""Quotes: a price with all its components and lines, frozen until it expires."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id


class Quote(SQLModel, table=True):
    """A frozen price for parts in quantities. The same at every point of the network."""

    __table_args__ = (
        sa.CheckConstraint(
            "material_cents + machine_cents + handling_cents + quantity_discount_cents + "
            "rush_cents + share_cents + royalty_cents + voucher_cents = net_cents",
            name="components_sum_to_net",
        ),
        sa.CheckConstraint("net_cents + vat_cents = total_cents", name="net_and_vat_sum_to_total"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    tariff_id: str
    material_cents: int
    machine_cents: int
    handling_cents: int
    quantity_discount_cents: int = Field(default=0, description="zero or less")
    rush_cents: int = 0
    share_cents: int
    royalty_cents: int = 0
    voucher_cents: int = Field(default=0, description="zero or less, net")
    net_cents: int
    vat_percent: int
    vat_cents: int
    total_cents: int
    voucher_code: str | None = None
    voucher_total_cents: int = Field(default=0, description="what it takes off, VAT included")
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
    # Over everything above and the lines, with the signing secret: what was given stays given.
    # None: given before quotes were sealed.
    seal: str | None = None

    @property
    def is_rush(self) -> bool:
        """Tell whether it was asked to go before others, for a surcharge."""
        return self.rush_cents > 0


class QuoteLine(SQLModel, table=True):
    """One part of a quote in a quantity, and how it is laid on beds."""

    __tablename__ = "quote_line"
    __table_args__ = (
        sa.UniqueConstraint("quote_id", "position", name="uq_quote_line_position"),
        sa.CheckConstraint("quantity >= 1", name="at_least_one_copy"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    quote_id: str = Field(foreign_key="quote.id", index=True)
    position: int = Field(description="from 1")
    revision_id: str = Field(foreign_key="revision.id", index=True)
    # The slice that most grams and seconds were taken from: of the dearest orderable model.
    slice_id: str = Field(foreign_key="slice.id")
    quantity: int
    # One entry a kind of bed: copies on it, prints of it, and the slice (slice_id, gcode_sha256,
    # filament_mg, print_seconds of one such bed).
    plates: list[dict[str, Any]] = Field(sa_type=sa.JSON)
    filament_mg: int = Field(description="all copies")
    print_seconds: int = Field(description="all copies")
    total_cents: int = Field(description="its share of the total")


class SavedQuote(SQLModel, table=True):
    """A quote that was given out to keep: whoever has its link sees it, and may order on it."""

    __tablename__ = "saved_quote"

    quote_id: str = Field(foreign_key="quote.id", primary_key=True)
    # Only the hash of the link's secret is kept, as of orders.
    token_sha256: str = Field(unique=True)
    saved_at: datetime = Field(sa_type=UtcDateTime)
