from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Invalid
from parts3d.points.geography import Place, locate
from parts3d.promises.choose import Customer, Weights, choose
from parts3d.promises.snapshot import Offer

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
HUY = locate("4500")


def offer(point_id: str, minutes: float = 0, place: Place | None = None) -> Offer:
    return Offer(point_id, "p", NOON + timedelta(minutes=minutes), NOON, (), (), 0.95, place)


def order(*offers: Offer, **how: object) -> list[str]:
    customer = Customer(HUY)
    return [ranked.offer.point_id for ranked in choose(offers, customer, **how)]  # type: ignore[arg-type]


def test_at_the_same_distance_the_earlier_is_first() -> None:
    assert order(offer("late", 30, HUY), offer("early", 0, HUY)) == ["early", "late"]


def test_a_little_earlier_is_not_worth_a_long_way() -> None:
    near, far = offer("huy", 30, HUY), offer("liège", 0, locate("4000"))
    assert order(far, near) == ["huy", "liège"]
    assert order(far, near, weights=Weights(minutes_per_km=0)) == ["liège", "huy"]


def test_a_cheaper_point_wins_where_price_counts() -> None:
    offers = (offer("dear", 0, HUY), offer("cheap", 10, HUY))
    prices = {"dear": 900, "cheap": 600}
    assert order(*offers, prices_cents=prices) == ["cheap", "dear"]
    assert order(*offers, prices_cents=prices, weights=Weights(minutes_per_euro=1)) == [
        "dear",
        "cheap",
    ]


def test_a_point_that_misses_more_promises_comes_later_where_that_counts() -> None:
    offers = (offer("careless", 0, HUY), offer("careful", 20, HUY), offer("new", 30, HUY))
    record = {"careless": 5.0, "careful": 1.0}
    assert order(*offers, missed_percent=record) == ["careful", "new", "careless"]
    assert order(*offers, missed_percent=record, weights=Weights(minutes_per_miss=0)) == [
        "careless",
        "careful",
        "new",
    ]


def test_without_a_place_only_the_time_counts_and_no_distance_is_shown() -> None:
    first, second = choose([offer("b", 5), offer("a", 0)], Customer())
    assert (first.offer.point_id, first.distance_km, second.score_minutes) == ("a", None, 5)


def test_equals_stay_in_the_order_given() -> None:
    assert order(*(offer(name, 0, HUY) for name in "dacb")) == ["d", "a", "c", "b"]


def test_no_offers_no_ranking() -> None:
    assert choose([], Customer(HUY)) == []


def test_a_weight_below_zero_is_refused() -> None:
    with pytest.raises(Invalid, match="negative"):
        Weights(minutes_per_km=-1)
    with pytest.raises(Invalid, match="negative"):
        Weights(minutes_per_miss=float("nan"))


@given(st.lists(st.tuples(st.integers(0, 3000), st.sampled_from(["4000", "4500", "9000"]))))
def test_a_ranking_keeps_every_offer_and_is_in_order_of_its_score(
    points: list[tuple[int, str]],
) -> None:
    offers = [
        offer(str(index), minutes, locate(code)) for index, (minutes, code) in enumerate(points)
    ]
    ranking = choose(offers, Customer(HUY))
    scores = [ranked.score_minutes for ranked in ranking]
    assert scores == sorted(scores)
    assert {ranked.offer.point_id for ranked in ranking} == {one.point_id for one in offers}


def test_a_point_with_room_comes_before_one_that_is_full_as_far_as_that_counts() -> None:
    offers = (offer("full", 0, HUY), offer("roomy", 40, HUY))
    scarcity = {"full": 1.0, "roomy": 0.1}
    assert order(*offers, scarcity=scarcity) == ["roomy", "full"]
    assert order(*offers, scarcity=scarcity, weights=Weights(minutes_if_scarce=30)) == [
        "full",
        "roomy",
    ]
