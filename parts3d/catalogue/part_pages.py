"""A part's page: what it is, what it fits, what it costs, where and when it can be collected."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlmodel import Session

from parts3d.catalogue.offer_words import offer_view, where_words
from parts3d.catalogue.part_words import about
from parts3d.catalogue.price_words import ask_for_plates, price_view
from parts3d.catalogue.queries import part_on_sale
from parts3d.context import Context
from parts3d.errors import Conflict
from parts3d.jobs.queues import read_queues
from parts3d.languages import locale_of
from parts3d.orders.consent_pages import sure_view
from parts3d.promises.queries import orderable_models
from parts3d.promises.service import offers
from parts3d.promises.window import stands_until
from parts3d.promises.words import moment_words, refusal_sentence
from parts3d.quotes.queries import slicing_progress
from parts3d.quotes.service import Wanted, price_wanted
from parts3d.shop import (
    DeviceDep,
    Whereabouts,
    WhereaboutsDep,
    remember_place,
    shop_page,
    translator,
)
from parts3d.templating import clock_time, day
from parts3d.web import (
    ContextDep,
    LanguageDep,
    ReadDep,
    get_language,
    get_now,
    gettext_of,
    render,
)

router = APIRouter(include_in_schema=False)
# Shorter than this, "order within" only makes people nervous: the time is computed anyway.
_WORTH_SAYING = timedelta(minutes=3)
_IN_MINUTES = timedelta(hours=1)
_LOOK_AGAIN_SECONDS = 20.0

Quantity = Annotated[int, Query(ge=1, le=1000)]


@dataclass(frozen=True, slots=True)
class Asked:
    """What a customer looks at: the part, how many, and from where."""

    slug: str
    quantity: int
    where: Whereabouts


def get_asked(slug: str, session: ReadDep, where: WhereaboutsDep, quantity: Quantity = 1) -> Asked:
    """Return what is asked for; an unknown part ends here, before a stream begins."""
    part_on_sale(session, slug)
    return Asked(slug, quantity, where)


AskedDep = Annotated[Asked, Depends(get_asked)]


@router.get("/parts/{slug}")  # noqa: FAST003 - get_asked reads it
def show_part_page(
    request: Request,
    asked: AskedDep,
    session: ReadDep,
    context: ContextDep,
    language: LanguageDep,
    device: DeviceDep,
) -> HTMLResponse:
    """Show one part with its price and its promises."""
    values = part_values(request, session, context, asked)
    answer = shop_page(
        request,
        device,
        "catalogue/part.html",
        {**values, **about(part_on_sale(session, asked.slug), language)},
        status=422 if asked.where.error else 200,
    )
    remember_place(request, answer, asked.where)
    return answer


@router.get("/parts/{slug}/live", response_class=EventSourceResponse)  # noqa: FAST003 - as above
async def follow_part(
    request: Request, asked: AskedDep, context: ContextDep
) -> AsyncIterator[ServerSentEvent]:
    """Send the price and the promises again while the part is prepared, until it is ready."""
    shown = request.headers.get("last-event-id")
    async with context.bell.listen(["slices"]) as ear:
        while not await request.is_disconnected():
            html, preparing = await asyncio.to_thread(_buy_box, request, context, asked)
            mark = hashlib.sha256(html.encode()).hexdigest()[:16]
            if mark != shown:
                shown = mark
                yield ServerSentEvent(raw_data=html, id=mark)
            # Once it is ready, nothing moves under the customer's fingers any more.
            while not preparing and not await request.is_disconnected():
                await ear.wait(_LOOK_AGAIN_SECONDS)
            await ear.wait(_LOOK_AGAIN_SECONDS)


def _buy_box(request: Request, context: Context, asked: Asked) -> tuple[str, bool]:
    with context.database.reading() as session:
        values = part_values(request, session, context, asked)
        html = render(request, "catalogue/buy.html", values).body
    return bytes(html).decode(), values["preparing"] is not None or values["better_price"]


def part_values(
    request: Request, session: Session, context: Context, asked: Asked
) -> dict[str, Any]:
    """Return what the price and the promises of a part are drawn from."""
    language, now, settings = get_language(request), get_now(request), context.settings
    _ = gettext_of(language)
    shown = part_on_sale(session, asked.slug)
    models = orderable_models(session)
    values: dict[str, Any] = {
        "slug": asked.slug,
        "name": shown.name(language),
        "quantity": asked.quantity,
        "most": settings.max_quantity,
        "where": asked.where,
        "where_words": where_words(asked.where, _),
        "live_url": f"/parts/{asked.slug}/live?{urlencode({'quantity': asked.quantity})}",
        "hold_minutes": settings.hold_minutes,
        "price": None,
        "preparing": None,
        "no_price": None,
        "better_price": False,
        "offers": [],
        "refusals": [],
        "fault": None,
    }
    wanted = [Wanted(shown.revision.id, asked.quantity)]
    try:
        price = price_wanted(session, settings, wanted, now, printer_models=models)
    except Conflict as conflict:
        if conflict.code == "being_sliced":
            progress = slicing_progress(session, shown.revision, models)
            values["preparing"] = {"ready": progress.ready, "total": progress.total}
        values["no_price"] = translator(language)(conflict.message)
        return values
    values["price"] = price_view(price, language)
    values["better_price"] = price.awaits_plates
    ask_for_plates(context, price)
    options = offers(
        session, settings, wanted, now, read_queues=read_queues, place=asked.where.place
    )
    values["offers"] = [offer_view(one, now, language) for one in options.offers]
    values["refusals"] = [
        refusal_sentence(one.refusal, point_name=one.point.name, _=_) for one in options.refusals
    ]
    values |= sure_view(settings, price.price.handling_cents, language)
    if options.offers:
        until = stands_until(options, settings, now)
        values["offers"][0]["order_by"] = _order_by_words(until, now, language)
    return values


def _order_by_words(until: datetime, now: datetime, language: str) -> str | None:
    _ = gettext_of(language)
    left = until - now
    if left < _WORTH_SAYING:
        return None
    if left < _IN_MINUTES:
        minutes = int(left.total_seconds() // 60)
        return _("Order within {minutes} min for this time.").format(minutes=minutes)
    if day(until, language) == day(now, language):
        return _("Order before {time} for this time.").format(time=clock_time(until))
    return _("Order before {moment} for this time.").format(
        moment=moment_words(until, now=now, _=_, locale=locale_of(language))
    )
