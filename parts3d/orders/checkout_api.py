"""The public API of a checkout: capacity held at a point, and going first there."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from sqlmodel import Session

from parts3d.context import Context
from parts3d.jobs.queues import read_queues
from parts3d.orders.opening import Checkout, find_checkout, quoted_parts, use_rush
from parts3d.orders.presenting import checkout_view
from parts3d.orders.rush import rush_offer
from parts3d.orders.schemas import CheckoutRequest, CheckoutView, RushRequest
from parts3d.promises.holders import check_open_holds, program_at
from parts3d.promises.holds import hold
from parts3d.promises.service import find_point
from parts3d.quotes.service import find_quote
from parts3d.web import ContextDep, NowDep, ReadDep, WorkDep

router = APIRouter()
CheckoutId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@router.post("/checkouts", status_code=201)
def open_checkout(
    asked: Request, request: CheckoutRequest, work: WorkDep, context: ContextDep, now: NowDep
) -> CheckoutView:
    """Hold capacity at a point for a quote; 429 while too many are open from the same address."""
    session, settings = work.session, context.settings
    holder = program_at(settings.secret(), asked.client.host if asked.client else "")
    check_open_holds(
        session, holder, now, most=settings.holds_per_address, quote_id=request.quote_id
    )
    quote = find_quote(session, request.quote_id)
    point = find_point(session, request.point)
    promise = hold(session, settings, quote, point.id, now, read_queues=read_queues, holder=holder)
    found = Checkout(quoted_parts(session, quote), quote, promise, point)
    return _checkout_view(session, context, found, now)


@router.get("/checkouts/{checkout_id}")
def show_checkout(
    checkout_id: CheckoutId, session: ReadDep, context: ContextDep, now: NowDep
) -> CheckoutView:
    """Return an open checkout; ``held_until`` may have passed."""
    return _checkout_view(session, context, find_checkout(session, checkout_id), now)


@router.post("/checkouts/{checkout_id}/rush", status_code=201)
def rush_checkout(
    checkout_id: CheckoutId, request: RushRequest, work: WorkDep, context: ContextDep, now: NowDep
) -> CheckoutView:
    """Open a checkout anew that goes before others for a surcharge, or that no longer does."""
    found = use_rush(
        work.session,
        context.settings,
        checkout_id,
        rush=request.rush,
        now=now,
        read_queues=read_queues,
    )
    return _checkout_view(work.session, context, found, now)


def _checkout_view(
    session: Session, context: Context, found: Checkout, now: datetime
) -> CheckoutView:
    rush = rush_offer(session, context.settings, found, now, read_queues=read_queues)
    return checkout_view(found, rush)
