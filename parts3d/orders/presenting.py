"""From rows to what the public API shows."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from parts3d.orders.opening import Checkout, QuotedPart
from parts3d.orders.receipts import receipt
from parts3d.orders.rush import RushOffer, otherwise_ready_at
from parts3d.orders.schemas import (
    CheckoutView,
    OffersView,
    OfferView,
    PlateView,
    PointView,
    QuoteLineView,
    QuoteView,
    ReceiptView,
    RefusalView,
    RushView,
)
from parts3d.points.tables import Point
from parts3d.promises.service import Options, PointOffer
from parts3d.promises.words import Translate, promise_sentence, refusal_sentence
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings


def quote_view(quote: Quote, lines: Sequence[QuotedPart]) -> QuoteView:
    """Show a price with its components."""
    amounts = quote.model_dump(include=set(QuoteView.model_fields) - {"lines"})
    return QuoteView(
        part=lines[0].part.slug if len(lines) == 1 else None,
        quantity=sum(one.line.quantity for one in lines),
        lines=tuple(_quote_line_view(one) for one in lines),
        **amounts,
    )


def _quote_line_view(one: QuotedPart) -> QuoteLineView:
    shown = set(QuoteLineView.model_fields) - {"part", "plates"}
    return QuoteLineView(
        part=one.part.slug,
        plates=tuple(
            PlateView(**{name: plate[name] for name in PlateView.model_fields})
            for plate in one.line.plates
        ),
        **one.line.model_dump(include=shown),
    )


def point_view(point: Point) -> PointView:
    """Show a point."""
    return PointView(**point.model_dump(include=set(PointView.model_fields)))


def checkout_view(found: Checkout, rush: RushOffer | None) -> CheckoutView:
    """Show an open checkout, and what it could have by going first."""
    promise = found.promise
    return CheckoutView(
        id=promise.id,
        quote=quote_view(found.quote, found.lines),
        point=point_view(found.point),
        ready_at=promise.ready_at,
        held_until=promise.held_until,
        rush=None
        if rush is None
        else RushView(
            ready_at=rush.ready_at, total_cents=rush.total_cents, more_cents=rush.more_cents
        ),
        otherwise_ready_at=otherwise_ready_at(promise),
    )


def offers_view(
    options: Options,
    *,
    now: datetime,
    language: str,
    translate: Translate,
    titles: Sequence[str] = (),
) -> OffersView:
    """Show ready times and refusals, each with its sentence."""
    return OffersView(
        offers=tuple(
            OfferView(
                point=point_view(one.point),
                ready_at=one.offer.ready_at,
                distance_km=one.ranked.distance_km,
                sentence=offer_sentence(one, now=now, language=language, translate=translate),
            )
            for one in options.offers
        ),
        refusals=tuple(
            RefusalView(
                point=point_view(one.point),
                code=one.refusal.code.value,
                sentence=refusal_sentence(
                    one.refusal, point_name=one.point.name, _=translate, titles=titles
                ),
            )
            for one in options.refusals
        ),
    )


def offer_sentence(offer: PointOffer, *, now: datetime, language: str, translate: Translate) -> str:
    """Say an offer: "Ready today at 16:40 at Point 3D Huy, 1.2 km, open until 18:30"."""
    return promise_sentence(
        offer.offer,
        now=now,
        point_name=offer.point.name,
        _=translate,
        locale=language,
        distance_km=offer.ranked.distance_km,
        closes_at=offer.hours.closes_at(offer.offer.ready_at),
    )


def receipt_view(session: Session, settings: Settings, order_id: str) -> ReceiptView:
    """Show what was paid."""
    paid = receipt(session, settings, order_id)
    return ReceiptView(**{name: getattr(paid, name) for name in ReceiptView.model_fields})
