"""The tracking page: where the order is, live, until it is in its customer's hand."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Any

import segno
from fastapi import APIRouter, Depends, Path, Request
from fastapi.responses import Response
from fastapi.sse import EventSourceResponse, ServerSentEvent
from markupsafe import Markup
from sqlmodel import Session

from parts3d.catalogue.part_words import duration_words
from parts3d.catalogue.queries import title_in
from parts3d.context import Context
from parts3d.jobs.channels import order_channel
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tracking import CopyProgress, Stage, Tracking, track
from parts3d.languages import locale_of
from parts3d.orders.consent_pages import keeping_view, sure_view
from parts3d.orders.item_words import item_view, parts_words
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.queries import WholeOrder, order_by_token
from parts3d.orders.tables import OrderEvent
from parts3d.points.opening import is_always_open, opening_week
from parts3d.promises.words import Translate, moment_words
from parts3d.sentences import in_language
from parts3d.shop import DeviceDep, shop_page
from parts3d.templating import clock_time, day, euros
from parts3d.web import ContextDep, ReadDep, get_language, get_now, gettext_of, render

router = APIRouter(prefix="/orders", include_in_schema=False)
# A bell may be lost; the row is the truth. Also keeps "about 4 min left" honest.
_LOOK_AGAIN_SECONDS = 15.0


def get_order_id(token: Annotated[str, Path(max_length=200)], session: ReadDep) -> str:
    """Return the order of a link; a wrong one ends here, before a stream begins."""
    return order_by_token(session, token).id


OrderIdDep = Annotated[str, Depends(get_order_id)]


@router.get("/{token}")  # noqa: FAST003 - get_order_id reads it
def show_order(
    request: Request,
    order_id: OrderIdDep,
    session: ReadDep,
    context: ContextDep,
    device: DeviceDep,
) -> Response:
    """Show where an order is to whoever has its link."""
    values = {
        **_view(request, session, context, order_id),
        # What the page is drawn with: the stream sends only what differs.
        "mark": _mark(_drawn(request, session, context, order_id)),
    }
    return shop_page(request, device, "orders/order.html", values, private=True)


@router.get("/{token}/live", response_class=EventSourceResponse)  # noqa: FAST003 - as above
async def follow_order(
    request: Request, order_id: OrderIdDep, context: ContextDep
) -> AsyncIterator[ServerSentEvent]:
    """Send the order again whenever something of it has moved."""
    shown = request.headers.get("last-event-id")
    # Listen before the first look, so that no ring falls between look and wait.
    async with context.bell.listen([order_channel(order_id)]) as ear:
        while not await request.is_disconnected():
            html = await asyncio.to_thread(_fragment, request, context, order_id)
            mark = _mark(html)
            if mark != shown:
                shown = mark
                yield ServerSentEvent(raw_data=html, id=mark)
            await ear.wait(_LOOK_AGAIN_SECONDS)


def _fragment(request: Request, context: Context, order_id: str) -> str:
    with context.database.reading() as session:
        return _drawn(request, session, context, order_id)


def _drawn(request: Request, session: Session, context: Context, order_id: str) -> str:
    values = _view(request, session, context, order_id)
    return bytes(render(request, "orders/tracking.html", values).body).decode()


def _view(request: Request, session: Session, context: Context, order_id: str) -> dict[str, Any]:
    now = get_now(request)
    tracking = track(session, context.settings, order_id, now)
    language = get_language(request)
    order = tracking.whole.order
    return {
        "order": order_view(tracking, now, language, context.settings.public_url),
        "keeping": keeping_view(session, order, now, language)
        | sure_view(context.settings, tracking.whole.quote.handling_cents, language),
    }


def _mark(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()[:16]


def order_view(tracking: Tracking, now: datetime, language: str, public_url: str) -> dict[str, Any]:
    """Return an order as its customer's pages show it, in her language."""
    _, locale = gettext_of(language), locale_of(language)
    whole, order, point = tracking.whole, tracking.whole.order, tracking.whole.point
    hours = tracking.hours
    closes_at = hours.closes_at(order.ready_promised_at)
    label, tone = stage_chip(tracking.stage, _)
    return {
        "token": tracking.token,
        "number": order.number,
        "stage": tracking.stage.value,
        "chip": label,
        "tone": tone,
        "title": parts_words([title_in(one.revision, language) for one in whole.sold], _),
        "bought": [
            item_view(one.part, one.revision, one.line.quantity, one.line.total_cents, language)
            for one in whole.sold
        ],
        "quantity": whole.quantity,
        "total": euros(order.total_cents, language),
        "paid": whole.payment is not None and whole.payment.receipt_number is not None,
        "name": order.contact_name,
        "email": order.contact_email,
        "point": point,
        "address": f"{point.street}, {point.postcode} {point.city}",
        "always_open": is_always_open(hours, now),
        "week": opening_week(hours, now, _=_, locale=locale),
        "when": moment_words(order.ready_promised_at, now=now, _=_, locale=locale),
        "until": clock_time(closes_at) if closes_at else None,
        "ordered": f"{day(order.created_at, language)}, {clock_time(order.created_at)}",
        "hold_expired": tracking.hold_expired,
        "percent": round(tracking.progress * 100),
        # While a copy still waits, the running print's end is not the order's.
        "left": None
        if tracking.remaining_seconds is None or not _all_started(tracking)
        else _("about {duration} left").format(
            duration=duration_words(tracking.remaining_seconds, language)
        ),
        "copies": [copy_words(one, tracking.whole, language) for one in tracking.copies],
        "trouble": any(one.status in _TROUBLE for one in tracking.copies)
        or tracking.stage is Stage.ATTENTION,
        "reason": in_language(order.reason or "", _),
        "may_cancel": tracking.may_cancel,
        "code": tracking.code,
        "qr": _qr(f"{public_url.rstrip('/')}/counter/hand-over?number={order.number}")
        if tracking.code
        else None,
        "times": _stage_times(whole.events),
        "timeline": [
            {
                "at": clock_time(event.at),
                "iso": event.at.isoformat(),
                "text": _event_words(event, _),
            }
            for event in whole.events
            if event.to_status != OrderStatus.DRAFT and _event_words(event, _)
        ],
    }


def _all_started(tracking: Tracking) -> bool:
    return all(one.status not in _WAITING for one in tracking.copies)


_HERS = frozenset({"system", "customer"})
_WAITING = frozenset({JobStatus.WAITING, JobStatus.LEASED, JobStatus.FAILED})
_TROUBLE = frozenset({JobStatus.UNKNOWN, JobStatus.NEEDS_HUMAN, JobStatus.FAILED})


def stage_chip(stage: Stage, _: Translate) -> tuple[str, str]:
    """Return a stage in a word or two, and the tone of its chip."""
    return {
        Stage.CONFIRM: (_("Please confirm"), "warn"),
        Stage.QUEUED: (_("Waits for its printer"), "info"),
        Stage.PRINTING: (_("Printing"), "busy"),
        Stage.CHECKING: (_("Being checked"), "busy"),
        Stage.READY: (_("Ready for you"), "good"),
        Stage.COLLECTED: (_("Collected"), "neutral"),
        Stage.ATTENTION: (_("Held up"), "bad"),
        Stage.CANCELLED: (_("Cancelled"), "neutral"),
    }[stage]


def copy_words(copy: CopyProgress, whole: WholeOrder, language: str) -> dict[str, Any]:
    """Return one print with its state in words; what machines said stays inside."""
    _ = gettext_of(language)
    words = {
        JobStatus.WAITING: _("waits for its printer"),
        JobStatus.LEASED: _("is being sent to the printer"),
        JobStatus.START_PERMITTED: _("is about to be printed"),
        JobStatus.PRINTING: _("is being printed"),
        JobStatus.PRINTED: _("is printed; a person checks it"),
        JobStatus.PASSED: _("passed its check"),
        JobStatus.READY: _("lies ready"),
        JobStatus.HANDED_OVER: _("is yours"),
        JobStatus.UNKNOWN: _("is most likely still printing; the shop is off-line at the moment"),
        JobStatus.NEEDS_HUMAN: _("needs a look by the shop's staff"),
        JobStatus.FAILED: _("did not turn out well; the shop prints it again"),
    }
    return {
        "name": _copy_name(copy, whole, language),
        "words": words.get(copy.status, ""),
        "percent": round(copy.progress * 100),
    }


def _copy_name(copy: CopyProgress, whole: WholeOrder, language: str) -> str:
    """Return "It", "Piece 2", "Pieces 1 to 4", or with several lines "Basket wheel 2"."""
    _ = gettext_of(language)
    sold = next(one for one in whole.sold if one.line.id == copy.line_id)
    first, last = copy.copy_number, copy.copy_number + copy.copies - 1
    if len(whole.sold) > 1:
        title = title_in(sold.revision, language)
        if copy.copies > 1:
            return _("{part} {first} to {last}").format(part=title, first=first, last=last)
        return f"{title} {first}" if sold.line.quantity > 1 else title
    if copy.copies > 1:
        return _("Pieces {first} to {last}").format(first=first, last=last)
    return _("Piece {number}").format(number=first) if sold.line.quantity > 1 else _("It")


def _stage_times(events: tuple[OrderEvent, ...]) -> dict[str, str]:
    stages = {
        OrderStatus.PLACED: "ordered",
        OrderStatus.IN_PRODUCTION: "printing",
        OrderStatus.READY: "ready",
        OrderStatus.COLLECTED: "collected",
    }
    return {
        stages[OrderStatus(event.to_status)]: clock_time(event.at)
        for event in events
        if event.to_status in stages and event.from_status != event.to_status
    }


def _event_words(event: OrderEvent, _: Translate) -> str:
    if event.from_status == event.to_status:
        # What happened besides; what only concerns the counter is not hers to read.
        return in_language(event.reason or "", _) if event.actor in _HERS else ""
    return {
        OrderStatus.PRICED: _("Order received; waits for your confirmation"),
        OrderStatus.PLACED: _("Confirmed; the order is placed"),
        OrderStatus.IN_PRODUCTION: _("Printing has started"),
        OrderStatus.READY: _("Checked, bagged and on the shelf"),
        OrderStatus.COLLECTED: _("Paid and collected"),
        OrderStatus.CANCELLED: _("Cancelled"),
        OrderStatus.ACTION_NEEDED: _("Held up; a person looks at it"),
        OrderStatus.EXPIRED_UNCOLLECTED: _("Not collected in time"),
        OrderStatus.RETURN_OPEN: _("A return is under way"),
        OrderStatus.CLOSED: _("Closed"),
    }.get(OrderStatus(event.to_status), "")


def _qr(text: str) -> Markup:
    """Draw a QR code that takes the width it is given."""
    drawn = segno.make(text, error="m")
    return Markup(drawn.svg_inline(border=2, omitsize=True))  # noqa: S704 - made by segno
