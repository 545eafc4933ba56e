"""Saved quotes: a price that stays frozen for days, under a link that only its holder has."""

import base64
import hashlib
import hmac
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select

from parts3d.errors import NotFound
from parts3d.quotes.service import (
    Wanted,
    freeze,
    price_wanted,
    quote_lines,
    seal,
    still_valid,
)
from parts3d.quotes.tables import Quote, QuoteLine, SavedQuote
from parts3d.quotes.voucher_tables import VoucherRecord
from parts3d.settings import Settings

_BRUSSELS = ZoneInfo("Europe/Brussels")
_FRESH = frozenset({"id", "seal", "created_at", "expires_at"})


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved quote, and the secret of its link."""

    quote: Quote
    token: str


def save_price(
    session: Session,
    settings: Settings,
    wanted: Sequence[Wanted],
    now: datetime,
    *,
    printer_models: Collection[str],
) -> Saved:
    """Freeze the price of parts for ``settings.saved_quote_days``; refuses as ``price_wanted``."""
    whole = price_wanted(session, settings, wanted, now, printer_models=printer_models)
    return _save(
        session, settings, freeze(session, settings, whole, now, until=_until(settings, now)), now
    )


def save_quote(session: Session, settings: Settings, quote: Quote, now: datetime) -> Saved:
    """Give a frozen price out to keep: the same, to the cent, for longer.

    A price with a voucher stays frozen no longer than the voucher is valid.

    Raises:
        Expired, Conflict: as ``still_valid``.
    """
    still_valid(session, settings, quote, now)
    until = _until(settings, now)
    if quote.voucher_code:
        voucher = session.exec(
            select(VoucherRecord).where(VoucherRecord.code == quote.voucher_code)
        ).first()
        if voucher is not None and voucher.last_day is not None:
            until = min(until, _end_of(voucher.last_day))
    kept = Quote(**quote.model_dump(exclude=set(_FRESH)), created_at=now, expires_at=until)
    lines = [
        QuoteLine(**line.model_dump(exclude={"id", "quote_id"}), quote_id=kept.id)
        for line in quote_lines(session, quote.id)
    ]
    return _save(session, settings, seal(session, settings, kept, lines), now)


def find_saved(session: Session, token: str) -> Quote:
    """Return the quote that a link is for, also when it has expired.

    Raises:
        NotFound: the link is none of ours.
    """
    quote = session.exec(
        select(Quote)
        .join(SavedQuote, col(SavedQuote.quote_id) == col(Quote.id))
        .where(SavedQuote.token_sha256 == _hash(token))
    ).first()
    if quote is None:
        raise NotFound(
            "There is no such quote. Open it by its whole link, or by the code on the paper.",
            code="unknown_quote",
        )
    return quote


def saved_token(session: Session, settings: Settings, quote: Quote) -> str | None:
    """Return the secret of a quote's link; None when it was not saved."""
    if session.get(SavedQuote, quote.id) is None:
        return None
    return quote_token(settings.secret(), quote.id)


def quote_token(secret: bytes, quote_id: str) -> str:
    """Return the secret part of a saved quote's link (256 bits): derived, so never stored."""
    mac = hmac.new(secret, f"saved-quote:{quote_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def _save(session: Session, settings: Settings, quote: Quote, now: datetime) -> Saved:
    token = quote_token(settings.secret(), quote.id)
    session.add(SavedQuote(quote_id=quote.id, token_sha256=_hash(token), saved_at=now))
    session.flush()
    return Saved(quote, token)


def _until(settings: Settings, now: datetime) -> datetime:
    """Return the end of a day in Brussels: "until 12 December" is easy to keep to."""
    return _end_of(now.astimezone(_BRUSSELS).date() + timedelta(days=settings.saved_quote_days))


def _end_of(last_day: date) -> datetime:
    return datetime.combine(last_day, time(23, 59), _BRUSSELS)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
