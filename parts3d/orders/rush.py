"""Being served before others for a surcharge: offered only where it makes a checkout earlier."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.orders.opening import Checkout
from parts3d.promises.holds import is_held
from parts3d.promises.levels import plan_to_keep
from parts3d.promises.queries import ReadQueues, orderable_models, point_snapshots
from parts3d.promises.service import layouts_of_quote, needs_for
from parts3d.promises.snapshot import Offer, ReasonCode
from parts3d.promises.stock import stock_for
from parts3d.promises.tables import Promise
from parts3d.quotes.saving import saved_token
from parts3d.quotes.service import Wanted, price_wanted
from parts3d.quotes.tariff_service import tariff_in_force
from parts3d.settings import Settings


@dataclass(frozen=True, slots=True)
class RushOffer:
    """What going first would bring and cost; amounts include VAT.

    Args:
        ready_at: with it, earlier than what the checkout holds.
        total_cents: the whole price with it.
        more_cents: what that is more than the checkout's.
    """

    ready_at: datetime
    total_cents: int
    more_cents: int


def rush_offer(
    session: Session,
    settings: Settings,
    found: Checkout,
    now: datetime,
    *,
    read_queues: ReadQueues,
) -> RushOffer | None:
    """Return what an open checkout could have by going first; None where that is nothing.

    Nothing is held and nothing locked: who takes it is planned for again.
    """
    quote, promise = found.quote, found.promise
    if quote.is_rush or now >= quote.expires_at or not is_held(promise, now):
        return None
    if tariff_in_force(session, now).rush is None or saved_token(session, settings, quote):
        return None
    try:
        layouts = layouts_of_quote(session, quote)
        needs = needs_for(session, layouts, rush=True)
        whole = price_wanted(
            session,
            settings,
            [Wanted(one.line.revision_id, one.line.quantity) for one in found.lines],
            now,
            printer_models=orderable_models(session),
            voucher=quote.voucher_code,
            rush=True,
        )
    except (Conflict, Invalid, NotFound):  # off sale or past its voucher: nothing to offer
        return None
    snapshots = point_snapshots(
        session, [found.point], now, read_queues=read_queues, leave_out=promise.id
    )
    point_id = found.point.id
    stock = stock_for(session, layouts, [point_id], now, leave_out=promise.id)
    [result] = plan_to_keep(
        now, stock.needs_at(point_id, needs), snapshots, target=settings.promise_quantile
    )
    if not isinstance(result, Offer) or result.otherwise_ready_at is None:
        return None
    more_cents = whole.price.total_cents - quote.total_cents
    if result.ready_at >= promise.ready_at or more_cents <= 0:
        return None
    return RushOffer(result.ready_at, whole.price.total_cents, more_cents)


def otherwise_ready_at(promise: Promise) -> datetime | None:
    """Return when a rushed checkout would be ready without it; None for one that is not."""
    for reason in promise.reasons:
        if reason["code"] == ReasonCode.RUSH:
            return datetime.fromisoformat(reason["otherwise_ready_at"])
    return None
