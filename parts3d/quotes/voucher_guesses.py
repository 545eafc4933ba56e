"""Wrong voucher codes are counted by where they come from, so that codes cannot be guessed.

A code that we make has 40 random bits; one that an operator chooses may be a word. Only a code
that does not exist counts: whoever mistypes a few times is not stopped.
"""

import hashlib
import hmac
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.errors import TooManyTries
from parts3d.quotes.voucher_tables import VoucherGuess

WITHIN = timedelta(hours=1)
MOST_WRONG = 10


def source_of(secret: bytes, address: str) -> str:
    """Return what is kept of a network address: enough to know it again, for an hour."""
    return hmac.new(secret, f"voucher-guess:{address}".encode(), hashlib.sha256).hexdigest()


def check_guesses(session: Session, source: str, now: datetime) -> None:
    """Let pass who has not typed too many wrong codes of late.

    Raises:
        TooManyTries: says when to try again.
    """
    wrong = session.exec(
        select(sa.func.count())
        .select_from(VoucherGuess)
        .where(VoucherGuess.source == source, col(VoucherGuess.at) > now - WITHIN)
    ).one()
    if wrong >= MOST_WRONG:
        raise TooManyTries(
            "Too many wrong voucher codes came from here. Try again in an hour.",
            code="too_many_codes",
            place="voucher",
        )


def note_wrong(session: Session, source: str, now: datetime) -> None:
    """Count a code that does not exist, and forget what is older than an hour."""
    session.execute(sa.delete(VoucherGuess).where(col(VoucherGuess.at) <= now - WITHIN))
    session.add(VoucherGuess(source=source, at=now))
    session.flush()
