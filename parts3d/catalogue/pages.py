"""The shop's first page, search results, and the terms of sale."""

from dataclasses import dataclass
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import ValidationError
from sqlalchemy import func
from sqlmodel import Session, col, select

from parts3d.catalogue import part_pages
from parts3d.catalogue.category_words import category_name
from parts3d.catalogue.manifest_model import Manifest
from parts3d.catalogue.offer_words import where_words
from parts3d.catalogue.part_words import pattern_words, picture_url
from parts3d.catalogue.search import FoundPart, find_parts
from parts3d.catalogue.tables import Part
from parts3d.errors import Conflict
from parts3d.jobs.queues import read_queues
from parts3d.languages import locale_of
from parts3d.promises.queries import orderable_models
from parts3d.promises.service import PointOffer
from parts3d.promises.window import best_offers
from parts3d.promises.words import Translate, moment_words
from parts3d.quotes.service import price_part
from parts3d.shop import DeviceDep, WhereaboutsDep, remember_place, shop_page
from parts3d.templating import euros
from parts3d.web import ContextDep, LanguageDep, NowDep, ReadDep, gettext_of

router = APIRouter(include_in_schema=False)
router.include_router(part_pages.router)
_PAGE = 24
_MOST_FOUND = 480
_FITS_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Search:
    """What is searched for: words, or a category by its slug; and which page of the results."""

    words: str
    category: str
    page: int


def get_search(
    q: Annotated[str, Query(max_length=200)] = "",
    c: Annotated[str, Query(max_length=60)] = "",
    page: Annotated[int, Query(ge=1, le=_MOST_FOUND)] = 1,
) -> Search:
    """Return what is searched for."""
    return Search(q.strip(), c, page)


SearchDep = Annotated[Search, Depends(get_search)]


@router.get("/")
def show_shop(
    request: Request,
    session: ReadDep,
    context: ContextDep,
    language: LanguageDep,
    now: NowDep,
    device: DeviceDep,
    where: WhereaboutsDep,
    search: SearchDep,
) -> HTMLResponse:
    """Show the shop; with ``q`` or ``c`` what was found by words or in a category."""
    _ = gettext_of(language)
    q, c, page = search.words, search.category, search.page
    found = find_parts(session, q, limit=_MOST_FOUND)
    if c:
        found = [one for one in found if one.part.category == c]
    shown = found[(page - 1) * _PAGE : page * _PAGE]
    settings = context.settings
    best = best_offers(
        session,
        settings,
        [one.revision for one in shown],
        now,
        read_queues=read_queues,
        place=where.place,
    )
    models = orderable_models(session)

    def price(one: FoundPart) -> str | None:
        try:
            part = price_part(session, settings, one.revision.id, 1, now, printer_models=models)
        except Conflict:
            return None
        return euros(part.price.total_cents, language)

    def ready(offer: PointOffer | None) -> str | None:
        if offer is None:
            return None
        when = moment_words(offer.offer.ready_at, now=now, _=_, locale=locale_of(language))
        return f"{when}, {offer.point.city}"

    cards = []
    for one in shown:
        try:
            manifest = Manifest.model_validate(one.revision.manifest)
        except ValidationError:
            continue  # one part that cannot be read hides no other
        amount = price(one)
        cards.append(
            {
                "href": f"/parts/{one.part.slug}",
                "name": getattr(manifest.name, language),
                "picture": picture_url(one.part.slug, one.revision, 320),
                "fits": _fits(manifest, one.fitting, _),
                "price": amount,
                "ready": ready(best.get(one.revision.id)),
                "not_ready": _("No promise at the moment: see why")
                if amount
                else _("Being prepared for our printers"),
            }
        )
    answer = shop_page(
        request,
        device,
        "catalogue/shop.html",
        {
            "query": q,
            "category": c and category_name(c, _),
            "categories": _categories(session, c, _),
            "cards": cards,
            "count": len(found),
            "page": page,
            "pages": -(-len(found) // _PAGE),
            "where_words": where_words(where, _),
            "is_home": not q and not c,
            "page_base": f"/?{_query(q=q, c=c)}page=",
        },
        status=422 if where.error else 200,
    )
    remember_place(request, answer, where)
    return answer


@router.get("/terms")
def show_terms(request: Request, device: DeviceDep) -> HTMLResponse:
    """Show what holds between buyer and seller, and what becomes of her data."""
    return shop_page(request, device, "catalogue/terms.html", {})


def _query(**words: str) -> str:
    given = {name: value for name, value in words.items() if value}
    return f"{urlencode(given)}&" if given else ""


def _fits(manifest: Manifest, fitting: str | None, _: Translate) -> str | None:
    """Say which appliances it fits: the one that was searched for, else the first brands."""
    if fitting:
        return _("Fits {appliance}").format(appliance=pattern_words(fitting))
    brands = list(dict.fromkeys(fit.brand for fit in manifest.fits))
    if not brands:
        return None
    named, rest = ", ".join(brands[:_FITS_SHOWN]), len(brands) - _FITS_SHOWN
    if rest > 0:
        return _("Fits {brands} and {count} more").format(brands=named, count=rest)
    return _("Fits {appliance}").format(appliance=named)


def _categories(session: Session, chosen: str, _: Translate) -> list[dict[str, Any]]:
    rows = session.exec(
        select(Part.category, func.count())
        .where(col(Part.current_revision_id).is_not(None))
        .group_by(Part.category)
        .order_by(Part.category)
    ).all()
    named = [
        {
            "href": f"/?c={slug}",
            "name": category_name(slug, _),
            "count": count,
            "current": slug == chosen,
        }
        for slug, count in rows
    ]
    return sorted(named, key=lambda one: str(one["name"]))
