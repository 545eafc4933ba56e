"""Saved quotes: kept from a part, a basket or a checkout; shown, printed, ordered on."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Path, Request
from fastapi.responses import RedirectResponse, Response
from sqlmodel import Session

from parts3d.basket import BasketDep, keep_basket
from parts3d.catalogue.offer_words import offer_view, where_words
from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Revision
from parts3d.errors import Conflict, Expired, NotFound, Parts3dError
from parts3d.jobs.queues import read_queues
from parts3d.orders.basket_view import Asked, basket_view
from parts3d.orders.opening import find_checkout, open_quote, quoted_parts, wanted_parts
from parts3d.orders.quote_document import quote_pdf, terms, vat_note
from parts3d.orders.quote_view import quote_view
from parts3d.promises.queries import orderable_models
from parts3d.promises.service import offers
from parts3d.promises.words import refusal_sentence
from parts3d.quotes.saving import Saved, find_saved, save_price, save_quote
from parts3d.quotes.service import Wanted, as_given, still_valid
from parts3d.quotes.tables import Quote
from parts3d.shop import (
    Device,
    DeviceDep,
    Whereabouts,
    WhereaboutsDep,
    remember_place,
    shop_page,
    translator,
)
from parts3d.web import (
    ContextDep,
    LanguageDep,
    NowDep,
    ReadDep,
    get_context,
    get_language,
    get_now,
    gettext_of,
    status_of,
)

router = APIRouter(prefix="/quotes", include_in_schema=False)
Token = Annotated[str, Path(pattern=r"^[\w-]{20,80}$")]
_PDF = "application/pdf"


@router.post("")
def save_part(
    context: ContextDep,
    now: NowDep,
    part: Annotated[str, Form(max_length=80)],
    quantity: Annotated[int, Form(ge=1, le=1000)] = 1,
) -> Response:
    """Keep the price of a part in a quantity."""
    with context.database.unit_of_work() as work:
        saved = save_price(
            work.session,
            context.settings,
            wanted_parts(work.session, {part: quantity}),
            now,
            printer_models=orderable_models(work.session),
        )
    return _to(saved)


@router.post("/basket")
def save_basket(
    request: Request,
    session: ReadDep,
    context: ContextDep,
    now: NowDep,
    basket: BasketDep,
    where: WhereaboutsDep,
) -> Response:
    """Keep the price of all in the basket that can be ordered."""
    parts = basket_view(request, session, context, Asked(basket, where)).orderable
    with context.database.unit_of_work() as work:
        saved = save_price(
            work.session,
            context.settings,
            wanted_parts(work.session, parts),
            now,
            printer_models=orderable_models(work.session),
        )
    return _to(saved)


@router.post("/checkout")
def save_checkout(
    context: ContextDep,
    now: NowDep,
    checkout: Annotated[str, Form(pattern=r"^[0-9a-f]{32}$")],
) -> Response:
    """Keep the price that a checkout shows, voucher and all."""
    with context.database.unit_of_work() as work:
        quote = find_checkout(work.session, checkout).quote
        saved = save_quote(work.session, context.settings, quote, now)
    return _to(saved)


@router.get("/{token}.pdf")
def print_quote(
    token: Token, session: ReadDep, context: ContextDep, now: NowDep, language: LanguageDep
) -> Response:
    """Send the quote as a PDF; one that is over is not printed any more."""
    quote = still_valid(session, context.settings, find_saved(session, token), now)
    shown = quote_view(session, context.settings, quote, now, language)
    pictures = {
        one["position"]: context.store.read(one["picture_sha256"])
        for one in shown["lines"]
        if one["picture_sha256"] and context.store.exists(one["picture_sha256"])
    }
    name = f"{shown['number']}.pdf"
    return Response(
        quote_pdf(shown, pictures, language, quote.created_at),
        media_type=_PDF,
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@router.get("/{token}/{position}.png")
def show_picture(token: Token, position: int, session: ReadDep, context: ContextDep) -> Response:
    """Send the picture of a line as it was quoted, also when the part has a newer one."""
    for one in quoted_parts(session, find_saved(session, token)):
        if one.line.position == position and one.revision.picture_sha256:
            return Response(
                context.store.read(_small(one.revision)),
                media_type="image/png",
                headers={"Cache-Control": "private, max-age=86400"},
            )
    raise NotFound("There is no picture of this part yet.")


@router.get("/{token}")
def show_quote(
    request: Request, token: Token, session: ReadDep, device: DeviceDep, where: WhereaboutsDep
) -> Response:
    """Show a saved quote, and where and when its parts could be ready if ordered now."""
    answer = _page(request, session, device, token, where)
    remember_place(request, answer, where)
    return answer


@router.post("/{token}/order")
def order_quote(
    request: Request,
    token: Token,
    context: ContextDep,
    now: NowDep,
    device: DeviceDep,
    where: WhereaboutsDep,
    point: Annotated[str, Form(max_length=80)],
) -> Response:
    """Hold capacity at a point, and go to the checkout with the quote's price."""
    try:
        with context.database.unit_of_work() as work:
            quote = find_saved(work.session, token)
            opened = open_quote(
                work.session,
                context.settings,
                quote,
                point_slug=point,
                now=now,
                read_queues=read_queues,
                language=get_language(request),
            )
            address = f"/checkout/{opened.promise.id}"
    except Conflict as refusal:
        with context.database.reading() as session:
            return _page(request, session, device, token, where, refusal)
    return RedirectResponse(address, status_code=303)


@router.post("/{token}/again")
def price_again(request: Request, token: Token, session: ReadDep, basket: BasketDep) -> Response:
    """Put what was quoted in the basket, where it has today's price."""
    for one in quoted_parts(session, find_saved(session, token)):
        if not basket.is_full:
            basket = basket.with_part(one.part.slug, one.line.quantity)
    answer = RedirectResponse("/basket", status_code=303)
    keep_basket(request, answer, basket)
    return answer


def _to(saved: Saved) -> Response:
    return RedirectResponse(f"/quotes/{saved.token}", status_code=303)


def _small(revision: Revision) -> str:
    return str((revision.thumbnails or {}).get("320") or revision.picture_sha256)


def _page(
    request: Request,
    session: Session,
    device: Device,
    token: str,
    where: Whereabouts,
    refusal: Parts3dError | None = None,
) -> Response:
    context, language, now = get_context(request), get_language(request), get_now(request)
    settings, _, say = context.settings, gettext_of(language), translator(language)
    quote = find_saved(session, token)
    status = status_of(refusal) if refusal else 422 if where.error else 200
    altered = None
    try:
        as_given(session, settings, quote)
    except Conflict as conflict:
        altered, status = say(conflict.message), status_of(conflict)
    shown = quote_view(session, settings, quote, now, language)
    values: dict[str, Any] = {
        "quote": shown,
        "terms": terms(shown, _),
        "vat_note": vat_note(shown, _),
        "altered": altered,
        "fault": say(refusal.message) if refusal and not isinstance(refusal, Expired) else None,
        "where": where,
        "where_words": where_words(where, _),
        "offers": [],
        "refusals": [],
        "no_offer": None,
    }
    if altered is None and not shown["expired"] and not shown["ordered"]:
        values |= _offers(request, session, quote, where)
    return shop_page(request, device, "orders/quote.html", values, status=status, private=True)


def _offers(request: Request, session: Session, quote: Quote, where: Whereabouts) -> dict[str, Any]:
    language, now = get_language(request), get_now(request)
    parts = quoted_parts(session, quote)
    wanted = [Wanted(one.revision.id, one.line.quantity) for one in parts]
    settings = get_context(request).settings
    try:
        options = offers(
            session,
            settings,
            wanted,
            now,
            read_queues=read_queues,
            place=where.place,
            rush=quote.is_rush,
        )
    except (Conflict, NotFound) as error:
        return {"no_offer": translator(language)(error.message)}
    titles = [title_in(one.revision, language) for one in parts]
    return {
        "offers": [offer_view(one, now, language) for one in options.offers],
        "refusals": [
            refusal_sentence(
                one.refusal, point_name=one.point.name, _=gettext_of(language), titles=titles
            )
            for one in options.refusals
        ],
    }
