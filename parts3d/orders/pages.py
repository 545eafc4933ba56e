"""A customer's orders: those of this device, confirming, cancelling, the receipt."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.jobs.placing import confirm_contact
from parts3d.jobs.stopping import cancel_order
from parts3d.jobs.tracking import Stage, track
from parts3d.languages import locale_of
from parts3d.notices.announce import announce
from parts3d.orders import (
    basket_pages,
    checkout_change_pages,
    checkout_pages,
    consent_pages,
    quote_pages,
    royalty_pages,
    tracking_pages,
)
from parts3d.orders.agreement import PromiseChanged
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.queries import order_by_token
from parts3d.orders.receipts import receipt
from parts3d.orders.tokens import read_confirmation
from parts3d.orders.tracking_pages import order_view
from parts3d.promises.words import moment_words
from parts3d.shop import Device, DeviceDep, remember_device, shop_page, translator
from parts3d.web import (
    ContextDep,
    LanguageDep,
    NowDep,
    ReadDep,
    get_context,
    get_language,
    gettext_of,
    status_of,
)

router = APIRouter(include_in_schema=False)
router.include_router(basket_pages.router)
router.include_router(checkout_pages.router)
router.include_router(checkout_change_pages.router)
router.include_router(quote_pages.router)
router.include_router(royalty_pages.router)
router.include_router(tracking_pages.router)
router.include_router(consent_pages.router)
Token = Annotated[str, Path(max_length=200)]


@router.get("/orders")
def list_orders(
    request: Request,
    session: ReadDep,
    context: ContextDep,
    device: DeviceDep,
    now: NowDep,
    language: LanguageDep,
) -> Response:
    """List the orders that were made on this device, the newest first."""
    rows = []
    for token in device.tokens:
        try:
            tracking = track(session, context.settings, order_by_token(session, token).id, now)
        except NotFound:
            continue  # of a network that was founded anew
        rows.append(order_view(tracking, now, language, context.settings.public_url))
    return shop_page(request, device, "orders/list.html", {"rows": rows}, private=True)


@router.post("/orders/forget")
def forget_device(request: Request) -> Response:
    """Forget name, address and orders on this device; the orders themselves stay."""
    answer = RedirectResponse("/orders", status_code=303)
    remember_device(request, answer, Device())
    return answer


@router.get("/confirm/{confirmation}")
def ask_to_confirm(
    request: Request, confirmation: Token, session: ReadDep, device: DeviceDep, now: NowDep
) -> Response:
    """Show the order with a button. Looking changes nothing: mail scanners follow every link."""
    return _confirm_page(request, session, device, confirmation, now, {})


@router.post("/confirm/{confirmation}")
def confirm(
    request: Request,
    confirmation: Token,
    context: ContextDep,
    device: DeviceDep,
    now: NowDep,
    language: LanguageDep,
    accepted_ready_at: Annotated[str, Form(max_length=60)] = "",
) -> Response:
    """Place the order; a later ready time is shown first, and has to be agreed to."""
    try:
        agreed = _moment(accepted_ready_at)
        with context.database.unit_of_work() as work:
            order = confirm_contact(
                work.session, context.settings, confirmation, now, accepted_ready_at=agreed
            )
            announce(context, work, order.id, order.point_id)
            token = track(work.session, context.settings, order.id, now).token
            known = Device(
                device.name or order.contact_name,
                device.email or order.contact_email,
                device.tokens,
            )
    except (Conflict, Invalid) as error:
        if error.code == "link_expired":
            raise
        values: dict[str, Any] = {"fault": translator(language)(error.message)}
        if isinstance(error, PromiseChanged):
            values = {"change": error}
        with get_context(request).database.reading() as session:
            return _confirm_page(
                request, session, device, confirmation, now, values, status=status_of(error)
            )
    answer = RedirectResponse(f"/orders/{token}", status_code=303)
    remember_device(request, answer, known.with_order(known.name, known.email, token))
    return answer


@router.get("/orders/{token}/cancel")
def ask_to_cancel(
    request: Request,
    token: Token,
    session: ReadDep,
    context: ContextDep,
    device: DeviceDep,
    now: NowDep,
) -> Response:
    """Ask whether she means it; says so when it is too late."""
    return _cancel_page(request, session, context, device, token, now, {})


@router.post("/orders/{token}/cancel")
def cancel(
    request: Request,
    token: Token,
    context: ContextDep,
    device: DeviceDep,
    now: NowDep,
    language: LanguageDep,
) -> Response:
    """Cancel free of charge, until the first print may start; twice is once."""
    reason = "Cancelled by the customer."
    try:
        with context.database.unit_of_work() as work:
            order = order_by_token(work.session, token)
            cancel_order(work.session, order.id, actor="customer", now=now, reason=reason)
            announce(context, work, order.id, order.point_id)
    except Conflict as error:
        values = {"fault": translator(language)(error.message)}
        with context.database.reading() as session:
            return _cancel_page(
                request, session, context, device, token, now, values, status=status_of(error)
            )
    return RedirectResponse(f"/orders/{token}", status_code=303)


@router.get("/orders/{token}/receipt")
def show_receipt(
    request: Request, token: Token, session: ReadDep, context: ContextDep, device: DeviceDep
) -> Response:
    """Show the receipt of a paid order, to be printed or kept."""
    order = order_by_token(session, token)
    values = {"receipt": receipt(session, context.settings, order.id), "token": token}
    return shop_page(request, device, "orders/receipt.html", values, private=True)


def _confirm_page(
    request: Request,
    session: Session,
    device: Device,
    confirmation: str,
    now: datetime,
    values: dict[str, Any],
    *,
    status: int = 200,
) -> Response:
    context, language = get_context(request), get_language(request)
    _, locale = gettext_of(language), locale_of(language)
    order_id = read_confirmation(context.settings.secret(), confirmation, now)
    tracking = track(session, context.settings, order_id, now)
    if tracking.whole.order.status is not OrderStatus.PRICED:
        # Confirmed already, or cancelled: the order's own page says how it stands.
        return RedirectResponse(f"/orders/{tracking.token}", status_code=303)
    change: PromiseChanged | None = values.get("change")
    shown = {
        "fault": None,
        **values,
        "confirmation": confirmation,
        "order": order_view(tracking, now, language, context.settings.public_url),
        "change": change
        and {
            "was": moment_words(change.old_ready_at, now=now, _=_, locale=locale),
            "when": moment_words(change.new_ready_at, now=now, _=_, locale=locale)
            if change.new_ready_at
            else None,
            "ready_at": change.new_ready_at.isoformat() if change.new_ready_at else "",
        },
    }
    return shop_page(request, device, "orders/confirm.html", shown, status=status, private=True)


def _cancel_page(
    request: Request,
    session: Session,
    context: ContextDep,
    device: Device,
    token: str,
    now: datetime,
    values: dict[str, Any],
    *,
    status: int = 200,
) -> Response:
    order = order_by_token(session, token)
    tracking = track(session, context.settings, order.id, now)
    if tracking.stage is Stage.CANCELLED:
        return RedirectResponse(f"/orders/{token}", status_code=303)
    view = order_view(tracking, now, get_language(request), context.settings.public_url)
    shown = {"fault": None, **values, "order": view}
    return shop_page(request, device, "orders/cancel.html", shown, status=status, private=True)


def _moment(text: str) -> datetime | None:
    """Return the ready time that was agreed to, as the form carried it; none if it did not."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
