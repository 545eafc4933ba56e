"""What another tariff would have made of orders."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from parts3d.orders.price_effect import (
    BAR_EDGES,
    OrderEffect,
    PastLine,
    PastOrder,
    bars_of,
    effect_of,
    in_proportion,
)
from parts3d.quotes.pricing import PricedLine, price
from parts3d.quotes.tariff import Rush, Tariff
from parts3d.quotes.tariff_file import shipped_tariffs
from tests.quotes.random_tariffs import random_tariff

VAT = Decimal("0.21")
NOW = shipped_tariffs()[0]


def past(tariff: Tariff, *lines: PricedLine, rush: bool = False) -> PastOrder:
    was = price(tariff, lines, VAT, rush=rush)
    return PastOrder(
        order_id="id",
        label="P3D-0000-0000",
        lines=tuple(
            PastLine(str(line.part), line, cents)
            for line, cents in zip(lines, was.line_total_cents, strict=True)
        ),
        cost_cents=was.total_cents,
        components=was.components,
        vat=VAT,
        rush=rush,
    )


KNOB = PricedLine(12_000, 6_000, "mk3s", "PETG", 2, "knob")
WHEEL = PricedLine(40_000, 9_000, "mk3s", "PLA", 1, "wheel")


def test_the_same_tariff_changes_nothing() -> None:
    effect = effect_of(NOW, [past(NOW, KNOB, WHEEL), past(NOW, WHEEL)])
    assert effect.change_cents == 0
    assert (effect.dearer, effect.cheaper, effect.unpriced) == ([], [], ())
    assert all(cost == would for _, cost, would in effect.components)
    assert [bar.orders for bar in effect.bars if bar.low == -1] == [2]


def test_cheaper_petg_makes_orders_of_petg_cheaper_and_leaves_pla_alone() -> None:
    rates = {**NOW.material_cents_per_gram, "PETG": Decimal(1)}
    draft = replace(NOW, material_cents_per_gram=rates)
    effect = effect_of(draft, [past(NOW, KNOB), past(NOW, WHEEL)])
    assert [one.order.lines[0].title for one in effect.cheaper] == ["knob"]
    # 24 g at 4.5 less, a quarter for the point, 21 % VAT: 163.35.
    assert effect.change_cents in {-163, -164}
    changed = {one.part: one.change_cents for one in effect.parts}
    assert changed == {"knob": effect.change_cents, "wheel": 0}
    by_name = {name: would - cost for name, cost, would in effect.components}
    assert by_name["material"] in {-107, -108, -109}
    assert sum(by_name.values()) == effect.change_cents


def test_what_cannot_be_priced_is_named_and_counts_nowhere_else() -> None:
    draft = replace(NOW, material_cents_per_gram={"PLA": Decimal(5)})
    effect = effect_of(draft, [past(NOW, KNOB), past(NOW, WHEEL)])
    ((order, why),) = effect.unpriced
    assert order.lines[0].title == "knob"
    assert "no price for PETG" in why
    assert effect.cost_cents == past(NOW, WHEEL).cost_cents


def test_a_rushed_order_stays_rushed_where_the_draft_offers_it() -> None:
    offering = replace(NOW, rush=Rush(Decimal("0.5"), {"en": "first"}))
    rushed = past(offering, KNOB, rush=True)
    assert effect_of(offering, [rushed]).change_cents == 0
    assert effect_of(NOW, [rushed]).change_cents < 0


def test_no_orders_have_no_effect() -> None:
    effect = effect_of(NOW, [])
    assert (effect.cost_cents, effect.components, effect.parts) == (0, (), ())


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_orders_parts_and_components_all_tell_the_same_change(before: int, after: int) -> None:
    old, new = random_tariff(Random(before)), random_tariff(Random(after))
    orders = [past(old, KNOB), past(old, WHEEL, KNOB), past(old, WHEEL)]
    effect = effect_of(new, orders)
    assert effect.change_cents == sum(one.change_cents for one in effect.orders)
    assert effect.change_cents == sum(one.change_cents for one in effect.parts)
    assert effect.change_cents == sum(would - cost for _, cost, would in effect.components)
    assert sum(bar.orders for bar in effect.bars) == len(orders)
    unchanged = sum(one.change_cents == 0 for one in effect.orders)
    assert len(effect.dearer) + len(effect.cheaper) + unchanged == len(orders)


@given(st.integers(0, 10_000), st.integers(0, 20_000))
def test_every_change_stands_in_the_bar_of_its_percents(cost: int, would: int) -> None:
    order = replace(past(NOW, KNOB), cost_cents=cost)
    one = OrderEffect(order, would)
    (bar,) = [bar for bar in bars_of([one]) if bar.orders]
    assert bar.low is None or bar.low <= one.change_percent
    assert bar.high is None or one.change_percent <= bar.high
    assert (bar.low, bar.high) in zip((None, *BAR_EDGES), (*BAR_EDGES, None), strict=True)


def test_a_total_is_shared_out_over_lines_without_loss() -> None:
    assert in_proportion(1000, [1, 1, 1]) == [334, 333, 333]
    assert sum(in_proportion(7, [0, 0])) == 7


def test_the_tariff_that_is_asked_begins_whenever() -> None:
    later = replace(NOW, effective_from=date(2030, 1, 1))
    assert effect_of(later, [past(NOW, KNOB)]).change_cents == 0
