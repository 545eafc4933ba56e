from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.errors import Invalid, NotFound
from parts3d.money import vat_included_cents
from parts3d.quotes.pricing import (
    BELGIAN_VAT,
    Price,
    PricedLine,
    price,
    royalties_due,
    spread,
)
from parts3d.quotes.tariff import QuantityBreak, Royalty, Rush, Tariff, tariff_at
from parts3d.quotes.tariff_file import parse_tariffs, shipped_tariffs

KNOB = PricedLine(12_000, 3_000, "mk3s", "PETG")


def tariff(
    material: str = "5",
    machine: str = "180",
    per_order: str = "100",
    per_part: str = "50",
    share: str = "0.25",
    minimum: int = 0,
    *,
    floor: int = 0,
    rush: Rush | None = None,
    breaks: tuple[QuantityBreak, ...] = (),
    royalties: Mapping[str, Royalty] = MappingProxyType({}),
) -> Tariff:
    return Tariff(
        id="t",
        effective_from=date(2026, 1, 1),
        material_cents_per_gram={"PETG": Decimal(material)},
        machine_cents_per_hour={"default": Decimal(machine), "fast": Decimal(300)},
        handling_cents_per_order=Decimal(per_order),
        handling_cents_per_part=Decimal(per_part),
        share_rate=Decimal(share),
        minimum_total_cents=minimum,
        quantity_breaks=breaks,
        rush=rush,
        royalties=royalties,
        voucher_floor_cents=floor,
    )


amounts = st.decimals(0, 5000, places=3)
tariffs = st.builds(
    tariff,
    amounts.map(str),
    amounts.map(str),
    amounts.map(str),
    amounts.map(str),
    st.decimals(0, 2, places=4).map(str),
    st.integers(0, 3000),
)
lines = st.builds(
    PricedLine,
    st.integers(0, 2_000_000),
    st.integers(0, 500_000),
    st.sampled_from(["mk3s", "fast"]),
    st.just("PETG"),
    st.integers(1, 50),
)
carts = st.lists(lines, min_size=1, max_size=6)
rates = st.sampled_from([Decimal("0.21"), Decimal("0.06"), Decimal(0), Decimal("0.055")])


def sums(given: Price) -> tuple[int, int, int]:
    return (
        sum(given.components.values()),
        given.net_cents + given.vat_cents,
        sum(given.line_total_cents),
    )


def test_a_price_shows_each_component_in_cents() -> None:
    given = price(tariff(), [KNOB])
    # 12 g at 5, 50 min at 180 an hour, 100 + 50, a quarter of 360 on top, 21 %
    assert given.material_cents == 60
    assert given.machine_cents == 150
    assert given.handling_cents == 150
    assert given.share_cents == 90
    assert given.net_cents == 450
    assert given.vat_cents == 95
    assert given.total_cents == 545  # 544.5 rounds up
    assert not given.minimum_applied


@settings(max_examples=400)
@given(tariffs, carts, rates)
def test_components_always_sum_to_the_total_to_the_cent(
    tariff: Tariff, cart: list[PricedLine], vat: Decimal
) -> None:
    given = price(tariff, cart, vat)
    assert sums(given) == (given.net_cents, given.total_cents, given.total_cents)
    assert given.vat_cents == vat_included_cents(given.total_cents, vat)
    assert given.total_cents >= tariff.minimum_total_cents
    parts = (given.material_cents, given.machine_cents, given.handling_cents, given.share_cents)
    assert min(*parts, *given.line_total_cents, given.vat_cents) >= 0


@settings(max_examples=200)
@given(tariffs, carts)
def test_the_total_is_the_exact_sum_rounded_once(tariff: Tariff, cart: list[PricedLine]) -> None:
    exact = Fraction(tariff.handling_cents_per_order)
    for line in cart:
        machine = tariff.machine_cents_per_hour[
            "fast" if line.printer_model == "fast" else "default"
        ]
        exact += line.quantity * (
            Fraction(tariff.handling_cents_per_part)
            + Fraction(line.filament_mg, 1000) * Fraction(tariff.material_cents_per_gram["PETG"])
            + Fraction(line.print_seconds, 3600) * Fraction(machine)
        )
    exact *= (1 + Fraction(tariff.share_rate)) * Fraction(121, 100)
    total = price(tariff, cart).total_cents
    assert total == tariff.minimum_total_cents or abs(total - exact) <= Fraction(1, 2)


@settings(max_examples=200)
@given(tariffs, carts, st.integers(0, 5), st.integers(0, 100_000), st.integers(0, 100_000))
def test_more_material_or_time_never_costs_less(
    tariff: Tariff, cart: list[PricedLine], index: int, more_mg: int, more_seconds: int
) -> None:
    line = cart[index % len(cart)]
    bigger = PricedLine(
        line.filament_mg + more_mg,
        line.print_seconds + more_seconds,
        line.printer_model,
        line.material,
        line.quantity,
    )
    grown = [bigger if one is line else one for one in cart]
    assert price(tariff, cart).total_cents <= price(tariff, grown).total_cents


def test_a_small_part_costs_the_minimum_and_handling_says_so() -> None:
    given = price(tariff(minimum=1000), [KNOB])
    assert given.minimum_applied
    assert given.total_cents == 1000
    assert (given.net_cents, given.vat_cents) == (826, 174)
    assert (given.material_cents, given.machine_cents, given.share_cents) == (60, 150, 90)
    assert given.handling_cents == 526


def test_handling_of_an_order_is_charged_once_however_many_parts() -> None:
    one = price(tariff(share="0"), [KNOB], Decimal(0))
    three = price(tariff(share="0"), [PricedLine(12_000, 3_000, "mk3s", "PETG", 3)], Decimal(0))
    assert three.total_cents == 3 * one.total_cents - 2 * 100


def test_a_model_with_its_own_rate_uses_it() -> None:
    fast = PricedLine(0, 3600, "fast", "PETG")
    assert price(tariff(), [fast]).machine_cents == 300


def test_many_copies_of_one_part_cost_less_each_and_the_discount_shows() -> None:
    breaks = (QuantityBreak(5, Decimal("0.1")), QuantityBreak(10, Decimal("0.2")))
    terms = tariff(share="0", per_order="0", breaks=breaks)
    # 60 material + 150 machine + 50 handling a copy.
    for copies, off in ((4, 0), (5, 130), (9, 234), (10, 520)):
        given = price(terms, [PricedLine(12_000, 3_000, "mk3s", "PETG", copies)], Decimal(0))
        assert (given.quantity_discount_cents, given.total_cents) == (-off, 260 * copies - off)


def test_copies_of_different_parts_do_not_add_up_to_a_break() -> None:
    terms = tariff(breaks=(QuantityBreak(2, Decimal("0.1")),))
    assert price(terms, [KNOB, KNOB]).quantity_discount_cents == 0


def test_rush_is_paid_on_the_work_and_the_point_gets_its_share_of_it() -> None:
    terms = tariff(rush=Rush(Decimal("0.5"), {"en": "first"}))
    calm, hurried = price(terms, [KNOB]), price(terms, [KNOB], rush=True)
    # 360 of work: 180 for the rush, and a quarter of 540 for the point.
    assert (calm.rush_cents, hurried.rush_cents, hurried.share_cents) == (0, 180, 135)
    with pytest.raises(Invalid, match="served before others"):
        price(tariff(), [KNOB], rush=True)


def test_an_author_is_owed_a_rate_and_cents_for_her_own_part_only() -> None:
    knob = PricedLine(12_000, 3_000, "mk3s", "PETG", 2, part="knob")
    other = PricedLine(12_000, 3_000, "mk3s", "PETG", part="other")
    terms = tariff(royalties={"knob": Royalty("Ada", Decimal("0.1"), Decimal(20))}, per_order="0")
    given = price(terms, [knob, other])
    # A copy costs 260 and a quarter for the point: a tenth of twice 325, and 20 for each.
    assert given.royalty_cents == 105
    assert given.line_royalty_cents == (105, 0)
    assert royalties_due(terms, [knob, other], given) == {"Ada": 105}


@pytest.mark.parametrize(
    "breaks",
    [
        [(1, "0.1")],
        [(5, "0")],
        [(5, "1")],
        [(5, "0.1"), (5, "0.2")],
        [(5, "0.2"), (6, "0.1")],
    ],
)
def test_quantity_breaks_that_do_not_go_up_are_refused(breaks: list[tuple[int, str]]) -> None:
    with pytest.raises(Invalid, match="quantity break"):
        tariff(breaks=tuple(QuantityBreak(copies, Decimal(rate)) for copies, rate in breaks))


def test_a_free_tariff_costs_nothing_and_still_adds_up() -> None:
    given = price(tariff("0", "0", "0", "0"), [KNOB])
    assert (given.total_cents, *sums(given)) == (0, 0, 0, 0)


@given(st.integers(0, 10**7), st.lists(st.fractions(0, 1000), min_size=1, max_size=8))
def test_cents_are_spread_without_loss_each_within_one_cent_of_its_share(
    cents: int, weights: list[Fraction]
) -> None:
    whole = spread(cents, weights)
    assert sum(whole) == cents
    if total := sum(weights):
        for got, weight in zip(whole, weights, strict=True):
            assert abs(got - cents * weight / total) < 1


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (PricedLine(1, 1, "mk3s", "PEEK"), "There is no price for PEEK"),
        (None, "the cart is empty"),
    ],
)
def test_what_cannot_be_priced_is_refused_in_words(line: PricedLine | None, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        price(tariff(), [] if line is None else [line])


def test_nonsense_lines_and_rates_are_refused() -> None:
    with pytest.raises(Invalid, match="at least one"):
        PricedLine(1, 1, "mk3s", "PETG", 0)
    with pytest.raises(Invalid, match="less than nothing"):
        PricedLine(-1, 1, "mk3s", "PETG")
    with pytest.raises(Invalid, match="is not a VAT rate"):
        price(tariff(), [KNOB], Decimal(21))
    with pytest.raises(Invalid, match="below zero"):
        tariff(share="-0.1")
    with pytest.raises(Invalid, match="below zero"):
        tariff(material="NaN")


def test_the_tariff_of_a_day_is_the_last_that_has_begun() -> None:
    text = TWO_TARIFFS
    old, new = parse_tariffs(text)
    assert tariff_at([new, old], date(2026, 6, 30)) is old
    assert tariff_at([new, old], date(2026, 7, 1)) is new
    with pytest.raises(NotFound, match="No tariff is in force on 2025-12-31"):
        tariff_at([old, new], date(2025, 12, 31))


def test_the_shipped_tariff_prices_every_material_of_the_recipes_exactly() -> None:
    for shipped in shipped_tariffs():
        assert shipped.share_rate == Decimal("0.25")
        for material in ("PLA", "PETG", "ASA", "ABS", "PA-CF", "TPU"):
            given = price(shipped, [PricedLine(12_345, 3_210, "any", material)], BELGIAN_VAT)
            assert sums(given) == (given.net_cents, given.total_cents, given.total_cents)
            assert given.total_cents >= 490


def test_the_shipped_tariff_of_november_changes_no_price_of_few_copies() -> None:
    before, november = shipped_tariffs()[:2]
    for copies, off in ((1, 0), (4, 0), (5, 5), (10, 10), (25, 15), (100, 15)):
        line = PricedLine(12_345, 3_210, "any", "PETG", copies)
        old, new = price(before, [line]), price(november, [line])
        # All but what is handled once an order; a cent for the rounding.
        work = old.net_cents - Fraction(120 * 5, 4)
        assert abs(old.net_cents - new.net_cents - work * off / 100) <= 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("share_rate = 0.25\n", ""),
        ("share_rate = 0.25", 'share_rate = "a quarter"'),
        ("share_rate = 0.25", "share_rate = 0.25\nsurprise = 1"),
        ("PETG = 5.5", "PETG = 5.5.5"),
        ("2026-07-01", "2026-01-01"),
        ("2026-07-01", '"2026-07-01"'),
        ("minimum_total_cents = 490", "minimum_total_cents = 4.9"),
        ('id = "new"', 'id = "old"'),
    ],
)
def test_a_faulty_tariff_file_is_refused(old: str, new: str) -> None:
    assert old in TWO_TARIFFS
    with pytest.raises(Invalid):
        parse_tariffs(TWO_TARIFFS.replace(old, new))


TWO_TARIFFS = "\n".join(
    f"""
[[tariffs]]
id = "{name}"
effective_from = {day}
handling_cents_per_order = 120
handling_cents_per_part = 60
share_rate = 0.25
minimum_total_cents = 490
[tariffs.material_cents_per_gram]
PETG = 5.5
[tariffs.machine_cents_per_hour]
default = 180
"""
    for name, day in (("old", "2026-01-01"), ("new", "2026-07-01"))
)
