"""A price in words: its components as lines of a table, frozen or not yet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from babel.numbers import format_decimal

from parts3d.catalogue.part_words import duration_words
from parts3d.context import Context
from parts3d.languages import locale_of, translations
from parts3d.quotes.service import WholePrice
from parts3d.quotes.tables import Quote, QuoteLine
from parts3d.templating import euros

_ONLY_WHERE_THERE_IS_ONE = frozenset({"quantity_discount", "rush", "royalty", "voucher"})


@dataclass(frozen=True, slots=True)
class Used:
    """What the prints of one material take: mg by material, and seconds of them all."""

    mg_by_material: Mapping[str, int]
    print_seconds: int


def price_view(whole: WholePrice, language: str) -> dict[str, Any]:
    """Return a price that is not frozen yet with its components in words."""
    used: dict[str, int] = {}
    for line in whole.lines:
        used[line.material] = used.get(line.material, 0) + line.filament_mg
    cents = whole.price
    return {
        "total": euros(cents.total_cents, language),
        "lines": price_lines(
            {**cents.components, "vat": cents.vat_cents},
            language,
            vat_percent=int(cents.vat_rate * 100),
            used=Used(used, sum(line.print_seconds for line in whole.lines)),
            voucher=cents.voucher_code,
        ),
    }


def ask_for_plates(context: Context, whole: WholePrice) -> None:
    """Have the plates sliced that would make this price better; asked for once."""
    for revision_id, copies in whole.unasked_plates:
        context.ring_task("slicing.plate", revision_id, copies)


def quote_price_view(
    quote: Quote, lines: Sequence[tuple[QuoteLine, str]], language: str
) -> dict[str, Any]:
    """Return a frozen price with its components in words; ``lines`` with their materials."""
    used: dict[str, int] = {}
    for line, material in lines:
        used[material] = used.get(material, 0) + line.filament_mg
    return {
        "total": euros(quote.total_cents, language),
        "lines": price_lines(
            {
                "material": quote.material_cents,
                "machine": quote.machine_cents,
                "handling": quote.handling_cents,
                "quantity_discount": quote.quantity_discount_cents,
                "rush": quote.rush_cents,
                "share": quote.share_cents,
                "royalty": quote.royalty_cents,
                "voucher": quote.voucher_cents,
                "vat": quote.vat_cents,
            },
            language,
            vat_percent=quote.vat_percent,
            used=Used(used, sum(line.print_seconds for line, _ in lines)),
            voucher=quote.voucher_code,
        ),
    }


def price_lines(
    cents: Mapping[str, int],
    language: str,
    *,
    vat_percent: int,
    used: Used,
    voucher: str | None = None,
) -> list[dict[str, str]]:
    """Return the components of a price as lines of a table; ``cents`` by component.

    Discounts, rush, royalty and voucher are left out where there is none.
    """
    _ = translations(language).gettext
    weights = ", ".join(
        f"{format_decimal(mg / 1000, format='0.0', locale=locale_of(language))} g {material}"
        for material, mg in used.mg_by_material.items()
    )
    rows = [
        (_("Material"), weights, "material"),
        (_("Machine time"), duration_words(used.print_seconds, language), "machine"),
        (_("Preparing, checking, bagging"), "", "handling"),
        (_("Discount for the quantity"), "", "quantity_discount"),
        (_("Served before others"), "", "rush"),
        (_("The shop's share"), "", "share"),
        (_("The author's share"), "", "royalty"),
        (_("Voucher"), voucher or "", "voucher"),
        (_("VAT {percent} %").format(percent=vat_percent), "", "vat"),
    ]
    return [
        {"label": label, "detail": detail, "amount": euros(cents[key], language)}
        for label, detail, key in rows
        if cents[key] or key not in _ONLY_WHERE_THERE_IS_ONE
    ]
