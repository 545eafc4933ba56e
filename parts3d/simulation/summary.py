"""What is left of a run when it is over: its figures, and what the picture shows. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from parts3d.simulation.engine import Tell, simulate
from parts3d.simulation.figures import Figures, figures_of, late_minutes, mean_figures
from parts3d.simulation.policy import Policy
from parts3d.simulation.world import World

Counts = tuple[int, int]  # kept, of all
_Key = TypeVar("_Key", int, float)


@dataclass(frozen=True, slots=True)
class Summary:
    """What came of one policy, over one or several seeds.

    Args:
        policy: its name.
        figures: as ``--json`` gives them.
        by_day: by measured day of the order: how many promises were kept, of how many orders.
        by_level: by stated level: how many promises were kept, of how many.
        late_min: minutes after the promise, of those that were late, ascending.
    """

    policy: str
    figures: Figures
    by_day: Mapping[int, Counts]
    by_level: Mapping[float, Counts]
    late_min: tuple[float, ...]


def summary_of(world: World, policy: Policy, tell: Tell | None = None) -> Summary:
    """Run a policy through a world and sum up what came of it."""
    record = simulate(world, policy, tell)
    outcomes = record.measured()
    levels = [(round(one.level, 3), one.kept) for one in outcomes if one.level is not None]
    late = (late_minutes(one, record.run_until) for one in outcomes)
    return Summary(
        policy.name,
        figures_of(record, world.scenario.hours.open_days),
        _counted([(record.day_of(one), one.kept) for one in outcomes]),
        _counted(levels),
        tuple(sorted(minutes for minutes in late if minutes > 0)),
    )


def joined(several: Sequence[Summary]) -> Summary:
    """Return the runs of one policy with several seeds as one."""
    return Summary(
        several[0].policy,
        mean_figures([one.figures for one in several]),
        _summed([one.by_day for one in several]),
        _summed([one.by_level for one in several]),
        tuple(sorted(minutes for one in several for minutes in one.late_min)),
    )


def _counted(facts: Iterable[tuple[_Key, bool]]) -> dict[_Key, Counts]:
    counts: dict[_Key, Counts] = {}
    for key, is_kept in facts:
        kept, total = counts.get(key, (0, 0))
        counts[key] = (kept + is_kept, total + 1)
    return dict(sorted(counts.items()))


def _summed(several: Iterable[Mapping[_Key, Counts]]) -> dict[_Key, Counts]:
    sums: dict[_Key, Counts] = {}
    for counts in several:
        for key, (kept, total) in counts.items():
            before = sums.get(key, (0, 0))
            sums[key] = (before[0] + kept, before[1] + total)
    return dict(sorted(sums.items()))
