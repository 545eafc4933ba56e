"""Quotes: a price with all its components, frozen until it expires."""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from parts3d.db import UtcDateTime, new_id


class Quote(SQLModel, table=True):
    """A frozen price for one part in a quantity. The same at every point of the network."""

    __table_args__ = (
        sa.CheckConstraint(
            "material_cents + machine_cents + handling_cents + share_cents = net_cents",
            name="components_sum_to_net",
        ),
        sa.CheckConstraint("net_cents + vat_cents = total_cents", name="net_and_vat_sum_to_total"),
    )

    id: str = Field(default_factory=new_id, primary_key=True)
    revision_id: str = Field(foreign_key="revision.id", index=True)
    # The slice that grams and seconds were taken from: the dearest of the orderable ones.
    slice_id: str = Field(foreign_key="slice.id")
    quantity: int
    tariff_id: str
    material_cents: int
    machine_cents: int
    handling_cents: int
    share_cents: int
    net_cents: int
    vat_percent: int
    vat_cents: int
    total_cents: int
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime)
