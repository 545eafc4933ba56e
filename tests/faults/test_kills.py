"""Anything may be killed at any moment: an order ends collected once, printed once."""

import os
import random
import threading
from collections.abc import Iterator

import pytest

from tests.faults.ledger import assert_collected_once
from tests.faults.living_network import AGENT, LivingNetwork, living_network
from tests.faults.trading_day import Fault, Step, TradingDay

_VICTIMS = ("worker", "redis", "web", AGENT)
_ROUNDS = int(os.environ.get("PARTS3D_FAULT_ROUNDS", "1"))
_FIRST_SEED = int(os.environ.get("PARTS3D_FAULT_SEED", "1"))
_PRINTERS = 4


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LivingNetwork]:
    with living_network(tmp_path_factory.mktemp("kills"), printers=_PRINTERS) as network:
        yield network


@pytest.mark.timeout(400)
def test_each_of_four_killed_at_each_of_three_steps_leaves_every_order_collected_once(
    network: LivingNetwork,
) -> None:
    supervisor = network.supervisor
    before = {victim: supervisor.starts(victim) for victim in _VICTIMS}
    # Two of the orders are of two copies.
    faults = [
        Fault(victim, step, quantity=2 if victim == AGENT and step is not Step.PRINTED else 1)
        for step in Step
        for victim in _VICTIMS
    ]
    with TradingDay(network) as day:
        day.go_through(faults, at_once=_PRINTERS + 1)
    assert sorted(map(str, day.killed)) == sorted(map(str, faults))
    supervisor.wait_ready(seconds=60)
    assert {
        victim: supervisor.starts(victim) - before[victim] for victim in _VICTIMS
    } == dict.fromkeys(_VICTIMS, len(Step))
    for bought in day.collected:
        assert_collected_once(network, bought.number, bought.quantity)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", range(_FIRST_SEED, _FIRST_SEED + _ROUNDS))
def test_kills_at_random_moments_leave_every_order_collected_once(
    network: LivingNetwork, seed: int
) -> None:
    chance = random.Random(seed)
    over = threading.Event()
    plan = [(chance.uniform(0.2, 4.0), chance.choice(_VICTIMS)) for _ in range(3)]

    def strike() -> None:
        for pause_seconds, victim in plan:
            if over.wait(pause_seconds):
                return
            network.supervisor.kill(victim)

    killer = threading.Thread(target=strike, daemon=True)
    killer.start()
    try:
        with TradingDay(network) as day:
            for quantity in (1, 2):
                day.buy(quantity)
            day.finish()
    finally:
        over.set()
        killer.join()
    for bought in day.collected:
        assert_collected_once(network, bought.number, bought.quantity)
