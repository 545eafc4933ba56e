"""What the checkout page shows: the parts, the price, the promise, and the way back."""

from datetime import datetime
from typing import Any

from babel.dates import format_date
from sqlmodel import Session

from parts3d.catalogue.part_words import duration_words
from parts3d.catalogue.price_words import quote_price_view
from parts3d.catalogue.queries import title_in
from parts3d.languages import locale_of
from parts3d.orders.agreement import PromiseChanged
from parts3d.orders.item_words import item_view, parts_words
from parts3d.orders.opening import Checkout
from parts3d.orders.rush import RushOffer, otherwise_ready_at
from parts3d.points.closing import hours_of
from parts3d.points.hours import BRUSSELS
from parts3d.promises.holds import is_held
from parts3d.promises.words import moment_words
from parts3d.quotes.saving import saved_token
from parts3d.settings import Settings
from parts3d.templating import clock_time, euros
from parts3d.web import gettext_of


def checkout_view(
    session: Session, found: Checkout, now: datetime, language: str
) -> dict[str, Any]:
    """Return what the checkout page shows of the parts, the price, and the promise."""
    _, locale = gettext_of(language), locale_of(language)
    quote, promise, point = found.quote, found.promise, found.point
    closes_at = hours_of(session, point, now).closes_at(promise.ready_at)
    held = is_held(promise, now)
    otherwise = otherwise_ready_at(promise)
    minutes_left = int((promise.held_until - now).total_seconds() // 60)
    price = quote_price_view(
        quote, [(one.line, one.revision.recipe["material"]) for one in found.lines], language
    )
    return {
        "checkout_id": promise.id,
        "bought": [
            item_view(one.part, one.revision, one.line.quantity, one.line.total_cents, language)
            for one in found.lines
        ],
        "title": parts_words([title_in(one.revision, language) for one in found.lines], _),
        "point": point,
        "ready_at": promise.ready_at,
        "when": moment_words(promise.ready_at, now=now, _=_, locale=locale),
        "until": clock_time(closes_at) if closes_at else None,
        "held": held,
        "hold": _("Held for you until {time} ({minutes} min)").format(
            time=clock_time(promise.held_until), minutes=max(1, minutes_left)
        )
        if held
        else None,
        "expired": now >= quote.expires_at,
        "price_until": until_words(quote.expires_at, now, language),
        "rushed": quote.is_rush,
        "otherwise": moment_words(otherwise, now=now, _=_, locale=locale) if otherwise else None,
        "voucher": quote.voucher_code,
        "voucher_off": euros(quote.voucher_total_cents, language),
        **price,
    }


def where_back(
    session: Session, settings: Settings, found: Checkout, language: str
) -> dict[str, Any]:
    """Return where the same is asked for again: a saved quote, the part, or the basket."""
    _ = gettext_of(language)
    token = saved_token(session, settings, found.quote)
    only = found.lines[0] if len(found.lines) == 1 and not token else None
    if token:
        back, label = f"/quotes/{token}", _("Your quote")
    elif only:
        back = f"/parts/{only.part.slug}?quantity={only.line.quantity}"
        label = title_in(only.revision, language)
    else:
        back, label = "/basket", _("Your basket")
    return {
        "saved": token is not None,
        "part_slug": only.part.slug if only else None,
        "quantity": only.line.quantity if only else None,
        "back": back,
        "back_label": label,
    }


def rush_view(offer: RushOffer, found: Checkout, now: datetime, language: str) -> dict[str, Any]:
    """Return both times and both prices, and what lies between."""
    _, locale = gettext_of(language), locale_of(language)
    earlier = int((found.promise.ready_at - offer.ready_at).total_seconds() // 60)
    return {
        "when": moment_words(offer.ready_at, now=now, _=_, locale=locale),
        "was": moment_words(found.promise.ready_at, now=now, _=_, locale=locale),
        "earlier": duration_words(60 * earlier, language).replace(" ", "\u00a0"),
        "total": euros(offer.total_cents, language),
        "more": euros(offer.more_cents, language),
    }


def change_view(change: PromiseChanged, now: datetime, language: str) -> dict[str, Any]:
    """Return the time that a customer knows, and the one she is asked to agree to."""
    _, locale = gettext_of(language), locale_of(language)
    new = change.new_ready_at
    return {
        "was": moment_words(change.old_ready_at, now=now, _=_, locale=locale),
        "when": moment_words(new, now=now, _=_, locale=locale) if new else None,
        "ready_at": new.isoformat() if new else "",
    }


def until_words(at: datetime, now: datetime, language: str) -> str:
    """Return "16:40", or "23:59 on 8 December" when that is another day."""
    _ = gettext_of(language)
    clock, there = clock_time(at), at.astimezone(BRUSSELS)
    if there.date() == now.astimezone(BRUSSELS).date():
        return clock
    date = format_date(there, "d MMMM", locale=locale_of(language))
    return _("{time} on {date}").format(time=clock, date=date)
