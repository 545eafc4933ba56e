"""A tariff in words, for the operator."""

from decimal import Decimal

from babel import Locale
from babel.numbers import format_currency, format_decimal

from parts3d.languages import locale_of, translations
from parts3d.quotes.tariff import ANY_MODEL, Royalty, Tariff
from parts3d.templating import euros


def tariff_words(tariff: Tariff, language: str) -> list[tuple[str, list[str]]]:
    """Return what a tariff says, by heading: one sentence or figure a line."""
    _ = translations(language).gettext
    materials = [
        _("%(material)s: %(price)s a kilogram")
        % {"material": name, "price": money(cents * 1000, language)}
        for name, cents in tariff.material_cents_per_gram.items()
    ]
    machines = [
        _("%(price)s an hour, whatever the printer") % {"price": money(cents, language)}
        if name == ANY_MODEL and len(tariff.machine_cents_per_hour) == 1
        else _("%(price)s an hour on all other printers") % {"price": money(cents, language)}
        if name == ANY_MODEL
        else _("%(price)s an hour on %(model)s") % {"price": money(cents, language), "model": name}
        for name, cents in sorted(
            tariff.machine_cents_per_hour.items(), key=lambda one: one[0] == ANY_MODEL
        )
    ]
    handling = [
        _("%(price)s an order") % {"price": money(tariff.handling_cents_per_order, language)},
        _("%(price)s a part") % {"price": money(tariff.handling_cents_per_part, language)},
    ]
    breaks = [
        _("%(percent)s off the work from %(copies)s copies of one part on")
        % {"percent": percent(one.rate, language), "copies": one.from_copies}
        for one in tariff.quantity_breaks
    ]
    royalties = [_royalty(part, one, language) for part, one in tariff.royalties.items()]
    return [
        (_("Material, waste included"), materials),
        (_("Machine time"), machines),
        (_("Handling"), handling),
        (_("Quantity"), breaks or [_("Every copy costs the same.")]),
        (_("Served before others"), _rush(tariff, language)),
        (
            _("The point's share"),
            [
                _("%(percent)s on top of all this")
                % {"percent": percent(tariff.share_rate, language)}
            ],
        ),
        (_("Royalties"), royalties or [_("No part has an author who is paid.")]),
        (
            _("At least"),
            [
                _("%(price)s an order, VAT included")
                % {"price": money(Decimal(tariff.minimum_total_cents), language)},
                _("%(price)s when a voucher is used")
                % {"price": money(Decimal(tariff.voucher_floor_cents), language)}
                if tariff.voucher_floor_cents
                else _("nothing when a voucher covers it all"),
            ],
        ),
    ]


def money(cents: Decimal, language: str) -> str:
    """Write an exact amount as euros; with more than two decimals where it has them."""
    if cents == int(cents):
        return euros(int(cents), language)
    locale = Locale.parse(locale_of(language))
    pattern = str(locale.currency_formats["standard"].pattern).replace("0.00", "0.00####")
    return format_currency(cents / 100, "EUR", format=pattern, locale=locale, currency_digits=False)


def percent(rate: Decimal, language: str) -> str:
    """Write a rate as percent."""
    return f"{format_decimal(rate * 100, format='0.####', locale=locale_of(language))}\u00a0%"


def _rush(tariff: Tariff, language: str) -> list[str]:
    _ = translations(language).gettext
    if tariff.rush is None:
        return [_("Not offered.")]
    surcharge = _("%(percent)s on top") % {"percent": percent(tariff.rush.rate, language)}
    meaning = tariff.rush.meaning.get(language) or next(iter(tariff.rush.meaning.values()))
    return [surcharge, meaning]


def _royalty(part: str, one: Royalty, language: str) -> str:
    """Say what an author gets; of rate and cents, the one that is nothing is left out."""
    _ = translations(language).gettext
    if not one.cents_per_copy:
        words = _("%(part)s: %(percent)s for %(author)s")
    elif not one.rate:
        words = _("%(part)s: %(price)s a copy for %(author)s")
    else:
        words = _("%(part)s: %(percent)s and %(price)s a copy for %(author)s")
    return words % {
        "part": part,
        "percent": percent(one.rate, language),
        "price": money(one.cents_per_copy, language),
        "author": one.author,
    }
