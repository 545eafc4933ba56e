"""Tariffs: what things cost from a day on. Data only; ``pricing.py`` does the sums. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import pairwise

from parts3d.errors import Invalid, NotFound

ANY_MODEL = "default"


@dataclass(frozen=True, slots=True)
class QuantityBreak:
    """From so many copies of one part on, its work costs less.

    Args:
        from_copies: of one part on one line.
        rate: off material, machine time and handling per part of that line; 0.1 is 10 %. It
            holds for all copies of the line, not only for those beyond the break.
    """

    from_copies: int
    rate: Decimal


@dataclass(frozen=True, slots=True)
class Rush:
    """What a customer pays who asks to be served before others.

    Args:
        rate: on top of material, machine time and handling; 0.3 is 30 %.
        meaning: what she gets for it, in words, by language.
    """

    rate: Decimal
    meaning: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Royalty:
    """What the author of a part gets.

    Args:
        author: to whom it is owed, as on the account of royalties.
        rate: on top of what the part costs net (work, rush and the point's share); 0.05 is 5 %.
        cents_per_copy: net; added to what the rate gives.
    """

    author: str
    rate: Decimal = Decimal(0)
    cents_per_copy: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True)
class Tariff:
    """What things cost from a day on. Amounts are net, in cents; those of ``total`` include VAT.

    Args:
        id: stays with every quote given under it.
        effective_from: first day, in Brussels.
        material_cents_per_gram: by material.
        machine_cents_per_hour: by printer model; ``default`` for all others.
        handling_cents_per_order: once an order.
        handling_cents_per_part: for each copy.
        share_rate: the point's share, on top of material, machine and handling: 0.25 is 25 %.
        minimum_total_cents: what an order costs at least, before a voucher.
        quantity_breaks: from few copies to many, each cheaper than the one before.
        rush: None where nobody is served before others.
        royalties: by the part's slug.
        voucher_floor_cents: what remains to be paid at least when a voucher is used, so that a
            payment provider takes it; a cheaper order than this costs what it costs.
    """

    id: str
    effective_from: date
    material_cents_per_gram: Mapping[str, Decimal]
    machine_cents_per_hour: Mapping[str, Decimal]
    handling_cents_per_order: Decimal
    handling_cents_per_part: Decimal
    share_rate: Decimal
    minimum_total_cents: int
    quantity_breaks: tuple[QuantityBreak, ...] = ()
    rush: Rush | None = None
    royalties: Mapping[str, Royalty] = field(default_factory=dict)
    voucher_floor_cents: int = 0

    def __post_init__(self) -> None:
        rush_rate = Decimal(0) if self.rush is None else self.rush.rate
        amounts = [
            *self.material_cents_per_gram.values(),
            *self.machine_cents_per_hour.values(),
            self.handling_cents_per_order,
            self.handling_cents_per_part,
            self.share_rate,
            rush_rate,
            *(royalty.rate for royalty in self.royalties.values()),
            *(royalty.cents_per_copy for royalty in self.royalties.values()),
            Decimal(self.minimum_total_cents),
            Decimal(self.voucher_floor_cents),
        ]
        if not all(amount.is_finite() and amount >= 0 for amount in amounts):
            raise Invalid(f"Tariff {self.id} has an amount below zero or none at all.")
        if not all(
            one.from_copies > 1 and one.rate.is_finite() and 0 < one.rate < 1
            for one in self.quantity_breaks
        ):
            raise Invalid(
                f"Tariff {self.id} has a quantity break that is none: each begins at 2 copies or "
                "more and takes off more than 0 and less than 1.",
                place="quantity_breaks",
            )
        if not all(
            first.from_copies < second.from_copies and first.rate < second.rate
            for first, second in pairwise(self.quantity_breaks)
        ):
            raise Invalid(
                f"The quantity breaks of tariff {self.id} must go up, both in copies and in what "
                "they take off.",
                place="quantity_breaks",
            )

    def quantity_rate(self, copies: int) -> Decimal:
        """Return what so many copies of one part take off; 0 below the first break."""
        reached = [one.rate for one in self.quantity_breaks if one.from_copies <= copies]
        return reached[-1] if reached else Decimal(0)


def tariff_at(tariffs: Sequence[Tariff], day: date) -> Tariff:
    """Return the tariff in force on a day (in Brussels).

    Raises:
        NotFound: all of them begin later.
    """
    begun = [tariff for tariff in tariffs if tariff.effective_from <= day]
    if not begun:
        raise NotFound(f"No tariff is in force on {day}. Add one that begins by then.")
    return max(begun, key=lambda tariff: tariff.effective_from)
