"""Agents that fall out of step with their server: asleep past a lease, or unheard at the permit.

``make test`` lives through a few; ``make faults`` through 200 of each. The seeds are the numbers.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from tests.agents.shop import GCODE, Shop

ROUNDS = int(os.environ.get("PARTS3D_FAULT_ROUNDS", "1"))
SEEDS = range(10 * ROUNDS)
BEFORE_THE_PERMIT = [
    f"{step}.{side}" for step in ("claim", "download", "verify") for side in ("before", "after")
]
LEASE_SECONDS = 60


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A shop with one virtual printer."""
    shop = Shop(tmp_path / "shop")
    yield shop
    shop.agent.close()


@pytest.mark.parametrize("seed", SEEDS)
def test_an_agent_asleep_past_its_lease_starts_nothing_and_its_word_is_stale(
    shop: Shop, seed: int
) -> None:
    chance = Random(seed)
    moment = chance.choice([*BEFORE_THE_PERMIT[1:], "permit.before"])
    job = shop.server.add("job-1", GCODE)
    slept: list[str] = []

    def sleep(reached: str) -> None:
        if reached == moment and job.ref is not None and not slept:
            slept.append(reached)
            shop.now += LEASE_SECONDS + chance.uniform(1, 3_600)
            # Another point has it by then, under an epoch of its own.
            job.epoch += 1
            job.attempt += 1
            elsewhere = {"epoch": job.epoch, "attempt": job.attempt, "printer_id": "p9"}
            job.ref = job.ref.model_copy(update=elsewhere)
            job.status = "printing"

    shop.restart(sleep)
    shop.run(120)
    assert slept, moment
    assert shop.starts() == 0, moment
    assert (job.status, job.epoch) == ("printing", 2)
    assert shop.agent.journal.alive("p1") is None
    assert set(shop.server._seqs.values()) <= {"stale"}, moment


@pytest.mark.parametrize("seed", SEEDS)
def test_a_server_silent_at_the_permit_is_asked_again_and_nothing_starts_without_it(
    shop: Shop, seed: int
) -> None:
    chance = Random(seed)
    job = shop.server.add("job-1", GCODE)
    silence = chance.uniform(0, 30)
    heard = chance.random() < 0.5
    back_at: list[float] = []

    def fall_silent(reached: str) -> None:
        if reached == "permit.before" and not back_at:
            back_at.append(shop.now + silence)
            if heard:  # it commits, and its answers get lost meanwhile
                shop.server.lose["permit"] = 1 + round(silence)
            else:
                shop.server.down = True
        if reached == "start.before":
            assert job.status == "permitted", "started without a permit"

    shop.restart(fall_silent)
    while not back_at or shop.now < back_at[0]:
        shop.run(1)
    shop.server.down = False
    shop.server.lose.clear()
    assert shop.run_until("printed") == "printed"
    assert shop.starts() == 1
