"""Whatever the tariff and the cart: the cents add up. PARTS3D_TEST_LONG tries a million."""

import os
from decimal import Decimal
from fractions import Fraction
from random import Random

import pytest

from parts3d.money import vat_included_cents
from parts3d.quotes.pricing import Price, PricedLine, price, royalties_due
from tests.quotes.random_tariffs import Case, random_case

LONG = bool(os.environ.get("PARTS3D_TEST_LONG"))
BATCHES = 8
CASES = (1_000_000 if LONG else 2_000) // BATCHES


def exact_totals(case: Case) -> tuple[Fraction, Fraction]:
    """Return the exact total with VAT before and after the voucher, computed another way.

    One common denominator for the whole order, in integers, instead of a fraction a line.
    """
    tariff, scale = case.tariff, 10**12
    copies = sum(line.quantity for line in case.lines)

    def units(value: Decimal) -> int:
        assert (value * scale) == int(value * scale)
        return int(value * scale)

    common = 3600 * 1000 * copies
    for line in case.lines:
        common *= line.measured_copies
    line_units: list[Fraction] = []
    for line in case.lines:
        per_hour = tariff.machine_cents_per_hour.get(
            line.printer_model, tariff.machine_cents_per_hour["default"]
        )
        grams = common // 1000 // line.measured_copies * line.quantity * line.filament_mg
        hours = common // 3600 // line.measured_copies * line.quantity * line.print_seconds
        work = (
            grams * units(tariff.material_cents_per_gram[line.material])
            + hours * units(per_hour)
            + common * line.quantity * units(tariff.handling_cents_per_part)
        )
        off = max(
            (one.rate for one in tariff.quantity_breaks if one.from_copies <= line.quantity),
            default=Decimal(0),
        )
        net = Fraction(work, common * scale) * (1 - Fraction(off)) + Fraction(
            line.quantity * units(tariff.handling_cents_per_order), copies * scale
        )
        if case.rush and tariff.rush is not None:
            net *= 1 + Fraction(tariff.rush.rate)
        net *= 1 + Fraction(tariff.share_rate)
        if line.part is not None and line.part in tariff.royalties:
            terms = tariff.royalties[line.part]
            net = net * (1 + Fraction(terms.rate)) + line.quantity * Fraction(terms.cents_per_copy)
        line_units.append(net)
    whole = sum(line_units, Fraction(0))
    before = max(whole * (1 + Fraction(case.vat)), Fraction(tariff.minimum_total_cents))
    if case.voucher is None:
        return before, before
    meant = before
    if case.voucher.part is not None:
        chosen = [line.part == case.voucher.part for line in case.lines]
        if whole:
            meant = (
                before
                * sum(
                    (net for net, is_it in zip(line_units, chosen, strict=True) if is_it),
                    Fraction(0),
                )
                / whole
            )
        else:
            meant = (
                before
                * sum(
                    line.quantity for line, is_it in zip(case.lines, chosen, strict=True) if is_it
                )
                / copies
            )
    off_cents = (
        min(Fraction(case.voucher.amount_cents), meant)
        if case.voucher.amount_cents is not None
        else meant * Fraction(case.voucher.share or 0)
    )
    return before, max(before - off_cents, min(before, Fraction(tariff.voucher_floor_cents)))


def check(case: Case, given: Price) -> None:
    """Hold one price against all that is promised of every price."""
    before, after = exact_totals(case)
    assert given.total_cents == int(after + Fraction(1, 2))
    assert given.total_cents + given.voucher_total_cents == int(before + Fraction(1, 2))
    assert sum(given.components.values()) == given.net_cents
    assert given.net_cents + given.vat_cents == given.total_cents
    assert given.vat_cents == vat_included_cents(given.total_cents, case.vat)
    assert sum(given.line_total_cents) == given.total_cents
    assert sum(given.line_royalty_cents) == given.royalty_cents
    due = royalties_due(case.tariff, case.lines, given)
    assert sum(due.values()) == given.royalty_cents
    for name, cents in given.components.items():
        assert cents <= 0 if name in {"quantity_discount", "voucher"} else cents >= 0, name
    assert min(*given.line_total_cents, *given.line_royalty_cents, given.vat_cents) >= 0
    assert given.voucher_total_cents >= 0
    assert case.rush or given.rush_cents == 0
    assert case.voucher or (given.voucher_cents, given.voucher_total_cents) == (0, 0)
    assert given.total_cents >= min(
        case.tariff.voucher_floor_cents if case.voucher else case.tariff.minimum_total_cents,
        int(before + Fraction(1, 2)),
    )


@pytest.mark.timeout(0)
@pytest.mark.parametrize("batch", range(BATCHES))
def test_components_sum_to_the_total_for_any_tariff_and_cart(batch: int) -> None:
    random = Random(20261124 + batch)
    for number in range(CASES):
        case = random_case(random)
        given = price(case.tariff, case.lines, case.vat, rush=case.rush, voucher=case.voucher)
        try:
            check(case, given)
        except AssertionError as error:
            raise AssertionError(f"batch {batch}, case {number}: {case} gave {given}") from error


def test_any_way_to_measure_a_line_gives_the_same_price() -> None:
    random = Random(7)
    for _ in range(200):
        case = random_case(random)
        of_all = [
            PricedLine(
                line.filament_mg * line.quantity,
                line.print_seconds * line.quantity,
                line.printer_model,
                line.material,
                line.quantity,
                line.part,
                line.quantity * line.measured_copies,
            )
            for line in case.lines
        ]
        assert price(case.tariff, case.lines) == price(case.tariff, of_all)
