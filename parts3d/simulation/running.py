"""Runs of several policies and seeds, on as many cores as there are."""

import os
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing import get_context
from multiprocessing.sharedctypes import SynchronizedArray

from parts3d.errors import NotFound
from parts3d.simulation.policies import POLICIES
from parts3d.simulation.scenario import Scenario
from parts3d.simulation.summary import Summary, joined, summary_of
from parts3d.simulation.world import World, build_world

_LOOK_EVERY_S = 0.2
_SMALL = 5000  # points times days times runs: done before processes have started
# Is told the share of all runs that is done, 0 to 1.
Told = Callable[[float], object]


@dataclass(frozen=True, slots=True)
class Run:
    """One policy with one seed of a scenario, which is given as JSON."""

    policy: str
    scenario: str


def compare(
    scenario: Scenario,
    policies: Sequence[str] = (),
    *,
    seeds: int = 1,
    workers: int | None = None,
    told: Told | None = None,
) -> dict[str, Summary]:
    """Run policies through a scenario and sum them up, by name.

    Args:
        scenario: with its first seed; the others follow on it.
        policies: names; all without any.
        seeds: how many.
        workers: processes; by default as many as there are cores, none for small scenarios.
        told: hears how far it is.

    Raises:
        NotFound: no such policy.
    """
    names = list(dict.fromkeys(policies)) or list(POLICIES)
    for name in names:
        if name not in POLICIES:
            raise NotFound(f'There is no policy "{name}". Choose from {", ".join(POLICIES)}.')
    seed = scenario.scenario.seed
    # Seed by seed, so that a process draws each world once; the slow ones first.
    runs = [
        Run(name, scenario.with_seed(seed + more).model_dump_json())
        for more in range(seeds)
        for name in sorted(names, key=list(POLICIES).index, reverse=True)
    ]
    about = scenario.scenario
    days = about.warmup_days + about.measure_days
    is_small = scenario.network.points * days * len(runs) < _SMALL
    count = min(workers or (1 if is_small else os.cpu_count() or 1), len(runs))
    found = _one_by_one(runs, told) if count == 1 else _side_by_side(runs, count, told)
    by_name = {name: [one for one in found if one.policy == name] for name in names}
    return {name: joined(several) for name, several in by_name.items()}


def _one_by_one(runs: Sequence[Run], told: Told | None) -> list[Summary]:
    found = []
    for number, run in enumerate(runs):

        def tell(share: float, number: int = number) -> None:
            if told is not None:
                told((number + share) / len(runs))

        found.append(summary_of(_world(run.scenario), POLICIES[run.policy](), tell))
        tell(1.0)
    return found


def _side_by_side(runs: Sequence[Run], count: int, told: Told | None) -> list[Summary]:
    # Not forked: whoever calls may have threads.
    context = get_context("spawn")
    shares = context.Array("d", len(runs))
    with ProcessPoolExecutor(
        count, mp_context=context, initializer=_share_progress, initargs=(shares,)
    ) as pool:
        futures: list[Future[Summary]] = [
            pool.submit(_run, number, run) for number, run in enumerate(runs)
        ]
        waiting = set(futures)
        while waiting:
            _, waiting = wait(waiting, timeout=_LOOK_EVERY_S, return_when=FIRST_COMPLETED)
            if told is not None:
                told(sum(shares[:]) / len(runs))
        return [future.result() for future in futures]


_progress: list["SynchronizedArray[float]"] = []


def _share_progress(shares: "SynchronizedArray[float]") -> None:
    _progress.append(shares)


def _run(number: int, run: Run) -> Summary:
    def tell(share: float) -> None:
        _progress[0][number] = share

    summary = summary_of(_world(run.scenario), POLICIES[run.policy](), tell)
    tell(1.0)
    return summary


@lru_cache(maxsize=1)
def _world(scenario: str) -> World:
    return build_world(Scenario.model_validate_json(scenario))
