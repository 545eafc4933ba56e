import random
from math import exp

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Invalid
from parts3d.promises.print_time import PrintTime, allowances


def test_one_print_in_seven_percent_failing_needs_one_spare_print_for_95_percent() -> None:
    first = allowances(1, 0.07, 0.95)[0]
    assert first.spare_prints == 1
    assert first.level == pytest.approx(0.95 / (1 - 0.07**2))
    assert allowances(1, 0.07, 0.9)[0].spare_prints == 0


def test_without_failures_the_whole_probability_goes_into_the_duration() -> None:
    (only,) = allowances(5, 0.0, 0.95)
    assert (only.spare_prints, only.level) == (0, 0.95)


def test_the_median_is_the_median_and_a_sure_time_is_sure() -> None:
    assert PrintTime(3600, 0.2).quantile_seconds(0.5) == pytest.approx(3600)
    assert PrintTime(3600, 0).quantile_seconds(0.999) == 3600
    assert PrintTime(3600, 0.1).quantile_seconds(0.975) == pytest.approx(
        3600 * exp(0.196), rel=1e-3
    )


@given(st.integers(1, 500), st.sampled_from([0.0, 0.01, 0.07, 0.3, 0.5]), st.floats(0.01, 0.999))
def test_there_is_always_a_way_and_its_level_is_a_probability(
    prints: int, failure_probability: float, quantile: float
) -> None:
    ways = allowances(prints, failure_probability, quantile)
    assert 1 <= len(ways) <= 4
    assert all(quantile <= way.level < 1 for way in ways)
    spares = [way.spare_prints for way in ways]
    assert spares == list(range(spares[0], spares[0] + len(spares)))


@pytest.mark.parametrize(("prints", "quantile"), [(1, 0.95), (1, 0.99), (3, 0.9), (3, 0.99)])
def test_every_way_keeps_the_quantile_in_a_drawn_world(prints: int, quantile: float) -> None:
    draw = random.Random(f"{prints} {quantile}")
    time = PrintTime(3600, 0.15, 0.07)
    worlds = []
    for _ in range(20_000):
        attempts = 0
        for _ in range(prints):
            attempts += 1
            while draw.random() < time.failure_probability:
                attempts += 1
        worlds.append((attempts, 3600 * exp(0.15 * draw.gauss(0, 1))))
    for way in allowances(prints, time.failure_probability, quantile):
        planned = time.quantile_seconds(way.level)
        kept = sum(
            attempts <= prints + way.spare_prints and seconds <= planned
            for attempts, seconds in worlds
        )
        assert kept / len(worlds) == pytest.approx(quantile, abs=0.008)


@pytest.mark.parametrize("fault", [(-1, 0.1, 0.1), (60, -0.1, 0.1), (60, 0.1, 0.51), (1e12, 0, 0)])
def test_what_is_no_print_time_is_refused(fault: tuple[float, float, float]) -> None:
    with pytest.raises(Invalid, match="cannot be planned"):
        PrintTime(*fault)


def test_an_absurd_spread_stays_within_the_calendar() -> None:
    assert PrintTime(3600, 9.9).quantile_seconds(0.9999) < 11 * 366 * 86_400
