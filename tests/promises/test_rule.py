"""The rule that promises are planned by: one for the server and for the simulator."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import select

from parts3d.db import Database
from parts3d.promises.decision_tables import PromiseDecision
from parts3d.promises.decisions import replay
from parts3d.promises.evidence import pack
from parts3d.promises.rule import MEASURED, rule_for
from parts3d.promises.snapshot import Offer
from parts3d.simulation.policies.ours import Ours
from tests.support.network import placed, settings_for, small_network


def test_the_server_plans_by_the_rule_that_the_simulator_measures(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    network, settings = small_network(sqlite_database, now), settings_for(tmp_path)
    placed(sqlite_database, settings, network)
    with sqlite_database.reading() as session:
        [row] = session.exec(select(PromiseDecision)).all()
        found = replay(row)
    assert found.evidence is not None
    assert found.evidence.rule == rule_for(settings.promise_quantile) == MEASURED
    assert found.evidence.offer.quantile == MEASURED.levels.same_day
    assert (row.level, row.planned_level) == (0.99, 0.99)
    ours = Ours()
    # But that a scenario's horizon is near: rather than refused, an order is promised less surely.
    assert ours.levels == replace(MEASURED.levels, least_later=0.8)
    assert ours.most_harm == MEASURED.most_harm


def test_a_decision_from_before_there_were_rules_is_replayed_as_it_was_made(
    sqlite_database: Database, tmp_path: Path, now: datetime
) -> None:
    network, settings = small_network(sqlite_database, now), settings_for(tmp_path)
    placed(sqlite_database, settings, network)
    with sqlite_database.unit_of_work() as work:
        [row] = work.session.exec(select(PromiseDecision)).all()
        evidence = replay(row).evidence
        assert evidence is not None
        row.evidence = pack(replace(evidence, rule=None))
        again = replay(row).again
    assert isinstance(again, Offer)
    assert again.quantile == 0.99


@given(st.floats(0.5, 0.9999), st.floats(0.5, 0.9999))
def test_who_aims_higher_plans_surer_and_takes_less_from_others(one: float, other: float) -> None:
    low, high = rule_for(min(one, other)), rule_for(max(one, other))
    assert 0 < low.levels.same_day <= high.levels.same_day < 1
    assert 0 < low.levels.later <= high.levels.later < 1
    assert 0 < (low.levels.least_same_day or 0) <= (high.levels.least_same_day or 0) < 1
    assert 0 < (low.levels.by_evening or 0) <= (high.levels.by_evening or 0) < 1
    assert high.most_harm <= low.most_harm
