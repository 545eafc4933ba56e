"""What the basket's page shows: each part, one price, and a promise for all of it at each point."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from sqlmodel import Session

from parts3d.basket import Basket
from parts3d.catalogue.offer_words import offer_view, where_words
from parts3d.catalogue.price_words import ask_for_plates, price_view
from parts3d.catalogue.queries import PartOnSale, part_on_sale, title_in
from parts3d.context import Context
from parts3d.errors import Conflict, NotFound
from parts3d.jobs.queues import read_queues
from parts3d.orders.item_words import item_view
from parts3d.promises.queries import orderable_models
from parts3d.promises.service import offers
from parts3d.promises.words import Translate, refusal_sentence
from parts3d.quotes.layout import lay_out
from parts3d.quotes.service import Wanted, price_wanted
from parts3d.shop import Whereabouts, translator
from parts3d.templating import euros
from parts3d.web import get_language, get_now, gettext_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What a customer looks at: her basket, from where, and what happened a moment ago."""

    basket: Basket
    where: Whereabouts
    said: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BasketView:
    """The page's values, and what of the basket can be ordered now."""

    values: dict[str, Any]
    orderable: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Line:
    slug: str
    quantity: int
    shown: PartOnSale | None
    why_not: str | None


def basket_view(request: Request, session: Session, context: Context, asked: Asked) -> BasketView:
    """Return the basket with its price and promises; what cannot be ordered says why."""
    language, now, settings = get_language(request), get_now(request), context.settings
    _, say = gettext_of(language), translator(language)
    models = orderable_models(session)
    lines = [_look(session, slug, quantity, models, say) for slug, quantity in asked.basket.parts]
    good = [line for line in lines if line.why_not is None and line.shown is not None]
    wanted = [Wanted(line.shown.revision.id, line.quantity) for line in good if line.shown]
    values: dict[str, Any] = {
        "lines": [],
        "most": settings.max_quantity,
        "where": asked.where,
        "where_words": where_words(asked.where, _),
        "hold_minutes": settings.hold_minutes,
        "price": None,
        "better_price": False,
        "offers": [],
        "refusals": [],
        "left_out": len(lines) - len(good),
        "pieces": sum(line.quantity for line in good),
        "added": None,
        "removed": None,
        **_said(session, asked, language),
    }
    totals: dict[str, str] = {}
    if wanted:
        price = price_wanted(session, settings, wanted, now, printer_models=models)
        values["price"] = price_view(price, language)
        values["better_price"] = price.awaits_plates
        ask_for_plates(context, price)
        totals = {
            line.slug: euros(priced.total_cents, language)
            for line, priced in zip(good, price.lines, strict=True)
        }
        options = offers(
            session, settings, wanted, now, read_queues=read_queues, place=asked.where.place
        )
        values["offers"] = [offer_view(one, now, language) for one in options.offers]
        titles = [line.shown.name(language) for line in good if line.shown]
        values["refusals"] = [
            refusal_sentence(one.refusal, point_name=one.point.name, _=_, titles=titles)
            for one in options.refusals
        ]
    values["lines"] = [_line_view(line, totals.get(line.slug), language) for line in lines]
    return BasketView(values, {line.slug: line.quantity for line in good})


def _look(
    session: Session, slug: str, quantity: int, models: Collection[str], say: Translate
) -> _Line:
    try:
        shown = part_on_sale(session, slug)
    except NotFound:
        return _Line(slug, quantity, None, say("This part is not on sale."))
    try:
        lay_out(session, shown.revision, quantity, models)
    except Conflict as conflict:
        return _Line(slug, quantity, shown, say(conflict.message))
    return _Line(slug, quantity, shown, None)


def _line_view(line: _Line, total: str | None, language: str) -> dict[str, Any]:
    if line.shown is None:
        return {
            "slug": line.slug,
            "href": None,
            "title": line.slug.replace("-", " ").capitalize(),
            "picture": None,
            "quantity": line.quantity,
            "total": None,
            "why_not": line.why_not,
        }
    view = item_view(line.shown.part, line.shown.revision, line.quantity, None, language)
    return {**view, "total": total, "why_not": line.why_not}


def _said(session: Session, asked: Asked, language: str) -> dict[str, Any]:
    """Return what was put in or taken out a moment ago, by name."""
    said: dict[str, Any] = {}
    for act in ("added", "removed"):
        slug = asked.said.get(act)
        if not slug:
            continue
        try:
            title = title_in(part_on_sale(session, slug).revision, language)
        except NotFound:
            title = slug.replace("-", " ").capitalize()
        said[act] = {
            "slug": slug,
            "title": title,
            "quantity": asked.said["quantity"],
            "place": asked.said["place"],
        }
    return said
