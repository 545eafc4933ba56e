"""The shipped scenarios, with their seeds: a change of these figures has to be meant."""

import pytest

from parts3d.simulation.policies import POLICIES
from parts3d.simulation.running import compare
from parts3d.simulation.scenario_file import read_scenario
from parts3d.simulation.scenarios import shipped

_BASELINES = ("next-day", "earliest-naive", "safety-lead", "oracle")


def test_the_baselines_rank_as_they_do() -> None:
    scenario = read_scenario(shipped()["storm"].read_text(), "storm")
    found = {one: each.figures for one, each in compare(scenario, _BASELINES, workers=1).items()}
    kept = {one: figures.kept or 0.0 for one, figures in found.items()}
    offers = {one: figures.promised_same_day_before_15 or 0.0 for one, figures in found.items()}
    # No failure, bed or closing time is in the naive sum: it is kept hardly ever.
    assert kept["earliest-naive"] < 0.1
    assert offers["earliest-naive"] > 0.9
    assert 0.6 < kept["safety-lead"] < 0.95
    assert 0.4 < offers["safety-lead"] < offers["oracle"]
    assert kept["oracle"] > 0.99
    assert found["oracle"].kept_same_day == 1
    assert found["oracle"].late_mean_min is None
    assert offers["next-day"] == 0
    assert {figures.orders for figures in found.values()} == {found["oracle"].orders}


def test_processes_find_what_one_finds_and_seeds_are_joined() -> None:
    text = "[network]\npoints = 3\n[scenario]\nmeasure_days = 1\nwarmup_days = 0\n"
    scenario = read_scenario(text, "tiny")
    shares: list[float] = []
    policies = ("next-day", "safety-lead")
    alone = compare(scenario, policies, seeds=2, workers=1, told=shares.append)
    together = compare(scenario, policies, seeds=2, workers=2, told=shares.append)
    assert list(alone) == list(together) == list(policies)
    for name in policies:
        assert alone[name].by_day == together[name].by_day
        assert alone[name].late_min == together[name].late_min
    assert shares[-1] == pytest.approx(1)
    assert set(POLICIES) >= set(policies)


def test_ours_keeps_what_it_promises_and_promises_much() -> None:
    # Fewer points and days than shipped: the margins below are wide for so few orders.
    scenario = read_scenario(shipped()["village"].read_text(), "village")
    fewer = scenario.network.model_copy(update={"points": 8, "area_km": 16.0, "cities": 2})
    days = scenario.scenario.model_copy(update={"warmup_days": 3, "measure_days": 4})
    scenario = scenario.model_copy(update={"network": fewer, "scenario": days})
    found = compare(scenario, ("safety-lead", "ours", "oracle"), workers=1)
    ours, oracle = found["ours"].figures, found["oracle"].figures
    assert (ours.kept or 0) > 0.93
    assert (ours.kept or 0) > (found["safety-lead"].figures.kept or 0)
    assert (ours.kept_same_day or 0) > 0.93
    offers, most = ours.promised_same_day_before_15, oracle.promised_same_day_before_15
    assert offers is not None
    assert most is not None
    assert offers > 0.7 * most
    assert (ours.moved or 0) < 0.08
