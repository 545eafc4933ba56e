"""From rows to what the public API shows."""

from datetime import datetime

from sqlmodel import Session

from parts3d.catalogue.tables import Part
from parts3d.orders.receipts import receipt
from parts3d.orders.schemas import (
    CheckoutView,
    OffersView,
    OfferView,
    PointView,
    QuoteView,
    ReceiptView,
    RefusalView,
)
from parts3d.points.hours import Hours
from parts3d.points.tables import Point
from parts3d.promises.service import Options, PointOffer
from parts3d.promises.tables import Promise
from parts3d.promises.words import Translate, promise_sentence, refusal_sentence
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings


def quote_view(quote: Quote, part: Part) -> QuoteView:
    """Show a price with its components."""
    amounts = quote.model_dump(include=set(QuoteView.model_fields) - {"part"})
    return QuoteView(part=part.slug, **amounts)


def point_view(point: Point) -> PointView:
    """Show a point."""
    return PointView(**point.model_dump(include=set(PointView.model_fields)))


def checkout_view(quote: Quote, part: Part, point: Point, promise: Promise) -> CheckoutView:
    """Show an open checkout."""
    return CheckoutView(
        id=promise.id,
        quote=quote_view(quote, part),
        point=point_view(point),
        ready_at=promise.ready_at,
        held_until=promise.held_until,
    )


def offers_view(
    options: Options, *, now: datetime, language: str, translate: Translate
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
                sentence=refusal_sentence(one.refusal, point_name=one.point.name, _=translate),
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
        closes_at=Hours.parse(offer.point.opening_hours).closes_at(offer.offer.ready_at),
    )


def receipt_view(session: Session, settings: Settings, order_id: str) -> ReceiptView:
    """Show what was paid."""
    paid = receipt(session, settings, order_id)
    return ReceiptView(**{name: getattr(paid, name) for name in ReceiptView.model_fields})
