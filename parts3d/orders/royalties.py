"""What is owed to the authors of parts: from orders that were paid, by the tariff of each.

A sale owes on the day it was paid; one that was wholly paid back owes nothing. What each line
owes is computed as its price was: by the tariff that its quote carries, which never changes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction

from sqlmodel import Session, col, select

from parts3d.orders.lifecycle import PaymentStatus
from parts3d.orders.price_explorer import priced_lines
from parts3d.orders.tables import Order, Payment
from parts3d.points.hours import BRUSSELS
from parts3d.quotes.pricing import PricedLine, price, spread
from parts3d.quotes.tables import Quote, QuoteLine
from parts3d.quotes.tariff import Tariff
from parts3d.quotes.tariff_service import known_tariffs

_PAID = (PaymentStatus.CAPTURED, PaymentStatus.PART_REFUNDED, PaymentStatus.DISPUTED)
UNKNOWN_AUTHOR = "?"


@dataclass(frozen=True, slots=True)
class Owed:
    """What one line of a paid order owes to its author, in net cents."""

    author: str
    part: str
    title: str
    order_id: str
    order_number: str
    paid_at: datetime
    quantity: int
    cents: int
    tariff_id: str


@dataclass(frozen=True, slots=True)
class Account:
    """What is owed to one author; its sales, the newest first."""

    author: str
    sales: tuple[Owed, ...]

    @property
    def cents(self) -> int:
        """All that is owed, net."""
        return sum(one.cents for one in self.sales)

    @property
    def copies(self) -> int:
        """How many copies were sold."""
        return sum(one.quantity for one in self.sales)


def owed(session: Session, first_day: date, last_day: date, language: str) -> list[Owed]:
    """Return what sales of these days owe, the newest first.

    The cents of an order sum to the royalty of its quote.

    Args:
        session: only read from.
        first_day: in Brussels.
        last_day: in Brussels, included.
        language: of the parts' names.
    """
    begin = datetime.combine(first_day, time(), BRUSSELS)
    end = datetime.combine(last_day + timedelta(days=1), time(), BRUSSELS)
    sold = session.exec(
        select(Order, Quote, Payment.captured_at)
        .join(Quote, col(Quote.id) == col(Order.quote_id))
        .join(Payment, col(Payment.order_id) == col(Order.id))
        .where(
            col(Quote.royalty_cents) > 0,
            col(Payment.status).in_(_PAID),
            col(Payment.captured_at) >= begin,
            col(Payment.captured_at) < end,
        )
        .order_by(col(Payment.captured_at).desc(), col(Order.id))
    ).all()
    lines = priced_lines(session, [quote.id for _, quote, _ in sold], language)
    tariffs = {known.tariff.id: known.tariff for known in known_tariffs(session)}
    found: list[Owed] = []
    for order, quote, paid_at in sold:
        tariff = tariffs.get(quote.tariff_id)
        of_order = lines.get(quote.id, [])
        shares = _shares(quote, of_order, tariff)
        for (line, priced, title), cents in zip(of_order, shares, strict=True):
            terms = tariff.royalties.get(priced.part or "") if tariff else None
            if cents and paid_at is not None:
                found.append(
                    Owed(
                        author=terms.author if terms else UNKNOWN_AUTHOR,
                        part=priced.part or "",
                        title=title,
                        order_id=order.id,
                        order_number=order.number,
                        paid_at=paid_at,
                        quantity=line.quantity,
                        cents=cents,
                        tariff_id=quote.tariff_id,
                    )
                )
    return found


def accounts(sales: Sequence[Owed]) -> list[Account]:
    """Return sales by author; who is owed most comes first."""
    by_author: dict[str, list[Owed]] = {}
    for one in sales:
        by_author.setdefault(one.author, []).append(one)
    found = [Account(author, tuple(some)) for author, some in by_author.items()]
    return sorted(found, key=lambda account: (-account.cents, account.author))


def _shares(
    quote: Quote,
    lines: Sequence[tuple[QuoteLine, PricedLine, str]],
    tariff: Tariff | None,
) -> list[int]:
    """Return a quote's royalty by line: as it was priced, and always summing to what it says."""
    if tariff is None:
        # Its tariff is gone from the shipped file: the sum is right, and the author to be found.
        return [quote.royalty_cents, *[0] * (len(lines) - 1)]
    priced = [one for _, one, _ in lines]
    again = price(tariff, priced, Decimal(quote.vat_percent) / 100, rush=quote.rush_cents > 0)
    if again.royalty_cents == quote.royalty_cents:
        return list(again.line_royalty_cents)
    # A voucher moves the rounding by a cent.
    return spread(quote.royalty_cents, [Fraction(cents) for cents in again.line_royalty_cents])
