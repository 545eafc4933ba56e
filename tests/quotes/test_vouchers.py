"""What a voucher takes off a price."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Invalid
from parts3d.quotes.pricing import PricedLine, price
from parts3d.quotes.vouchers import Voucher, apply
from tests.quotes.test_tariff import KNOB, tariff

WHEEL = PricedLine(12_000, 3_000, "mk3s", "PETG", part="wheel")
HOOK = PricedLine(24_000, 6_000, "mk3s", "PETG", part="hook")


def test_an_amount_is_taken_off_what_the_customer_pays() -> None:
    plain = price(tariff(), [KNOB])
    less = price(tariff(), [KNOB], voucher=Voucher("FIVE", amount_cents=100))
    assert (plain.total_cents, less.total_cents) == (545, 445)
    assert less.voucher_total_cents == 100
    # 100 cents with VAT are 82.6 net; a fraction goes where the components sum to net.
    assert less.voucher_cents == -82
    assert sum(less.components.values()) == less.net_cents
    assert less.voucher_code == "FIVE"
    assert plain.voucher_code is None


def test_a_voucher_does_not_touch_the_points_share_nor_the_royalty() -> None:
    plain = price(tariff(), [KNOB])
    less = price(tariff(), [KNOB], voucher=Voucher("HALF", share=Decimal("0.5")))
    assert less.share_cents == plain.share_cents
    assert less.total_cents == 272  # half of 544.5, rounded once


def test_a_voucher_may_go_below_the_minimum_but_not_below_its_floor_nor_zero() -> None:
    gift = Voucher("GIFT", amount_cents=5_000)
    assert price(tariff(minimum=1_000), [KNOB], voucher=gift).total_cents == 0
    floored = price(
        tariff(minimum=1_000, floor=100), [KNOB], voucher=Voucher("ALL", share=Decimal(1))
    )
    assert (floored.total_cents, floored.voucher_total_cents) == (100, 900)
    assert floored.minimum_applied


def test_an_order_below_the_floor_costs_what_it_costs() -> None:
    given = price(tariff(floor=10_000), [KNOB], voucher=Voucher("FIVE", amount_cents=500))
    assert (given.total_cents, given.voucher_total_cents) == (545, 0)


def test_a_voucher_for_one_part_leaves_the_other_lines_alone() -> None:
    plain = price(tariff(), [WHEEL, HOOK])
    less = price(tariff(), [WHEEL, HOOK], voucher=Voucher("W", share=Decimal("0.5"), part="wheel"))
    assert abs(less.line_total_cents[1] - plain.line_total_cents[1]) <= 1
    assert abs(2 * less.line_total_cents[0] - plain.line_total_cents[0]) <= 1


def test_an_amount_for_one_part_is_at_most_what_that_part_costs() -> None:
    less = price(tariff(), [WHEEL, HOOK], voucher=Voucher("W", amount_cents=9_999, part="wheel"))
    assert less.line_total_cents[0] == 0
    assert less.line_total_cents[1] > 0


def test_a_voucher_for_a_part_that_is_not_in_the_basket_is_refused() -> None:
    with pytest.raises(Invalid, match="for another part"):
        price(tariff(), [HOOK], voucher=Voucher("W", amount_cents=100, part="wheel"))


@pytest.mark.parametrize(
    ("amount_cents", "share", "words"),
    [
        (None, None, "either an amount or a share"),
        (100, Decimal("0.1"), "either an amount or a share"),
        (0, None, "at least one cent"),
        (None, Decimal("1.01"), "at most 100 %"),
        (None, Decimal("NaN"), "at most 100 %"),
    ],
)
def test_a_voucher_that_is_none_is_refused(
    amount_cents: int | None, share: Decimal | None, words: str
) -> None:
    with pytest.raises(Invalid, match=words):
        Voucher("CODE", amount_cents, share)


cents = st.fractions(0, 100_000)


@given(
    st.lists(cents, min_size=1, max_size=6),
    st.one_of(
        st.builds(Voucher, st.just("C"), amount_cents=st.integers(1, 200_000)),
        st.builds(
            Voucher,
            st.just("C"),
            share=st.integers(1, 100).map(lambda percent: Decimal(percent) / 100),
        ),
    ),
    st.integers(0, 1_000),
)
def test_no_line_falls_below_zero_and_the_sum_never_below_the_floor(
    lines: list[Fraction], voucher: Voucher, floor: int
) -> None:
    off = apply(voucher, lines, [None] * len(lines), floor)
    assert all(0 <= less <= cost for less, cost in zip(off, lines, strict=True))
    assert sum(lines) - sum(off) >= min(sum(lines), floor)
