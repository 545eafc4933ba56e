"""What a saved quote says, on its page and on paper alike: the same values, in one language."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from babel.dates import format_datetime
from babel.numbers import format_decimal
from sqlmodel import Session, select

from parts3d.catalogue.part_words import duration_words
from parts3d.catalogue.price_words import quote_price_view
from parts3d.catalogue.queries import title_in
from parts3d.languages import locale_of, translations
from parts3d.orders.opening import QuotedPart, quoted_parts
from parts3d.orders.tables import Order
from parts3d.points.hours import BRUSSELS
from parts3d.quotes.saving import quote_token
from parts3d.quotes.tables import Quote
from parts3d.quotes.tariff_service import known_tariffs
from parts3d.settings import Settings
from parts3d.templating import euros

_NUMBER_SIGNS = 8


def quote_view(
    session: Session, settings: Settings, quote: Quote, now: datetime, language: str
) -> dict[str, Any]:
    """Return all that a saved quote says.

    ``lines`` are the parts with how they are printed; ``price`` its components and total;
    ``prints`` one entry a kind of bed, with the hash of the file that was priced.
    """
    parts = quoted_parts(session, quote)
    price = quote_price_view(
        quote, [(one.line, one.revision.recipe["material"]) for one in parts], language
    )
    token = quote_token(settings.secret(), quote.id)
    return {
        "number": quote_number(quote),
        "token": token,
        "link": f"{settings.public_url.rstrip('/')}/quotes/{token}",
        "seller": {
            "network": settings.network_name,
            "name": settings.seller_name,
            "address": settings.seller_address,
            "vat_number": settings.seller_vat_number,
            "email": settings.seller_email,
        },
        "given": _moment(quote.created_at, language),
        "until": _moment(quote.expires_at, language),
        "expired": now >= quote.expires_at,
        "ordered": session.exec(select(Order.id).where(Order.quote_id == quote.id)).first()
        is not None,
        "tariff": tariff_words(session, quote, language),
        "lines": [_line_view(one, language) for one in parts],
        "prints": _prints(parts, language),
        "price": price["lines"],
        "net": euros(quote.net_cents, language),
        "vat": euros(quote.vat_cents, language),
        "vat_percent": quote.vat_percent,
        "total": price["total"],
        "rush": quote.is_rush,
        "pieces": sum(one.line.quantity for one in parts),
    }


def quote_number(quote: Quote) -> str:
    """Return what people call a quote; it opens nothing."""
    signs = quote.id[:_NUMBER_SIGNS].upper()
    return f"Q-{signs[:4]}-{signs[4:]}"


def tariff_words(session: Session, quote: Quote, language: str) -> str:
    """Return the version of the tariff that a quote was computed with, and since when it holds."""
    _ = translations(language).gettext
    for known in known_tariffs(session):
        if known.tariff.id == quote.tariff_id:
            since = known.tariff.effective_from.strftime("%d/%m/%Y")
            return _("{tariff}, in force since {day}").format(tariff=quote.tariff_id, day=since)
    return quote.tariff_id


def _line_view(one: QuotedPart, language: str) -> dict[str, Any]:
    _, recipe = translations(language).gettext, one.revision.recipe
    box = one.revision.manifest.get("dimensions_mm")
    size = (
        " × ".join(_decimal(float(box[axis]), language) for axis in "xyz") + " mm"  # noqa: RUF001 - lengths are multiplied
        if box
        else None
    )
    made = _("{material}, layers of {height} mm, {infill} % infill").format(
        material=recipe["material"],
        height=_decimal(float(recipe["layer_height_mm"]), language, "0.00"),
        infill=recipe["infill_percent"],
    )
    return {
        "position": one.line.position,
        "slug": one.part.slug,
        "title": title_in(one.revision, language),
        "revision": _("Revision {number}").format(number=one.revision.number),
        "picture_sha256": one.revision.picture_sha256,
        "size": size,
        "made": made,
        "quantity": one.line.quantity,
        "weight": f"{_decimal(one.line.filament_mg / 1000, language)} g",
        "time": duration_words(one.line.print_seconds, language),
        "total": euros(one.line.total_cents, language),
    }


def _prints(parts: Sequence[QuotedPart], language: str) -> list[dict[str, Any]]:
    ngettext = translations(language).ngettext
    return [
        {
            "title": title_in(one.revision, language),
            "beds": f"{plate['prints']} × "  # noqa: RUF001 - a number of times
            + ngettext("{n} piece on the bed", "{n} pieces on the bed", plate["copies"]).format(
                n=plate["copies"]
            ),
            "weight": f"{_decimal(plate['filament_mg'] / 1000, language)} g",
            "time": duration_words(plate["print_seconds"], language),
            "gcode_sha256": plate["gcode_sha256"],
            "model_sha256": one.revision.model_sha256,
        }
        for one in parts
        for plate in one.line.plates
    ]


def _decimal(value: float, language: str, shape: str = "0.0") -> str:
    return str(format_decimal(value, format=shape, locale=locale_of(language)))


def _moment(at: datetime, language: str) -> str:
    return str(
        format_datetime(at.astimezone(BRUSSELS), "d MMMM y, HH:mm", locale=locale_of(language))
    )
