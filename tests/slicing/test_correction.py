"""Corrections of print times: what they must hold, and planted truths that they must find."""

from dataclasses import replace
from math import exp, log

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.slicing.correction import (
    FAILURE_PRIOR,
    LEAST_PRINTS_OF_PRINTER,
    NOTHING_MEASURED,
    Correction,
    FailureRate,
    careful_failure,
    corrected_seconds,
    failure_rate,
    forecast,
)
from parts3d.slicing.correction_fit import Learned, MeasuredPrint, learn_model, learn_network


def printed(
    log_ratio: float,
    *,
    printer: str = "left",
    part: str = "knob",
    age_days: float = 0.0,
    complete: bool = True,
    estimated_seconds: float = 3600.0,
) -> MeasuredPrint:
    seconds = estimated_seconds * exp(log_ratio)
    return MeasuredPrint(printer, part, estimated_seconds, seconds, age_days, complete)


# One example fits a whole model some times over; the short ones keep the default number.
FEWER = settings(max_examples=40)
some_prints = st.lists(
    st.builds(
        printed,
        st.floats(-0.6, 0.6),
        printer=st.sampled_from(["left", "right", "third"]),
        part=st.sampled_from(["knob", "wheel", "clip"]),
        age_days=st.floats(0, 200),
        complete=st.booleans(),
    ),
    max_size=25,
)


def values_of(learned: Learned) -> list[float]:
    several = [learned.model, *learned.printers.values(), *learned.parts.values()]
    return [value for one in several for value in (one.log_factor, one.log_error, one.sigma)]


def test_without_data_a_model_is_as_its_parent() -> None:
    parent = Correction(log_factor=0.1, log_error=0.02, sigma=0.09)
    learned = learn_model([], parent)
    assert learned.model.factor == pytest.approx(exp(0.1))
    assert learned.model.sigma == parent.sigma
    assert learned.model.prints == 0
    assert learned.printers == {}


@FEWER
@given(some_prints, st.randoms(use_true_random=False))
def test_the_order_of_prints_does_not_matter(prints: list[MeasuredPrint], any_: object) -> None:
    shuffled = list(prints)
    any_.shuffle(shuffled)  # type: ignore[attr-defined]  # hypothesis' own Random
    assert values_of(learn_model(shuffled)) == values_of(learn_model(prints))


@FEWER
@given(some_prints, st.floats(0.01, 100))
def test_the_unit_of_time_does_not_matter(prints: list[MeasuredPrint], unit: float) -> None:
    scaled = [
        replace(one, estimated_seconds=one.estimated_seconds * unit, seconds=one.seconds * unit)
        for one in prints
    ]
    assert values_of(learn_model(scaled)) == pytest.approx(values_of(learn_model(prints)), abs=1e-5)


@FEWER
@given(st.integers(8, 40), st.floats(-0.3, 0.3), st.floats(-1.38, 1.38))
def test_a_single_outlier_moves_little(count: int, truth: float, wild: float) -> None:
    calm = [printed(truth + 0.05 * (-1) ** at) for at in range(count)]
    before = learn_model(calm).model.log_factor
    after = learn_model([*calm, printed(wild)]).model.log_factor
    # At most Huber's 1.5 spreads of one print, shared among all of them.
    assert abs(after - before) < 0.5 / count


@given(st.sampled_from([1e-3, 0.2, 4.1, 1e6]))
def test_a_jump_of_the_clock_measures_nothing(ratio: float) -> None:
    calm = [printed(0.1) for _ in range(6)]
    learned = learn_model([*calm, printed(log(ratio))])
    assert learned.model.left_out == 1
    assert learned.model.log_factor == learn_model(calm).model.log_factor


def test_a_paused_print_measures_nothing() -> None:
    paused = replace(printed(0.9), paused=True)
    assert learn_model([paused]).model == replace(learn_model([]).model, left_out=1)


@FEWER
@given(st.floats(-0.4, 0.4), st.integers(1, 30))
def test_more_data_goes_further_towards_the_truth(truth: float, count: int) -> None:
    less = learn_model([printed(truth)] * count).model
    more = learn_model([printed(truth)] * (2 * count)).model
    assert abs(more.log_factor - truth) <= abs(less.log_factor - truth) + 1e-5
    assert abs(less.log_factor) <= abs(truth) + 1e-5
    assert more.log_error <= less.log_error + 1e-9


@FEWER
@given(some_prints, st.floats(-0.5, 0.5))
def test_a_slower_print_hardly_makes_a_model_faster(
    prints: list[MeasuredPrint], ratio: float
) -> None:
    calm = [printed(0.04 * (-1) ** at) for at in range(20)]
    slower = learn_model([*prints, *calm, printed(ratio + 0.05)]).model
    faster = learn_model([*prints, *calm, printed(ratio - 0.05)]).model
    # The spreads are learned from the same prints, hence the margin.
    assert slower.log_factor >= faster.log_factor - 0.01


@FEWER
@given(st.floats(-1.0, -0.5))
def test_a_print_that_has_only_begun_says_nothing(so_far: float) -> None:
    done = [printed(0.1), printed(0.12), printed(0.08)]
    running = printed(so_far, complete=False)
    learned = learn_model([*done, running]).model
    assert learned.log_factor == pytest.approx(learn_model(done).model.log_factor, abs=1e-3)
    assert (learned.prints, learned.running) == (3, 1)


def test_a_print_that_runs_over_its_time_counts_as_slow() -> None:
    done = [printed(0.0)] * 6
    late = [printed(0.3, complete=False)] * 3
    assert learn_model([*done, *late]).model.log_factor > learn_model(done).model.log_factor + 0.02


def test_old_prints_fade() -> None:
    old = [printed(0.3, age_days=300)] * 20
    new = [printed(0.0)] * 20
    assert learn_model([*old, *new]).model.log_factor < 0.08


def planted(
    seed: int, count: int, *, cut_hours: float | None = None
) -> tuple[dict[str, float], dict[str, float], list[MeasuredPrint]]:
    """Prints of a model 20 % slower than estimated, 2 % of them wild, some still running."""
    chance = np.random.default_rng(seed)
    printers = {f"p{at}": float(chance.normal(0, 0.05)) for at in range(8)}
    parts = {f"r{at}": float(chance.normal(0, 0.05)) for at in range(30)}
    prints = []
    for _ in range(count):
        printer = f"p{chance.integers(8)}"
        part = f"r{int(30 * chance.random() ** 2)}"
        truth = log(1.2) + printers[printer] + parts[part] + float(chance.normal(0, 0.06))
        if chance.random() < 0.02:
            truth += float(chance.choice([-1.0, 1.0]))
        estimated = 3600 * exp(float(chance.normal(0, 0.8)))
        so_far = chance.random() * cut_hours * 3600 if cut_hours else float("inf")
        seconds = min(estimated * exp(truth), so_far)
        prints.append(MeasuredPrint(printer, part, estimated, seconds, 0.0, seconds < so_far))
    return printers, parts, prints


@pytest.mark.parametrize("seed", range(5))
def test_planted_factors_are_found_within_the_stated_error(seed: int) -> None:
    printers, parts, prints = planted(seed, 800)
    learned = learn_model(prints)
    # Printers are known only with their model: their sum is what a promise needs.
    assert abs(learned.model.log_factor - log(1.2)) < 3 * learned.model.log_error
    for truths, found in ((printers, learned.printers), (parts, learned.parts)):
        misses = [
            abs(found[name].log_factor - log(1.2) - truths[name])
            / (found[name].log_error ** 2 + learned.model.log_error**2) ** 0.5
            for name in found
        ]
        assert np.mean(np.array(misses) < 2) >= 0.9
        assert max(misses) < 4
    assert np.std([learned.printers[n].log_shift - printers[n] for n in printers]) < 0.015
    assert learned.model.sigma == pytest.approx(0.06, abs=0.02)


def test_leaving_out_what_still_runs_would_flatter_and_counting_it_does_not() -> None:
    misses_with, misses_without = [], []
    for seed in range(6):
        _, _, prints = planted(seed, 500, cut_hours=6)
        finished = [one for one in prints if one.complete]
        misses_with.append(learn_model(prints).model.log_factor - log(1.2))
        misses_without.append(learn_model(finished).model.log_factor - log(1.2))
    assert np.mean(misses_without) < np.mean(misses_with)
    assert abs(np.mean(misses_with)) < 0.02


def test_the_forecast_covers_what_comes_next_as_often_as_it_says() -> None:
    inside = []
    for seed in range(6):
        _, _, prints = planted(100 + seed, 600)
        learned = learn_model(prints[:400])
        network = learn_network([learned.model])
        for one in prints[400:]:
            if one.measures():
                next_ = forecast(
                    network,
                    learned.model,
                    learned.printers.get(one.printer),
                    learned.parts.get(one.part),
                )
                late = log(one.seconds / one.estimated_seconds / next_.factor) / next_.sigma
                inside.append(late < 2.326)
    assert 0.97 <= np.mean(inside) <= 1.0


def test_an_unknown_printer_or_part_is_forecast_more_carefully() -> None:
    _, _, prints = planted(3, 800)
    learned = learn_model(prints)
    network = learn_network([learned.model])
    printer = max(learned.printers.values(), key=lambda one: one.prints)
    part = max(learned.parts.values(), key=lambda one: one.prints)
    known = forecast(network, learned.model, printer, part)
    for stranger in (
        forecast(network, learned.model, None, part),
        forecast(network, learned.model, printer, None),
        forecast(
            network, learned.model, replace(printer, prints=LEAST_PRINTS_OF_PRINTER - 1), part
        ),
    ):
        assert stranger.sigma > known.sigma
    assert forecast(network, None).sigma > forecast(network, learned.model).sigma


def test_a_few_prints_of_a_model_are_not_enough_to_correct_it() -> None:
    few = learn_model([printed(0.3)] * 4).model
    assert forecast(NOTHING_MEASURED, few).factor == 1.0
    assert forecast(NOTHING_MEASURED, few).sigma == pytest.approx(0.15, abs=0.005)


def test_a_network_of_slow_models_expects_a_new_model_to_be_slow() -> None:
    models = [learn_model([printed(0.1 + at / 100)] * 50).model for at in range(4)]
    network = learn_network(models)
    assert 0.02 < network.log_factor < 0.115
    assert network.prints == 200
    assert learn_model([], network).model.log_factor == network.log_factor
    assert learn_network([]) == NOTHING_MEASURED


def test_a_time_is_corrected_by_the_factor() -> None:
    assert corrected_seconds(1000, Correction(log_factor=log(1.08))) == pytest.approx(1080)


@given(st.floats(0, 500), st.floats(0, 1), st.floats(0.001, 0.5))
def test_a_failure_rate_lies_between_what_was_seen_and_its_parent(
    tries: float, share: float, of_parent: float
) -> None:
    rate = failure_rate(tries, tries * share, FailureRate(of_parent))
    low, high = sorted((share, of_parent))
    assert low - 1e-9 <= rate.probability <= high + 1e-9


def test_a_young_printer_is_never_taken_for_better_than_the_prior() -> None:
    model = failure_rate(400, 4)
    young = failure_rate(5, 0, model)
    assert model.probability < 0.02
    assert careful_failure(model) == model.probability
    assert careful_failure(model, young) == FAILURE_PRIOR
    assert careful_failure(model, failure_rate(5, 4, model)) > FAILURE_PRIOR
