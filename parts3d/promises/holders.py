"""Who holds capacity: a browser, by a cookie of ours, or a program, by where its calls come from.

A browser's oldest holds give way to its new one: one customer with many tabs. A program that
opens checkouts for others would lose theirs; it is told to wait instead.
"""

import hashlib
import hmac
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.errors import TooManyTries
from parts3d.points.hours import BRUSSELS
from parts3d.promises.tables import Promise, PromiseStatus

_PROGRAM = "api:"


def program_at(secret: bytes, address: str) -> str:
    """Return what a program's holds are known by: enough to know its network address again."""
    kept = hmac.new(secret, f"holder:{address}".encode(), hashlib.sha256).hexdigest()
    return f"{_PROGRAM}{kept}"


def is_program(holder: str) -> bool:
    """Tell whether capacity is held by calls of the API."""
    return holder.startswith(_PROGRAM)


def check_open_holds(
    session: Session, holder: str, now: datetime, *, most: int, quote_id: str
) -> None:
    """Let pass who does not hold as much as anybody may already.

    Args:
        session: only read from.
        holder: of ``program_at``.
        now: holds past their time count no more.
        most: so many at a time.
        quote_id: whose own hold is given back anyway when it is opened again.

    Raises:
        TooManyTries: says when the next one ends.
    """
    ends = session.exec(
        select(Promise.held_until)
        .where(
            Promise.holder == holder,
            Promise.status == PromiseStatus.HELD,
            Promise.held_until > now,
            Promise.quote_id != quote_id,
        )
        .order_by(col(Promise.held_until))
    ).all()
    if len(ends) >= most:
        again = ends[len(ends) - most].astimezone(BRUSSELS)
        raise TooManyTries(
            f"{len(ends)} checkouts are open from here, and each keeps a place for somebody. "
            f"Order what is open, or try again at {again:%H:%M}.",
            code="too_many_checkouts",
        )
