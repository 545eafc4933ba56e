"""What goes in and out of the public API: closed, frozen values. Amounts are integer cents."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from parts3d.orders.checkout import EMAIL, NAME, Identity
from parts3d.orders.tables import PaymentMethod
from parts3d.quotes.service import MOST_LINES

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=80)]
# Whatever zone a moment was computed in, programs read it in UTC.
Moment = Annotated[datetime, AfterValidator(lambda moment: moment.astimezone(UTC))]
Asked = Annotated[str, StringConstraints(min_length=1, max_length=40)]
_OF_ONE_PART = frozenset({"quantity", "material", "printer_model"})
Quantity = Annotated[int, Field(ge=1, le=500)]


class Closed(BaseModel):
    """Nothing unknown comes in, nothing is changed afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LineRequest(Closed):
    """A part in a quantity."""

    part: Slug
    quantity: Quantity = 1
    # Asked for beside the part: refused in words where it cannot be had.
    material: Asked | None = None
    printer_model: Asked | None = None


class QuoteRequest(Closed):
    """A price is wanted: for one part in a quantity, or for several as ``lines``."""

    part: Slug | None = None
    quantity: Quantity = 1
    material: Asked | None = None
    printer_model: Asked | None = None
    lines: Annotated[tuple[LineRequest, ...], Field(max_length=MOST_LINES)] = ()
    voucher: Annotated[str, StringConstraints(max_length=60)] | None = None

    @model_validator(mode="after")
    def _one_shape(self) -> Self:
        if (self.part is None) == (not self.lines):
            raise ValueError("give one part, or lines")
        if self.lines and not _OF_ONE_PART.isdisjoint(self.model_fields_set):
            raise ValueError("give the quantity and what else you ask for in each line")
        if len(self.parts) < len(self.lines):
            raise ValueError("give each part once, with its whole quantity")
        return self

    @property
    def parts(self) -> dict[str, int]:
        """Quantities by part, in the order of the lines."""
        return {line.part: line.quantity for line in self.asked}

    @property
    def asked(self) -> tuple[LineRequest, ...]:
        """The lines, whichever shape they came in."""
        if self.part is None:
            return self.lines
        return (
            LineRequest(
                part=self.part,
                quantity=self.quantity,
                material=self.material,
                printer_model=self.printer_model,
            ),
        )


class OffersRequest(QuoteRequest):
    """Ready times are wanted; near a postcode or a position, if one is given."""

    postcode: Annotated[str, StringConstraints(max_length=40)] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)] | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.latitude is None) != (self.longitude is None):
            raise ValueError("give latitude and longitude together")
        if self.postcode is not None and self.latitude is not None:
            raise ValueError("give a postcode or a position, not both")
        return self


class CheckoutRequest(Closed):
    """Capacity is to be held for a quote at a point."""

    quote_id: Identity
    point: Slug


class OrderRequest(Closed):
    """The details of a guest; the key comes in the ``Idempotency-Key`` header."""

    checkout_id: Identity
    name: Annotated[str, NAME]
    email: Annotated[str, EMAIL]
    language: Literal["fr", "en"] = "fr"
    accept_terms: Literal[True]
    accepted_ready_at: AwareDatetime | None = None


class ConfirmRequest(Closed):
    """Confirmation; with the later ready time agreed to, where one was offered."""

    accepted_ready_at: AwareDatetime | None = None


class PlateView(Closed):
    """Beds that are alike: so many copies on each, and what one such bed takes."""

    copies: int
    prints: int
    gcode_sha256: str
    filament_mg: int
    print_seconds: int


class QuoteLineView(Closed):
    """One line of a price; ``filament_mg`` and ``print_seconds`` are of all its copies."""

    position: int
    part: str
    quantity: int
    plates: tuple[PlateView, ...]
    filament_mg: int
    print_seconds: int
    total_cents: int


class QuoteView(Closed):
    """A frozen price: ``net + vat = total``, and the components sum to net.

    Discounts are negative. ``part`` is that of the only line, null where there are several;
    ``quantity`` counts all.
    """

    id: str
    part: str | None
    quantity: int
    lines: tuple[QuoteLineView, ...]
    material_cents: int
    machine_cents: int
    handling_cents: int
    quantity_discount_cents: int
    rush_cents: int
    share_cents: int
    royalty_cents: int
    voucher_cents: int
    net_cents: int
    vat_percent: int
    vat_cents: int
    total_cents: int
    voucher_code: str | None
    voucher_total_cents: int
    expires_at: Moment


class PointView(Closed):
    """A point."""

    slug: str
    name: str
    street: str
    postcode: str
    city: str
    latitude: float
    longitude: float
    opening_hours: str


class OfferView(Closed):
    """A ready time at a point."""

    point: PointView
    ready_at: Moment
    distance_km: float | None
    sentence: str


class RefusalView(Closed):
    """A point that promises nothing, and why."""

    point: PointView
    code: str
    sentence: str


class OffersView(Closed):
    """What to choose from, best first."""

    offers: tuple[OfferView, ...]
    refusals: tuple[RefusalView, ...]


class RushRequest(Closed):
    """To be served before others, for a surcharge; or, with false, as everybody again."""

    rush: bool


class RushView(Closed):
    """What going first would make of an open checkout: an earlier time for a higher price."""

    ready_at: Moment
    total_cents: int
    more_cents: int


class CheckoutView(Closed):
    """An open checkout: the price, and capacity held until ``held_until``.

    ``rush`` is what could be had by going first, null where that brings nothing or is chosen
    already; then ``otherwise_ready_at`` is the time without it.
    """

    id: str
    quote: QuoteView
    point: PointView
    ready_at: Moment
    held_until: Moment
    rush: RushView | None = None
    otherwise_ready_at: Moment | None = None


class EventView(Closed):
    """One move of the order."""

    at: Moment
    status: str
    reason: str | None


class CopyView(Closed):
    """One print on its way: of a line, so many copies from ``copy_number`` on."""

    line: int
    copy_number: int
    copies: int
    status: str
    progress: float
    remaining_seconds: float | None


class ReceiptView(Closed):
    """What was paid."""

    number: str
    issued_at: Moment
    seller_name: str
    seller_vat_number: str
    net_cents: int
    vat_percent: int
    vat_cents: int
    total_cents: int
    rush_cents: int
    method: PaymentMethod


class OrderLineView(Closed):
    """One line of an order."""

    position: int
    part: str
    title: str
    quantity: int
    total_cents: int


class OrderView(Closed):
    """One order, for whoever has its link.

    ``part`` is that of the only line, null where there are several; ``quantity`` counts all.
    """

    number: str
    token: str
    status: str
    stage: str
    reason: str | None
    part: str | None
    title: str
    quantity: int
    lines: tuple[OrderLineView, ...]
    total_cents: int
    point: PointView
    ready_at: Moment
    hold_expired: bool
    progress: float
    remaining_seconds: float | None
    copies: tuple[CopyView, ...]
    timeline: tuple[EventView, ...]
    collection_code: str | None
    may_cancel: bool
    receipt: ReceiptView | None


class ChangedView(Closed):
    """409 ``promise_changed``: send again with ``accepted_ready_at`` set to ``ready_at``."""

    code: str
    message: str
    place: str | None = None
    ready_at: Moment | None
    was_ready_at: Moment
