"""Receipts: what was paid, to whom, with the VAT in it."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from parts3d.errors import NotFound
from parts3d.orders.queries import whole_order
from parts3d.orders.tables import PaymentMethod
from parts3d.settings import Settings


@dataclass(frozen=True, slots=True)
class ReceiptLine:
    """One part in a quantity; the amount includes VAT."""

    title: str
    quantity: int
    total_cents: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """One receipt. ``net_cents + vat_cents = total_cents``, as quoted and never computed anew.

    ``rush_cents``, net, is in the lines: the surcharge of having been served before others.
    """

    number: str
    issued_at: datetime
    seller_name: str
    seller_vat_number: str
    order_number: str
    point_name: str
    point_address: str
    lines: tuple[ReceiptLine, ...]
    net_cents: int
    vat_percent: int
    vat_cents: int
    total_cents: int
    method: PaymentMethod
    rush_cents: int = 0


def receipt(session: Session, settings: Settings, order_id: str) -> Receipt:
    """Return the receipt of a paid order.

    Raises:
        NotFound: unknown order, or not paid yet.
    """
    whole = whole_order(session, order_id)
    payment = whole.payment
    if (
        payment is None
        or payment.receipt_number is None
        or payment.captured_at is None
        or payment.method is None
    ):
        raise NotFound("There is no receipt: this order has not been paid yet.", code="not_paid")
    point, quote = whole.point, whole.quote
    return Receipt(
        number=f"{payment.receipt_number:06d}",
        issued_at=payment.captured_at,
        seller_name=settings.seller_name,
        seller_vat_number=settings.seller_vat_number,
        order_number=whole.order.number,
        point_name=point.name,
        point_address=f"{point.street}, {point.postcode} {point.city}",
        lines=tuple(
            ReceiptLine(line.title, line.quantity, line.total_cents) for line in whole.lines
        ),
        net_cents=quote.net_cents,
        vat_percent=quote.vat_percent,
        vat_cents=quote.vat_cents,
        total_cents=payment.amount_cents,
        method=payment.method,
        rush_cents=quote.rush_cents,
    )
