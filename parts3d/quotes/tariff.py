"""The price: tariffs as data with a date, exact inside, rounded once. Pure.

``material + machine + handling + share = net``, ``net + VAT = total``: in whole cents, always,
to the cent. How that is kept:

1. Every component is computed exactly, as a fraction (a third of an hour is a third).
2. The total is their sum with VAT, rounded once by ``money.round_cents``, and at least the
   tariff's minimum; what the minimum adds counts as handling.
3. VAT is what that total contains; net is the rest.
4. Net is spread over the four components by the largest remainder (Hamilton's method): each gets
   its exact share rounded down, and the cents left over go to the largest fractions. So the
   components sum to net by construction, and each is within one cent of its exact share of net.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from importlib.resources import files

from parts3d.errors import Invalid, NotFound
from parts3d.money import round_cents, vat_included_cents

BELGIAN_VAT = Decimal("0.21")
ANY_MODEL = "default"

_SECONDS_PER_HOUR = 3600
_MILLIGRAMS_PER_GRAM = 1000


@dataclass(frozen=True, slots=True)
class Tariff:
    """What things cost from a day on. Amounts are net, in cents; the minimum includes VAT.

    Args:
        id: stays with every quote given under it.
        effective_from: first day, in Brussels.
        material_cents_per_gram: by material.
        machine_cents_per_hour: by printer model; ``default`` for all others.
        handling_cents_per_order: once an order.
        handling_cents_per_part: for each copy.
        share_rate: the point's share, on top of material, machine and handling: 0.25 is 25 %.
        minimum_total_cents: what a customer pays at least.
    """

    id: str
    effective_from: date
    material_cents_per_gram: Mapping[str, Decimal]
    machine_cents_per_hour: Mapping[str, Decimal]
    handling_cents_per_order: Decimal
    handling_cents_per_part: Decimal
    share_rate: Decimal
    minimum_total_cents: int

    def __post_init__(self) -> None:
        amounts = [
            *self.material_cents_per_gram.values(),
            *self.machine_cents_per_hour.values(),
            self.handling_cents_per_order,
            self.handling_cents_per_part,
            self.share_rate,
            Decimal(self.minimum_total_cents),
        ]
        if not all(amount.is_finite() and amount >= 0 for amount in amounts):
            raise Invalid(f"Tariff {self.id} has an amount below zero or none at all.")


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What one line uses: figures of *one* copy, from its slice, and how many copies."""

    filament_mg: int
    print_seconds: int
    printer_model: str
    material: str
    quantity: int = 1

    def __post_init__(self) -> None:
        if self.filament_mg < 0 or self.print_seconds < 0:
            raise Invalid("A part cannot weigh or take less than nothing.", place="lines")
        if self.quantity < 1:
            raise Invalid(
                f"{self.quantity} copies cannot be priced. Order at least one.", place="quantity"
            )


@dataclass(frozen=True, slots=True)
class Price:
    """A price with all its components, in whole cents.

    ``material + machine + handling + share = net`` and ``net + vat = total``, exactly.
    ``line_total_cents`` shares out the total (VAT and handling included) over the lines, in their
    order, and sums to it.
    """

    tariff_id: str
    material_cents: int
    machine_cents: int
    handling_cents: int
    share_cents: int
    net_cents: int
    vat_rate: Decimal
    vat_cents: int
    total_cents: int
    minimum_applied: bool
    line_total_cents: tuple[int, ...]


def price(tariff: Tariff, lines: Sequence[PricedLine], vat: Decimal = BELGIAN_VAT) -> Price:
    """Price a cart.

    Args:
        tariff: the one in force.
        lines: at least one.
        vat: rate, 0.21 for 21 %.

    Raises:
        Invalid: no lines, a material the tariff does not know, a rate that is no rate.
    """
    if not lines:
        raise Invalid("There is nothing to price: the cart is empty.", place="lines")
    if not (vat.is_finite() and 0 <= vat <= 1):
        raise Invalid(f"{vat} is not a VAT rate; 21 % is written 0.21.", place="vat")
    with_vat = 1 + Fraction(vat)
    copies = sum(line.quantity for line in lines)
    materials = [_material_cents(tariff, line) for line in lines]
    machines = [_machine_cents(tariff, line) for line in lines]
    per_order = Fraction(tariff.handling_cents_per_order)
    handlings = [
        line.quantity * (Fraction(tariff.handling_cents_per_part) + per_order / copies)
        for line in lines
    ]
    parts = [sum(values, Fraction(0)) for values in (materials, machines, handlings)]
    share = sum(parts, Fraction(0)) * Fraction(tariff.share_rate)
    exact_net = sum(parts, share)

    total_cents = max(_rounded(exact_net * with_vat), tariff.minimum_total_cents)
    missing = Fraction(tariff.minimum_total_cents) / with_vat - exact_net
    minimum_applied = missing > 0
    if minimum_applied:
        parts[2] += missing
    vat_cents = vat_included_cents(total_cents, vat)
    net_cents = total_cents - vat_cents
    material_cents, machine_cents, handling_cents, share_cents = spread(net_cents, [*parts, share])
    return Price(
        tariff_id=tariff.id,
        material_cents=material_cents,
        machine_cents=machine_cents,
        handling_cents=handling_cents,
        share_cents=share_cents,
        net_cents=net_cents,
        vat_rate=vat,
        vat_cents=vat_cents,
        total_cents=total_cents,
        minimum_applied=minimum_applied,
        line_total_cents=tuple(
            spread(
                total_cents,
                [
                    sum(line, Fraction(0))
                    for line in zip(materials, machines, handlings, strict=True)
                ],
            )
        ),
    )


def spread(cents: int, weights: Sequence[Fraction]) -> list[int]:
    """Spread whole cents in proportion to weights, by the largest remainder; sums to ``cents``.

    Ties go to the earlier weight. With no weight at all, the first gets everything.
    """
    total = sum(weights, Fraction(0))
    if total == 0:
        return [cents, *[0] * (len(weights) - 1)]
    exact = [cents * weight / total for weight in weights]
    whole = [int(amount) for amount in exact]
    by_remainder = sorted(range(len(exact)), key=lambda index: whole[index] - exact[index])
    for index in by_remainder[: cents - sum(whole)]:
        whole[index] += 1
    return whole


def tariff_at(tariffs: Sequence[Tariff], day: date) -> Tariff:
    """Return the tariff in force on a day (in Brussels).

    Raises:
        NotFound: all of them begin later.
    """
    begun = [tariff for tariff in tariffs if tariff.effective_from <= day]
    if not begun:
        raise NotFound(f"No tariff is in force on {day}. Add one that begins by then.")
    return max(begun, key=lambda tariff: tariff.effective_from)


def parse_tariffs(text: str) -> tuple[Tariff, ...]:
    """Read tariffs from TOML, as in ``data/tariff.toml``; numbers stay exact.

    Raises:
        Invalid: it is no TOML, a key is missing, unknown or of the wrong kind, an id or a first
            day occurs twice.
    """
    try:
        tables = tomllib.loads(text, parse_float=Decimal)["tariffs"]
        tariffs = tuple(
            Tariff(
                **{
                    **table,
                    "material_cents_per_gram": _decimals(table["material_cents_per_gram"]),
                    "machine_cents_per_hour": _decimals(table["machine_cents_per_hour"]),
                    "handling_cents_per_order": Decimal(table["handling_cents_per_order"]),
                    "handling_cents_per_part": Decimal(table["handling_cents_per_part"]),
                    "share_rate": Decimal(table["share_rate"]),
                }
            )
            for table in tables
        )
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError, ArithmeticError) as error:
        raise Invalid(f"The tariffs cannot be read: {error}.", place="tariffs") from error
    for tariff in tariffs:
        # A date in quotes and cents with a fraction are TOML too.
        if type(tariff.effective_from) is not date or type(tariff.minimum_total_cents) is not int:
            raise Invalid(
                f"Tariff {tariff.id} needs effective_from as a day without quotes (2026-01-31) "
                "and minimum_total_cents as whole cents.",
                place="tariffs",
            )
    for name in ("id", "effective_from"):
        if len({getattr(tariff, name) for tariff in tariffs}) < len(tariffs):
            raise Invalid(f"Two tariffs have the same {name}.", place="tariffs")
    return tariffs


@lru_cache(maxsize=1)
def shipped_tariffs() -> tuple[Tariff, ...]:
    """Return the tariffs that come with the program."""
    return parse_tariffs(files("parts3d.quotes").joinpath("data/tariff.toml").read_text("utf-8"))


def _material_cents(tariff: Tariff, line: PricedLine) -> Fraction:
    rate = tariff.material_cents_per_gram.get(line.material)
    if rate is None:
        known = ", ".join(tariff.material_cents_per_gram)
        raise Invalid(
            f"There is no price for {line.material}. Materials with a price are {known}.",
            place="material",
        )
    return line.quantity * line.filament_mg * Fraction(rate) / _MILLIGRAMS_PER_GRAM


def _machine_cents(tariff: Tariff, line: PricedLine) -> Fraction:
    rates = tariff.machine_cents_per_hour
    rate = rates.get(line.printer_model, rates.get(ANY_MODEL))
    if rate is None:
        raise Invalid(
            f"There is no price for the printer {line.printer_model}. Printers with a price are "
            f"{', '.join(rates)}.",
            place="printer_model",
        )
    return line.quantity * line.print_seconds * Fraction(rate) / _SECONDS_PER_HOUR


def _rounded(cents: Fraction) -> int:
    # Halves are exact in Decimal, and nothing else comes near one in 28 digits.
    return round_cents(Decimal(cents.numerator) / Decimal(cents.denominator))


def _decimals(table: Mapping[str, int | Decimal]) -> dict[str, Decimal]:
    return {key: Decimal(value) for key, value in table.items()}
