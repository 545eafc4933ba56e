"""The public API from a price to a collected order. No account: a link's secret opens an order."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.responses import JSONResponse
from sqlmodel import Session

from parts3d.catalogue.price_words import ask_for_plates
from parts3d.context import Context
from parts3d.errors import Conflict, NotFound
from parts3d.jobs.placing import confirm_contact
from parts3d.jobs.queues import read_queues
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tracking import Tracking, track
from parts3d.notices.announce import announce
from parts3d.orders import checkout_api
from parts3d.orders.agreement import PromiseChanged
from parts3d.orders.checkout import CheckoutDetails, Key, submit
from parts3d.orders.opening import (
    quoted_parts,
    titles_of,
    wanted_parts,
)
from parts3d.orders.presenting import (
    offers_view,
    point_view,
    quote_view,
    receipt_view,
)
from parts3d.orders.queries import order_by_token
from parts3d.orders.schemas import (
    ChangedView,
    ConfirmRequest,
    CopyView,
    EventView,
    OffersRequest,
    OffersView,
    OrderLineView,
    OrderRequest,
    OrderView,
    QuoteRequest,
    QuoteView,
)
from parts3d.points.geography import Place, locate
from parts3d.promises.queries import orderable_models
from parts3d.promises.service import offers
from parts3d.quotes.asked import check_asked
from parts3d.quotes.layout import revision_on_sale
from parts3d.quotes.service import Wanted, find_quote, freeze, price_wanted
from parts3d.quotes.voucher_guesses import check_guesses, note_wrong, source_of
from parts3d.settings import Settings
from parts3d.web import ContextDep, LanguageDep, NowDep, ReadDep, WorkDep, gettext_of

router = APIRouter(prefix="/api/v1", tags=["orders"])
router.include_router(checkout_api.router)
QuoteId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]
Token = Annotated[str, Path(max_length=200)]
_LINE_SHOWN = {"position", "title", "quantity", "total_cents"}


@router.post("/quotes", status_code=201)
def make_quote(
    asked: Request, request: QuoteRequest, context: ContextDep, now: NowDep
) -> QuoteView:
    """Freeze the price of a part, or of several."""
    with (
        _guessing(context, asked, request.voucher, now),
        context.database.unit_of_work() as work,
    ):
        session = work.session
        wanted = _wanted(session, request)
        with _hurrying(context, wanted):
            whole = price_wanted(
                session,
                context.settings,
                wanted,
                now,
                printer_models=orderable_models(session),
                voucher=request.voucher,
            )
        quote = freeze(session, context.settings, whole, now)
        # The next quote for as many may cost less; this one stays as it is.
        ask_for_plates(context, whole)
        return quote_view(quote, quoted_parts(session, quote))


@contextmanager
def _guessing(
    context: Context, asked: Request, voucher: str | None, now: datetime
) -> Iterator[None]:
    """Count wrong voucher codes, and stop who guesses."""
    if not voucher:
        yield
        return
    source = source_of(context.settings.secret(), asked.client.host if asked.client else "")
    with context.database.reading() as session:
        check_guesses(session, source, now)
    try:
        yield
    except NotFound as error:
        if error.code == "voucher_unknown":
            # What was begun for the request has ended by now, and left nothing.
            with context.database.unit_of_work() as work:
                note_wrong(work.session, source, now)
        raise


@router.get("/quotes/{quote_id}")
def show_quote(quote_id: QuoteId, session: ReadDep) -> QuoteView:
    """Return a price as it was frozen, expired or not."""
    quote = find_quote(session, quote_id)
    return quote_view(quote, quoted_parts(session, quote))


@router.post("/offers")
def list_offers(
    request: OffersRequest,
    session: ReadDep,
    context: ContextDep,
    now: NowDep,
    language: LanguageDep,
) -> OffersView:
    """Say where and when parts can be ready, all of them at one point; nothing is held."""
    wanted = _wanted(session, request)
    with _hurrying(context, wanted):
        options = offers(
            session,
            context.settings,
            wanted,
            now,
            read_queues=read_queues,
            place=_place(request),
        )
    return offers_view(
        options,
        now=now,
        language=language,
        translate=gettext_of(language),
        titles=titles_of(session, wanted, language),
    )


@router.post(
    "/orders",
    status_code=201,
    response_model=OrderView,
    responses={200: {"model": OrderView}, 409: {"model": ChangedView}},
)
def submit_order(
    request: OrderRequest,
    context: ContextDep,
    now: NowDep,
    response: Response,
    idempotency_key: Annotated[Key, Header()],
) -> OrderView | Response:
    """Order. The same key again answers 200 with the same order."""
    details = CheckoutDetails(
        idempotency_key=idempotency_key,
        promise_id=request.checkout_id,
        **request.model_dump(exclude={"checkout_id"}),
    )
    return _unless_changed(lambda: _submit(context, details, now, response))


@router.post(
    "/orders/{token}/confirm", response_model=OrderView, responses={409: {"model": ChangedView}}
)
def confirm_order(
    token: Token, request: ConfirmRequest, context: ContextDep, now: NowDep
) -> OrderView | Response:
    """Confirm the address and place the order; the token is that of the confirmation mail."""
    return _unless_changed(lambda: _confirm(context, token, request, now))


@router.get("/orders/{token}")
def show_order(token: Token, session: ReadDep, context: ContextDep, now: NowDep) -> OrderView:
    """Return an order by the secret of its link; its number alone is not enough."""
    order = order_by_token(session, token)
    return _view(session, context.settings, order.id, now)


@router.post("/orders/{token}/cancel")
def cancel(token: Token, work: WorkDep, context: ContextDep, now: NowDep) -> OrderView:
    """Cancel free of charge, until the first print may start."""
    order = order_by_token(work.session, token)
    cancel_order(
        work.session, order.id, actor="customer", now=now, reason="Cancelled by the customer."
    )
    announce(context, work, order.id, order.point_id)
    return _view(work.session, context.settings, order.id, now)


def _wanted(session: Session, request: QuoteRequest) -> list[Wanted]:
    wanted = wanted_parts(session, request.parts)
    for line, one in zip(request.asked, wanted, strict=True):
        if line.material is not None or line.printer_model is not None:
            check_asked(
                session,
                revision_on_sale(session, one.revision_id),
                orderable_models(session),
                material=line.material,
                printer_model=line.printer_model,
            )
    return wanted


@contextmanager
def _hurrying(context: Context, wanted: Sequence[Wanted]) -> Iterator[None]:
    """Put parts first in the slicing queue when somebody was told to wait for them."""
    try:
        yield
    except Conflict as error:
        if error.code == "being_sliced":
            for one in wanted:
                context.ring_task("slicing.hurry", one.revision_id)
        raise


def _submit(
    context: ContextDep, details: CheckoutDetails, now: datetime, response: Response
) -> OrderView:
    with context.database.unit_of_work() as work:
        result = submit(work.session, context.settings, details, now, read_queues=read_queues)
        announce(context, work, result.order.id, result.order.point_id)
        view = _view(work.session, context.settings, result.order.id, now)
    if result.repeated:
        response.status_code = 200
    return view


def _confirm(context: ContextDep, token: str, request: ConfirmRequest, now: datetime) -> OrderView:
    with context.database.unit_of_work() as work:
        order = confirm_contact(
            work.session,
            context.settings,
            token,
            now,
            accepted_ready_at=request.accepted_ready_at,
        )
        announce(context, work, order.id, order.point_id)
        return _view(work.session, context.settings, order.id, now)


def _unless_changed(answer: Callable[[], OrderView]) -> OrderView | Response:
    """Answer, or show the change of the promise; by then its unit of work is rolled back."""
    try:
        return answer()
    except PromiseChanged as change:
        view = ChangedView(
            code=change.code,
            message=change.message,
            ready_at=change.new_ready_at,
            was_ready_at=change.old_ready_at,
        )
        return JSONResponse(view.model_dump(mode="json"), status_code=409)


def _view(session: Session, settings: Settings, order_id: str, now: datetime) -> OrderView:
    return _order_view(session, settings, track(session, settings, order_id, now))


def _order_view(session: Session, settings: Settings, tracking: Tracking) -> OrderView:
    """Show an order to whoever has its link."""
    whole = tracking.whole
    order, only = whole.order, whole.sold[0] if len(whole.sold) == 1 else None
    positions = {one.line.id: one.line.position for one in whole.sold}
    paid = whole.payment is not None and whole.payment.receipt_number is not None
    return OrderView(
        number=order.number,
        token=tracking.token,
        status=order.status,
        stage=tracking.stage,
        reason=tracking.reason,
        part=only.part.slug if only else None,
        title=", ".join(line.title for line in whole.lines),
        quantity=whole.quantity,
        lines=tuple(
            OrderLineView(part=one.part.slug, **one.line.model_dump(include=_LINE_SHOWN))
            for one in whole.sold
        ),
        total_cents=order.total_cents,
        point=point_view(whole.point),
        ready_at=order.ready_promised_at,
        hold_expired=tracking.hold_expired,
        progress=tracking.progress,
        remaining_seconds=tracking.remaining_seconds,
        copies=tuple(
            CopyView(
                line=positions[one.line_id],
                copy_number=one.copy_number,
                copies=one.copies,
                status=one.status,
                progress=one.progress,
                remaining_seconds=one.remaining_seconds,
            )
            for one in tracking.copies
        ),
        timeline=tuple(
            EventView(at=event.at, status=event.to_status, reason=event.reason)
            for event in whole.events
        ),
        collection_code=tracking.code,
        may_cancel=tracking.may_cancel,
        receipt=receipt_view(session, settings, order.id) if paid else None,
    )


def _place(request: OffersRequest) -> Place | None:
    if request.postcode is not None:
        return locate(request.postcode)
    if request.latitude is not None and request.longitude is not None:
        return Place(request.latitude, request.longitude)
    return None
