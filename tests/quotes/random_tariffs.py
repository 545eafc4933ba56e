"""Tariffs, carts and vouchers at random, fast enough to make a million of them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from parts3d.quotes.pricing import PricedLine
from parts3d.quotes.tariff import QuantityBreak, Royalty, Rush, Tariff
from parts3d.quotes.vouchers import Voucher

MODELS = ("mk3s", "fast", "slow")
MATERIALS = ("PLA", "PETG")
PARTS = ("knob", "wheel", "hook", None)


@dataclass(frozen=True, slots=True)
class Case:
    """All that ``price`` is asked."""

    tariff: Tariff
    lines: list[PricedLine]
    vat: Decimal
    rush: bool
    voucher: Voucher | None


def _decimal(random: Random, most: int, places: int) -> Decimal:
    # A third are zero or whole: there rounding has its corners.
    if random.random() < 0.15:
        return Decimal(0)
    if random.random() < 0.2:
        return Decimal(random.randint(0, most))
    return Decimal(random.randint(0, most * 10**places)).scaleb(-places)


def random_tariff(random: Random) -> Tariff:
    """Return any tariff that may be published."""
    copies, rate, breaks = 1, 0, []
    for _ in range(random.randint(0, 3)):
        copies += random.randint(1, 10)
        rate += random.randint(1, 300)
        breaks.append(QuantityBreak(copies, Decimal(rate).scaleb(-3)))
    return Tariff(
        id="random",
        effective_from=date(2026, 1, 1),
        material_cents_per_gram={name: _decimal(random, 50, 3) for name in MATERIALS},
        machine_cents_per_hour={
            "default": _decimal(random, 1000, 2),
            "fast": _decimal(random, 2000, 2),
        },
        handling_cents_per_order=_decimal(random, 500, 2),
        handling_cents_per_part=_decimal(random, 300, 2),
        share_rate=_decimal(random, 2, 4),
        minimum_total_cents=random.choice((0, 0, 1, 490, random.randint(0, 20_000))),
        quantity_breaks=tuple(breaks),
        rush=Rush(_decimal(random, 2, 3), {"en": "first"}) if random.random() < 0.7 else None,
        royalties={
            part: Royalty(f"author of {part}", _decimal(random, 1, 4), _decimal(random, 100, 2))
            for part in ("knob", "wheel")
            if random.random() < 0.5
        },
        voucher_floor_cents=random.choice((0, 1, 100, 5000)),
    )


def random_case(random: Random) -> Case:
    """Return a tariff with a cart, and sometimes rush and a voucher."""
    tariff = random_tariff(random)
    lines = [
        PricedLine(
            filament_mg=random.choice((0, 1, random.randint(0, 800_000))),
            print_seconds=random.choice((0, 1, random.randint(0, 200_000))),
            printer_model=random.choice(MODELS),
            material=random.choice(MATERIALS),
            quantity=quantity,
            part=random.choice(PARTS),
            measured_copies=random.choice((1, quantity)),
        )
        for quantity in (
            random.choice((1, 2, random.randint(1, 60))) for _ in range(random.randint(1, 5))
        )
    ]
    voucher = None
    if random.random() < 0.6:
        named = [line.part for line in lines if line.part is not None]
        part = random.choice(named) if named and random.random() < 0.4 else None
        if random.random() < 0.5:
            amount = random.choice((1, 500, random.randint(1, 100_000)))
            voucher = Voucher("CODE", amount_cents=amount, part=part)
        else:
            voucher = Voucher("CODE", share=Decimal(random.randint(1, 100)) / 100, part=part)
    return Case(
        tariff,
        lines,
        random.choice((Decimal("0.21"), Decimal("0.06"), Decimal(0), Decimal("0.055"))),
        rush=tariff.rush is not None and random.random() < 0.4,
        voucher=voucher,
    )
