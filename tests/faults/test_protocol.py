"""The protocol over many seeds of trouble: never two starts, nothing lost.

``make faults`` runs 20,000 seeds and 200 for each kill point; here a share of them. A seed that
fails is lived again, step by step, by ``python -m tests.faults.protocol --seed N``.
"""

import pytest

from tests.faults.protocol.__main__ import kill_cases, try_all
from tests.faults.protocol.world import KILL_POINTS

RANDOM_SEEDS = 500


def test_no_seed_of_trouble_starts_a_job_twice_or_loses_it() -> None:
    cases = [(seed, None) for seed in range(1, RANDOM_SEEDS + 1)]
    count, starts, violated = try_all(cases, processes=2)
    assert violated == []
    assert count == RANDOM_SEEDS
    assert starts > RANDOM_SEEDS


@pytest.mark.parametrize("each", [3])
def test_killed_at_each_point_the_jobs_are_printed_once(each: int) -> None:
    count, starts, violated = try_all(kill_cases(1, each), processes=2)
    assert violated == []
    assert count == each * len(KILL_POINTS)
    assert starts >= count
