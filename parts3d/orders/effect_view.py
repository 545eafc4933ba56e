"""The effect of a tariff as the operator's page shows it."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlmodel import Session

from parts3d.languages import translations
from parts3d.orders.price_effect import Bar, Effect, OrderEffect, effect_of
from parts3d.orders.price_explorer import catalogue_examples, past_orders
from parts3d.promises.queries import orderable_models
from parts3d.quotes.tariff import Tariff
from parts3d.quotes.tariff_words import percent
from parts3d.slicing.profiles import printer_models

MOST_SHOWN = 10
_NO_FIGURE = "\N{EN DASH}"
_MINUS = "\N{MINUS SIGN}"


def effect_view(
    session: Session,
    draft: Tariff,
    in_force: Tariff,
    now: datetime,
    *,
    days: int,
    vat: Decimal,
    language: str,
) -> dict[str, Any]:
    """Return what a draft would have made of the last orders, or of the catalogue without any."""
    past = past_orders(session, now, days=days, language=language)
    examples = not past
    if examples:
        # Where no point is open yet, any model that was sliced serves.
        models = orderable_models(session) or printer_models()
        past = catalogue_examples(session, in_force, vat, printer_models=models, language=language)
    effect = effect_of(draft, past)
    return {
        "effect": effect,
        "examples": examples,
        "bars": _bar_rows(effect, language),
        "components": [
            (_component_words(language)[name], cost, would)
            for name, cost, would in effect.components
        ],
        "dearer": _shown(effect.dearer, language),
        "cheaper": _shown(effect.cheaper, language),
        "parts_changed": [one for one in effect.parts if one.change_cents][: 2 * MOST_SHOWN],
        "change_percent": _signed_percent(effect.cost_cents, effect.change_cents, language),
    }


def _shown(effects: list[OrderEffect], language: str) -> list[tuple[OrderEffect, str]]:
    return [
        (one, _signed_percent(one.order.cost_cents, one.change_cents, language))
        for one in effects[:MOST_SHOWN]
    ]


def _signed_percent(cost_cents: int, change_cents: int, language: str) -> str:
    if cost_cents == 0:
        return _NO_FIGURE
    rate = round(Decimal(change_cents) / cost_cents, 3)
    sign = "+" if rate > 0 else _MINUS if rate < 0 else ""
    return sign + percent(abs(rate), language)


def _bar_rows(effect: Effect, language: str) -> list[dict[str, Any]]:
    most = max((bar.orders for bar in effect.bars), default=0)
    filled = [index for index, bar in enumerate(effect.bars) if bar.orders]
    if not filled:
        return []
    middle = len(effect.bars) // 2
    # As far to both sides as something happened: falls and rises stay comparable.
    reach = max(1, *(abs(index - middle) for index in filled))
    return [
        {
            "label": _bar_words(bar, language),
            "orders": bar.orders,
            "width": round(100 * bar.orders / most, 2),
            "tone": "fall" if (bar.high or 0) < 0 else "rise" if (bar.low or 0) > 0 else "same",
        }
        for index, bar in enumerate(effect.bars)
        if abs(index - middle) <= reach
    ]


def _bar_words(bar: Bar, language: str) -> str:
    _ = translations(language).gettext
    if bar.low is None:
        return _("%(percent)s %% less, or more than that") % {"percent": -(bar.high or 0)}
    if bar.high is None:
        return _("%(percent)s %% more, or beyond") % {"percent": bar.low}
    if bar.low < 0 < bar.high:
        return _("about the same")
    if bar.high < 0:
        return _("%(least)s to %(most)s %% less") % {"least": -bar.high, "most": -bar.low}
    return _("%(least)s to %(most)s %% more") % {"least": bar.low, "most": bar.high}


def _component_words(language: str) -> dict[str, str]:
    _ = translations(language).gettext
    return {
        "material": _("Material"),
        "machine": _("Machine time"),
        "handling": _("Handling"),
        "quantity_discount": _("Quantity discount"),
        "rush": _("Served before others"),
        "share": _("The point's share"),
        "royalty": _("Royalties"),
        "voucher": _("Voucher"),
        "vat": _("VAT on all this"),
    }
