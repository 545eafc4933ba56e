"""The price of a cart under a tariff: exact inside, rounded once. Pure.

``material + machine + handling + quantity discount + rush + share + royalty + voucher = net`` and
``net + VAT = total``: in whole cents, always, to the cent (discounts are negative). How that is
kept:

1. Every component is computed exactly, as a fraction (a third of an hour is a third).
2. The tariff's minimum is applied to the exact total with VAT; what it adds counts as handling.
   Then the voucher is taken off, as ``vouchers.py`` says.
3. The total is rounded, once, halves up as ``money.round_cents``. VAT is what that total contains;
   net is the rest.
4. Net is handed to the components by the largest remainder: each gets its exact amount rounded
   down, and the cents left over go to the largest fractions. So the components sum to net by
   construction, each within one cent of its exact amount, and one that is exactly zero stays so.

What each rate is on:

- quantity discount: a line's material, machine time and handling per part, by that line's copies;
- rush: material, machine time, handling, less the quantity discount;
- the point's share: all of these, rush too (the shop is the one that hurries);
- royalty: all of these and the share, of the author's own part.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from parts3d.errors import Invalid
from parts3d.money import vat_included_cents
from parts3d.quotes.tariff import ANY_MODEL, Tariff
from parts3d.quotes.vouchers import Voucher, apply

BELGIAN_VAT = Decimal("0.21")

_SECONDS_PER_HOUR = 3600
_MILLIGRAMS_PER_GRAM = 1000
_NOTHING = Fraction(0)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """What one line uses: figures of one copy (or of ``measured_copies``), and how many copies.

    Args:
        filament_mg: of ``measured_copies`` together.
        print_seconds: of ``measured_copies`` together.
        printer_model: the one it is priced on.
        material: as in the tariff.
        quantity: how many copies the customer gets.
        part: its slug, for royalties and vouchers of one part.
        measured_copies: what the figures are of; give ``quantity`` for figures of the whole line,
            as when plates of several copies are printed.
    """

    filament_mg: int
    print_seconds: int
    printer_model: str
    material: str
    quantity: int = 1
    part: str | None = None
    measured_copies: int = 1

    def __post_init__(self) -> None:
        if self.filament_mg < 0 or self.print_seconds < 0:
            raise Invalid("A part cannot weigh or take less than nothing.", place="lines")
        if self.quantity < 1 or self.measured_copies < 1:
            raise Invalid(
                f"{min(self.quantity, self.measured_copies)} copies cannot be priced. "
                "Order at least one.",
                place="quantity",
            )


@dataclass(frozen=True, slots=True)
class Price:
    """A price with all its components, in whole cents.

    ``material + machine + handling + quantity_discount + rush + share + royalty + voucher = net``
    and ``net + vat = total``, exactly; ``quantity_discount_cents`` and ``voucher_cents`` are
    negative or zero, all others positive or zero. ``line_total_cents`` shares out the total (VAT,
    handling and voucher included) over the lines, in their order, and sums to it;
    ``line_royalty_cents`` sums to the royalty. ``voucher_total_cents`` is what the customer sees
    taken off her total, VAT included: ``total + voucher_total`` is the price without the voucher.
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
    quantity_discount_cents: int = 0
    rush_cents: int = 0
    royalty_cents: int = 0
    voucher_cents: int = 0
    voucher_total_cents: int = 0
    voucher_code: str | None = None
    line_royalty_cents: tuple[int, ...] = field(default=())

    @property
    def components(self) -> Mapping[str, int]:
        """All components by name, in the order in which a customer reads them; sum: net."""
        return {
            "material": self.material_cents,
            "machine": self.machine_cents,
            "handling": self.handling_cents,
            "quantity_discount": self.quantity_discount_cents,
            "rush": self.rush_cents,
            "share": self.share_cents,
            "royalty": self.royalty_cents,
            "voucher": self.voucher_cents,
        }


@dataclass(frozen=True, slots=True)
class _LineCost:
    """Exact net cents of one line."""

    material: Fraction
    machine: Fraction
    handling: Fraction
    quantity_discount: Fraction
    rush: Fraction
    share: Fraction
    royalty: Fraction

    @property
    def net(self) -> Fraction:
        return (
            self.material
            + self.machine
            + self.handling
            + self.quantity_discount
            + self.rush
            + self.share
            + self.royalty
        )


def price(
    tariff: Tariff,
    lines: Sequence[PricedLine],
    vat: Decimal = BELGIAN_VAT,
    *,
    rush: bool = False,
    voucher: Voucher | None = None,
) -> Price:
    """Price a cart.

    Args:
        tariff: the one in force.
        lines: at least one.
        vat: rate, 0.21 for 21 %.
        rush: the customer asks to be served before others.
        voucher: one that may be used; at most one an order.

    Raises:
        Invalid: no lines, a material the tariff does not know, a rate that is no rate, rush that
            the tariff does not offer, a voucher for a part that is not among the lines.
    """
    if not lines:
        raise Invalid("There is nothing to price: the cart is empty.", place="lines")
    if not (vat.is_finite() and 0 <= vat <= 1):
        raise Invalid(f"{vat} is not a VAT rate; 21 % is written 0.21.", place="vat")
    if rush and tariff.rush is None:
        raise Invalid("Nobody is served before others at the moment.", place="rush")
    with_vat = 1 + Fraction(vat)
    copies = sum(line.quantity for line in lines)
    costs = [_line_cost(tariff, line, copies, rush=rush) for line in lines]
    cost_cents = sum((cost.net for cost in costs), _NOTHING)
    minimum_cents = Fraction(tariff.minimum_total_cents)
    full_cents = max(cost_cents * with_vat, minimum_cents)
    # The minimum is shared out as the costs are; where nothing costs anything, by copies.
    line_cents = [
        full_cents * (cost.net / cost_cents if cost_cents else Fraction(line.quantity, copies))
        for cost, line in zip(costs, lines, strict=True)
    ]
    off_cents = (
        apply(voucher, line_cents, [line.part for line in lines], tariff.voucher_floor_cents)
        if voucher
        else [_NOTHING] * len(lines)
    )
    all_off_cents = sum(off_cents, _NOTHING)
    total_cents = _rounded(full_cents - all_off_cents)
    vat_cents = vat_included_cents(total_cents, vat)
    net_cents = total_cents - vat_cents
    topped_up = full_cents / with_vat - cost_cents
    components = apportion(
        net_cents,
        [
            sum((cost.material for cost in costs), _NOTHING),
            sum((cost.machine for cost in costs), _NOTHING),
            sum((cost.handling for cost in costs), topped_up),
            sum((cost.quantity_discount for cost in costs), _NOTHING),
            sum((cost.rush for cost in costs), _NOTHING),
            sum((cost.share for cost in costs), _NOTHING),
            sum((cost.royalty for cost in costs), _NOTHING),
            -all_off_cents / with_vat,
        ],
    )
    return Price(
        tariff_id=tariff.id,
        material_cents=components[0],
        machine_cents=components[1],
        handling_cents=components[2],
        quantity_discount_cents=components[3],
        rush_cents=components[4],
        share_cents=components[5],
        royalty_cents=components[6],
        voucher_cents=components[7],
        net_cents=net_cents,
        vat_rate=vat,
        vat_cents=vat_cents,
        total_cents=total_cents,
        minimum_applied=topped_up > 0,
        line_total_cents=tuple(
            apportion(
                total_cents,
                [cents - off for cents, off in zip(line_cents, off_cents, strict=True)],
            )
        ),
        line_royalty_cents=tuple(spread(components[6], [cost.royalty for cost in costs])),
        voucher_total_cents=_rounded(full_cents) - total_cents,
        voucher_code=voucher.code if voucher else None,
    )


def royalties_due(tariff: Tariff, lines: Sequence[PricedLine], given: Price) -> Mapping[str, int]:
    """Return what a price owes to authors: net cents by author; sums to ``royalty_cents``."""
    due: dict[str, int] = {}
    for line, cents in zip(lines, given.line_royalty_cents, strict=True):
        if terms := tariff.royalties.get(line.part or ""):
            due[terms.author] = due.get(terms.author, 0) + cents
    return due


def apportion(cents: int, exact: Sequence[Fraction]) -> list[int]:
    """Round exact amounts so that they sum to ``cents``, each to within one cent.

    By the largest remainder (Hamilton's method). Ties go to the earlier amount; none changes its
    sign, and zero stays zero.

    Args:
        cents: within one cent of the sum of ``exact``.
        exact: positive or negative.
    """
    whole = [amount.numerator // amount.denominator for amount in exact]
    left = cents - sum(whole)
    by_remainder = sorted(
        (index for index, amount in enumerate(exact) if amount),
        key=lambda index: whole[index] - exact[index],
    )
    if left < 0:
        # The sum was rounded down by more than the amounts were.
        (index, *_) = [index for index in reversed(by_remainder) if whole[index] > 0]
        whole[index] -= 1
    else:
        for index in by_remainder[:left]:
            whole[index] += 1
    return whole


def spread(cents: int, weights: Sequence[Fraction]) -> list[int]:
    """Spread whole cents in proportion to weights, by the largest remainder; sums to ``cents``.

    Ties go to the earlier weight. With no weight at all, the first gets everything.
    """
    total = sum(weights, _NOTHING)
    if total == 0:
        return [cents, *[0] * (len(weights) - 1)]
    return apportion(cents, [cents * weight / total for weight in weights])


def _line_cost(tariff: Tariff, line: PricedLine, copies: int, *, rush: bool) -> _LineCost:
    measured = Fraction(line.quantity, line.measured_copies)
    material = measured * line.filament_mg * _material_rate(tariff, line) / _MILLIGRAMS_PER_GRAM
    machine = measured * line.print_seconds * _machine_rate(tariff, line) / _SECONDS_PER_HOUR
    per_part = line.quantity * Fraction(tariff.handling_cents_per_part)
    per_order = line.quantity * Fraction(tariff.handling_cents_per_order) / copies
    discount = -(material + machine + per_part) * Fraction(tariff.quantity_rate(line.quantity))
    work = material + machine + per_part + per_order + discount
    hurry = work * Fraction(tariff.rush.rate) if rush and tariff.rush else _NOTHING
    share = (work + hurry) * Fraction(tariff.share_rate)
    royalty = _NOTHING
    if terms := tariff.royalties.get(line.part or ""):
        royalty = (work + hurry + share) * Fraction(terms.rate) + line.quantity * Fraction(
            terms.cents_per_copy
        )
    return _LineCost(material, machine, per_part + per_order, discount, hurry, share, royalty)


def _material_rate(tariff: Tariff, line: PricedLine) -> Fraction:
    rate = tariff.material_cents_per_gram.get(line.material)
    if rate is None:
        known = ", ".join(tariff.material_cents_per_gram)
        raise Invalid(
            f"There is no price for {line.material}. Materials with a price are {known}.",
            place="material",
        )
    return Fraction(rate)


def _machine_rate(tariff: Tariff, line: PricedLine) -> Fraction:
    rates = tariff.machine_cents_per_hour
    rate = rates.get(line.printer_model, rates.get(ANY_MODEL))
    if rate is None:
        raise Invalid(
            f"There is no price for the printer {line.printer_model}. Printers with a price are "
            f"{', '.join(rates)}.",
            place="printer_model",
        )
    return Fraction(rate)


def _rounded(cents: Fraction) -> int:
    # As money.round_cents, halves up, but exact for any fraction; nothing here is below zero.
    return (2 * cents.numerator + cents.denominator) // (2 * cents.denominator)
