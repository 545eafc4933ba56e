"""What is learned of people, failures, outages and kept promises, held against known worlds."""

from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.promises.learning.calibration import (
    By,
    PromiseOutcome,
    calibrate,
)
from parts3d.promises.learning.hazards import OUTAGES, Spell, learn_hazard
from parts3d.promises.learning.rates import Ended, Rates, Try, learn_rates
from parts3d.promises.learning.shrinking import interval, survival_quantiles
from parts3d.promises.learning.staff_times import (
    Clearing,
    StaffTimes,
    learn_staff_times,
)


def _clearings(seed: int, count: int, point: str = "huy", factor: float = 1.0) -> list[Clearing]:
    rng = Random(seed)
    return [
        Clearing(point, rng.randrange(9, 18), factor * rng.uniform(5, 40)) for _ in range(count)
    ]


def test_nothing_seen_is_the_careful_judgement() -> None:
    assert learn_staff_times([]) == StaffTimes()
    assert learn_rates([]).network == Rates().network
    assert learn_hazard(OUTAGES, [], {}).per_hour == pytest.approx(1 / 300)


def test_people_s_times_keep_the_shape_that_was_measured() -> None:
    learned = learn_staff_times(_clearings(1, 3000))
    assert learned.quantile_minutes("huy", 12, 0.5) == pytest.approx(22.5, rel=0.1)
    # A log-normal of that spread would say 75 minutes.
    assert learned.quantile_minutes("huy", 12, 0.99) == pytest.approx(40, rel=0.1)


def test_a_slow_point_is_promised_slowly_and_an_unknown_one_as_all() -> None:
    learned = learn_staff_times(
        [*_clearings(1, 400), *_clearings(2, 400, "namur"), *_clearings(3, 200, "slow", 1.5)]
    )
    middle = learned.quantile_minutes("huy", 12, 0.5)
    assert learned.quantile_minutes("slow", 12, 0.5) > 1.3 * middle
    unknown = learned.quantile_minutes("unknown", 12, 0.5)
    assert middle <= unknown < learned.quantile_minutes("slow", 12, 0.5)


def test_one_forgotten_bed_does_not_make_a_point_slow() -> None:
    before = learn_staff_times(_clearings(1, 60))
    after = learn_staff_times([*_clearings(1, 60), Clearing("huy", 12, 590)])
    assert after.quantile_minutes("huy", 12, 0.5) < 1.1 * before.quantile_minutes("huy", 12, 0.5)


def test_beds_that_still_wait_are_not_left_out() -> None:
    done = _clearings(1, 200)
    ended = [one for one in done if one.staffed_minutes < 20]
    waiting = [Clearing(one.point, one.hour, 20, done=False) for one in done if one not in ended]
    biased = learn_staff_times(ended).quantile_minutes("huy", 12, 0.9)
    fair = learn_staff_times([*ended, *waiting]).quantile_minutes("huy", 12, 0.9)
    assert fair > biased


@given(st.lists(st.tuples(st.floats(0.1, 500), st.booleans(), st.integers(0, 23)), max_size=30))
def test_a_higher_level_never_takes_less_time(seen: list[tuple[float, bool, int]]) -> None:
    learned = learn_staff_times([Clearing("p", hour, took, done) for took, done, hour in seen])
    times = [learned.quantile_minutes("p", 12, level) for level in (0.01, 0.3, 0.5, 0.9, 0.99)]
    assert times == sorted(times)
    assert times[0] > 0


def _tries(seed: int, count: int, *, per_print: float, per_hour: float) -> list[Try]:
    rng = Random(seed)
    tries = []
    for number in range(count):
        hours = rng.lognormvariate(0.5, 0.8)
        if rng.random() < per_print:
            tries.append(Try("a", f"{number % 7}", hours * rng.random(), hours, Ended.FAILED))
        elif (at := rng.expovariate(per_hour) if per_hour else 1e9) < hours:
            tries.append(Try("a", f"{number % 7}", at, hours, Ended.FAILED))
        else:
            ended = Ended.REJECTED if rng.random() < 0.02 else Ended.GOOD
            tries.append(Try("a", f"{number % 7}", hours, hours, ended))
    return tries


def test_failures_per_print_are_told_from_failures_per_hour() -> None:
    per_print = learn_rates(_tries(1, 3000, per_print=0.06, per_hour=0))
    per_hour = learn_rates(_tries(2, 3000, per_print=0, per_hour=0.03))
    assert per_print.by_hour < 0.05
    assert per_hour.by_hour > 0.95
    assert per_print.failure_probability("a", None, 8.0) == pytest.approx(0.06, abs=0.015)
    assert per_hour.failure_probability("a", None, 8.0) == pytest.approx(0.21, abs=0.05)
    assert per_print.reject_probability("a") == pytest.approx(0.02, abs=0.01)


def test_prints_that_still_run_count_as_hours_without_a_failure() -> None:
    failed = [Try("a", "1", 0.5, 4, Ended.FAILED)] * 5
    running = [Try("a", "1", 3, 4, Ended.RUNNING)] * 100
    alone, together = learn_rates(failed), learn_rates([*failed, *running])
    assert together.of("a").per_hour < alone.of("a").per_hour / 3
    assert together.of("a").per_print < alone.of("a").per_print / 2


@given(
    st.lists(
        st.tuples(st.sampled_from(Ended), st.floats(0, 50), st.floats(0, 50), st.floats(0, 400)),
        max_size=40,
    )
)
def test_chances_stay_chances(seen: list[tuple[Ended, float, float, float]]) -> None:
    tries = [Try("a", "1", hours, planned, ended, age) for ended, hours, planned, age in seen]
    learned = learn_rates(tries)
    for hours in (0.0, 1.0, 100.0):
        assert 0 <= learned.failure_probability("a", "1", hours) <= 0.5
    assert 0 < learned.reject_probability("b") < 0.5
    assert learn_rates(tries[::-1]) == learned


def test_a_printer_that_drops_out_often_is_told_from_the_others() -> None:
    hours = {f"{number}": 1000.0 for number in range(20)}
    spells = [Spell(f"{number}", 3.0) for number in range(20) for _ in range(5)]
    spells += [Spell("0", 3.0)] * 30
    learned = learn_hazard(OUTAGES, spells, hours)
    assert learned.chance("0", 10) > 3 * learned.chance("1", 10)
    assert 0.03 < learned.chance("unknown", 10) < 0.12
    assert learned.chance("1", 0) == 0


def test_an_outage_that_has_lasted_is_expected_to_last_longer() -> None:
    rng = np.random.default_rng(1)
    spells = [Spell("a", hours) for hours in np.exp(rng.uniform(0, np.log(24), 500)).tolist()]
    learned = learn_hazard(OUTAGES, spells, {"a": 100_000.0})
    assert learned.lasting_hours(0.5) == pytest.approx(4.9, rel=0.15)
    assert learned.lasting_hours(0.5, so_far=10) == pytest.approx(15.5, rel=0.2)
    lasting = [Spell("a", 20, over=False)] * 200
    longer = learn_hazard(OUTAGES, [*spells, *lasting], {"a": 100_000.0})
    assert longer.lasting_hours(0.9) > learned.lasting_hours(0.9)


def test_survival_quantiles_of_all_ended_are_those_of_the_values() -> None:
    values = [float(number) for number in range(1, 101)]
    assert survival_quantiles(values, [True] * 100, (0.5, 0.9)) == (50, 90)
    assert survival_quantiles([5.0, 6.0], [False, False], (0.5,)) == (None,)


def _outcome(stated: float, *, kept: bool, point: str = "huy") -> PromiseOutcome:
    return PromiseOutcome(stated, kept, point, 11, "mk4")


def test_a_point_that_keeps_less_than_it_states_is_seen() -> None:
    outcomes = [_outcome(0.99, kept=number % 100 > 0) for number in range(1000)]
    outcomes += [_outcome(0.99, kept=number % 5 > 0, point="slow") for number in range(50)]
    seen = calibrate(outcomes)
    assert seen.groups[By.POINT]["slow"].is_off
    assert not seen.groups[By.POINT]["huy"].is_off
    assert seen.groups[By.POINT]["huy"].share_kept == pytest.approx(0.99)
    assert [low for low, _ in seen.bins] == [0.985]
    assert calibrate([]).whole is None


@given(st.integers(0, 200), st.integers(0, 200))
def test_an_interval_holds_the_share_it_is_of(kept: int, more: int) -> None:
    total = kept + more
    low, high = interval(kept, total)
    assert 0 <= low <= high <= 1
    if total:
        assert low - 1e-9 <= kept / total <= high + 1e-9
