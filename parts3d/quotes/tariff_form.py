"""A tariff as an operator types it: euros and percents, commas or points. Pure.

Fields are texts by name: ``material.PETG`` (euros a kilogram), ``machine.mk3s`` (euros an hour),
``handling_order``, ``break.0.copies`` and so on. Every number is exact both ways.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any

from pydantic import ValidationError

from parts3d.catalogue.category_words import N_
from parts3d.errors import Invalid
from parts3d.quotes.tariff import ANY_MODEL
from parts3d.quotes.tariff_file import TariffSheet

MOST_BREAKS = 8
# Empty rows that are shown for more of them.
BLANK_BREAKS = 2
MOST_ROYALTIES = 60
RUSH_LANGUAGES = ("en", "fr")
_MOST = Decimal(100_000)
_PLACES = 6
# A draft has no first day yet, and no rule of a tariff depends on it.
_ANY_DAY = date.max
# Where a fault of a whole is told.
_FIELD_OF = {
    "handling_cents_per_order": "handling_order",
    "handling_cents_per_part": "handling_part",
    "share_rate": "share",
    "minimum_total_cents": "minimum",
    "voucher_floor_cents": "voucher_floor",
    "material_cents_per_gram": "material",
    "machine_cents_per_hour": f"machine.{ANY_MODEL}",
    "quantity_breaks": "break.0.copies",
}

_EMPTY = N_("Fill this in.")
_NO_NUMBER = N_("Write a number here, as in 5.5.")
_TOO_LARGE = N_("This is too large.")
_WHOLE_CENTS = N_("Write whole cents, as in 4.90.")
_WHOLE_COPIES = N_("Write a whole number of copies, 2 or more.")
_LESS_THAN_ALL = N_("Write more than 0 and less than 100.")
_BOTH = N_("Fill in both, or leave both empty.")
_AUTHOR = N_("Say who is paid.")
_MEANING = N_("Say in words what the customer gets for it.")
_TWICE = N_("This part has a royalty already.")
_GO_UP = N_("Quantity breaks go up: more copies, more off.")


@dataclass(slots=True)
class _Reading:
    typed: Mapping[str, str]
    faults: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        return self.typed.get(name, "").strip()

    def number(self, name: str, *, needed: bool = True) -> Decimal | None:
        text = self.text(name).replace(",", ".").replace(" ", "").replace("\u202f", "")
        if not text:
            if needed:
                self.faults[name] = _EMPTY
            return None
        try:
            number = Decimal(text)
        except InvalidOperation:
            self.faults[name] = _NO_NUMBER
            return None
        exponent = number.as_tuple().exponent
        if not isinstance(exponent, int) or exponent < -_PLACES or number < 0:
            self.faults[name] = _NO_NUMBER
            return None
        if number > _MOST:
            self.faults[name] = _TOO_LARGE
            return None
        return number

    def scaled(self, name: str, factor: int | Decimal) -> Decimal:
        return (self.number(name) or Decimal(0)) * factor

    def whole_cents(self, name: str) -> int:
        cents = self.scaled(name, 100)
        if cents != int(cents):
            self.faults.setdefault(name, _WHOLE_CENTS)
        return int(cents)


def typed_of(sheet: TariffSheet) -> dict[str, str]:
    """Return what stands in the form's fields for a tariff."""
    typed = {
        f"material.{name}": _plain(cents * 10)
        for name, cents in sheet.material_cents_per_gram.items()
    }
    typed |= {
        f"machine.{model}": _euros(cents) for model, cents in sheet.machine_cents_per_hour.items()
    }
    typed["handling_order"] = _euros(sheet.handling_cents_per_order)
    typed["handling_part"] = _euros(sheet.handling_cents_per_part)
    typed["share"] = _plain(sheet.share_rate * 100)
    typed["minimum"] = _euros(Decimal(sheet.minimum_total_cents))
    typed["voucher_floor"] = _euros(Decimal(sheet.voucher_floor_cents))
    for index, one in enumerate(sheet.quantity_breaks):
        typed[f"break.{index}.copies"] = str(one.from_copies)
        typed[f"break.{index}.percent"] = _plain(one.rate * 100)
    if sheet.rush is not None:
        typed["rush"] = _plain(sheet.rush.rate * 100)
        typed |= {f"rush_meaning.{name}": text for name, text in sheet.rush.meaning.items()}
    for index, (part, royalty) in enumerate(sheet.royalties.items()):
        typed[f"royalty.{index}.part"] = part
        typed[f"royalty.{index}.author"] = royalty.author
        typed[f"royalty.{index}.percent"] = _plain(royalty.rate * 100)
        typed[f"royalty.{index}.euros"] = _euros(royalty.cents_per_copy)
    return typed


def read_form(typed: Mapping[str, str]) -> tuple[TariffSheet | None, dict[str, str]]:
    """Return the tariff that was typed, or None and what is wrong, in words, by field."""
    reading = _Reading(typed)
    content: dict[str, Any] = {
        "material_cents_per_gram": {
            name.removeprefix("material."): cents / 10
            for name in typed
            if name.startswith("material.")
            and (cents := reading.number(name, needed=False)) is not None
        },
        "machine_cents_per_hour": {
            name.removeprefix("machine."): euros * 100
            for name in typed
            if name.startswith("machine.")
            and (euros := reading.number(name, needed=name == f"machine.{ANY_MODEL}")) is not None
        },
        "handling_cents_per_order": reading.scaled("handling_order", 100),
        "handling_cents_per_part": reading.scaled("handling_part", 100),
        "share_rate": reading.scaled("share", Decimal("0.01")),
        "minimum_total_cents": reading.whole_cents("minimum"),
        "voucher_floor_cents": reading.whole_cents("voucher_floor"),
        "quantity_breaks": _breaks(reading),
        "rush": _rush(reading),
        "royalties": _royalties(reading),
    }
    if reading.faults:
        return None, reading.faults
    try:
        sheet = TariffSheet.model_validate(content)
    except ValidationError as error:
        places = {str(fault["loc"][0]) for fault in error.errors(include_url=False)}
        return None, {_FIELD_OF.get(place, place): _TOO_LARGE for place in places}
    try:
        sheet.tariff("draft", _ANY_DAY)
    except Invalid:
        return None, {"break.0.copies": _GO_UP}
    return sheet, {}


def _breaks(reading: _Reading) -> list[dict[str, Any]]:
    breaks = []
    for index in range(MOST_BREAKS):
        copies_field, percent_field = f"break.{index}.copies", f"break.{index}.percent"
        copies = reading.number(copies_field, needed=False)
        percent = reading.number(percent_field, needed=False)
        if {copies_field, percent_field} & reading.faults.keys() or (copies, percent) == (
            None,
        ) * 2:
            continue
        if copies is None or percent is None:
            reading.faults[copies_field if copies is None else percent_field] = _BOTH
        elif copies != int(copies) or copies < 2:  # noqa: PLR2004 - one copy is no quantity
            reading.faults[copies_field] = _WHOLE_COPIES
        elif not 0 < percent < 100:  # noqa: PLR2004 - per cent
            reading.faults[percent_field] = _LESS_THAN_ALL
        else:
            breaks.append({"from_copies": int(copies), "rate": percent / 100})
    return breaks


def _rush(reading: _Reading) -> dict[str, Any] | None:
    percent = reading.number("rush", needed=False)
    if percent is None:
        return None
    meaning = {name: reading.text(f"rush_meaning.{name}") for name in RUSH_LANGUAGES}
    for name, text in meaning.items():
        if not text:
            reading.faults[f"rush_meaning.{name}"] = _MEANING
    return {"rate": percent / 100, "meaning": meaning}


def _royalties(reading: _Reading) -> dict[str, Any]:
    royalties: dict[str, Any] = {}
    for index in range(MOST_ROYALTIES):
        part, author = (reading.text(f"royalty.{index}.{name}") for name in ("part", "author"))
        if not part:
            continue
        percent = reading.number(f"royalty.{index}.percent", needed=False) or Decimal(0)
        euros = reading.number(f"royalty.{index}.euros", needed=False) or Decimal(0)
        if not author:
            reading.faults[f"royalty.{index}.author"] = _AUTHOR
        if part in royalties:
            reading.faults[f"royalty.{index}.part"] = _TWICE
        royalties[part] = {
            "author": author,
            "rate": percent / 100,
            "cents_per_copy": euros * 100,
        }
    return royalties


def _euros(cents: Decimal) -> str:
    return f"{cents / 100:.2f}" if cents == int(cents) else _plain(cents / 100)


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
