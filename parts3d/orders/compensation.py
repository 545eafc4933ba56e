"""A missed promise is apologised for and compensated once, by the rule of the settings."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.money import round_cents
from parts3d.orders.compensation_tables import Compensation
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.moves import note_order
from parts3d.orders.queries import lock_order
from parts3d.orders.tables import Order
from parts3d.quotes.tables import Quote
from parts3d.quotes.tariff_service import brussels_day
from parts3d.quotes.voucher_service import VoucherTerms, create_voucher
from parts3d.settings import Settings

# An apology that comes weeks later explains nothing.
LATEST_APOLOGY = timedelta(days=7)
_OURS_TO_FULFIL = (
    OrderStatus.PLACED,
    OrderStatus.IN_PRODUCTION,
    OrderStatus.READY,
    OrderStatus.COLLECTED,
    OrderStatus.CLOSED,
    OrderStatus.ACTION_NEEDED,
    OrderStatus.EXPIRED_UNCOLLECTED,
    OrderStatus.RETURN_OPEN,
)
WITH_VOUCHER = "It was not ready when promised. We have apologised, with a voucher."
WITHOUT = "It was not ready when promised. We have apologised."


def missed(session: Session, now: datetime, *, grace: timedelta) -> Sequence[str]:
    """Return the ids of orders whose promise was missed and that nobody was compensated for."""
    last = now - grace
    due = col(Order.ready_promised_at)
    # In the database's own arithmetic moments differ; so the late ones are sorted out here.
    rows = session.exec(
        select(Order.id, Order.ready_promised_at, Order.ready_at).where(
            col(Order.status).in_(_OURS_TO_FULFIL),
            due < last,
            due > now - LATEST_APOLOGY,
            ~sa.exists().where(col(Compensation.order_id) == col(Order.id)),
            sa.or_(col(Order.ready_at).is_(None), col(Order.ready_at) > due),
        )
    ).all()
    return [
        order_id for order_id, promised, ready in rows if ready is None or ready > promised + grace
    ]


def compensate(
    session: Session, settings: Settings, order_id: str, now: datetime
) -> Compensation | None:
    """Compensate a missed promise; None when it was kept after all, or that was done before.

    The order's lock and the row's key make twice once, whoever sweeps.
    """
    order = lock_order(session, order_id)
    grace = timedelta(minutes=settings.grace_minutes)
    on_time = order.ready_at is not None and order.ready_at <= order.ready_promised_at + grace
    if on_time or now <= order.ready_promised_at + grace or order.status not in _OURS_TO_FULFIL:
        return None
    if session.get(Compensation, order_id) is not None:
        return None
    quote = session.get_one(Quote, order.quote_id)
    amount_cents = amount_of(quote.handling_cents, settings)
    voucher_id = None
    if amount_cents:
        voucher = create_voucher(
            session,
            VoucherTerms(
                amount_cents=amount_cents,
                last_day=brussels_day(now + timedelta(days=settings.apology_days)),
                most_uses=1,
                note=f"Apology for {order.number}",
            ),
            actor="system",
            now=now,
        )
        voucher_id = voucher.id
    row = Compensation(
        order_id=order.id,
        voucher_id=voucher_id,
        amount_cents=amount_cents,
        promised_at=order.ready_promised_at,
        made_at=now,
    )
    session.add(row)
    words = WITH_VOUCHER if voucher_id else WITHOUT
    note_order(session, order, words, actor="system", now=now)
    return row


def amount_of(handling_cents: int, settings: Settings) -> int:
    """Return what a missed promise is worth, in cents with VAT, by the rule of the settings."""
    handling = Decimal(handling_cents) * (1 + Decimal(settings.vat_percent) / 100)
    share = round_cents(handling * settings.apology_percent / 100)
    return max(share, settings.apology_least_cents)
