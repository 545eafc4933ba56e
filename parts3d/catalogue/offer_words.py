"""A point's offer in words, and the place from which a customer looks."""

from datetime import datetime
from typing import Any

from babel.numbers import format_decimal

from parts3d.languages import locale_of
from parts3d.promises.service import PointOffer
from parts3d.promises.words import Translate, moment_words
from parts3d.shop import Whereabouts
from parts3d.templating import clock_time
from parts3d.web import gettext_of


def where_words(where: Whereabouts, _: Translate) -> str | None:
    """Return "4500 Huy" or "your position"; None when the place is unknown."""
    if where.place is None:
        return None
    if not where.place.name:
        return _("your position")
    return f"{where.postcode} {where.place.name}"


def offer_view(one: PointOffer, now: datetime, language: str) -> dict[str, Any]:
    """Return where and when a point offers it, as the promise component shows it."""
    _, locale = gettext_of(language), locale_of(language)
    closes_at = one.hours.closes_at(one.offer.ready_at)
    km = one.ranked.distance_km
    return {
        "point": one.point.slug,
        "name": one.point.name,
        "address": f"{one.point.street}, {one.point.postcode} {one.point.city}",
        "when": moment_words(one.offer.ready_at, now=now, _=_, locale=locale),
        "distance": None if km is None else f"{format_decimal(km, format='0.0', locale=locale)} km",
        "until": clock_time(closes_at) if closes_at else None,
        "order_by": None,
    }
