"""How many times as often promises are missed as was planned, and what to plan with. Pure.

A promise planned at 99 % is expected to be missed once in a hundred. Where twice as many are, the
tail of what may happen is about twice as heavy as the planner believes, and 99 % are kept by
planning at 99.5 %. The ratio of missed to expected is a Gamma-Poisson mean, drawn towards 1 for the
network and towards the network's for a point, an hour or a printer model. It is reckoned against
what was *planned*, not against what was stated: what was corrected once is not corrected again.

Care goes one way. A ratio above 1 is believed at its mean; one below only as far as nine tenths of
its posterior lie below (so that a hundred lucky promises make none careless); and a newcomer is
taken to be somewhat worse than the others until it has shown itself.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from scipy.special import gammaincinv

from parts3d.promises.learning.calibration import By, PromiseOutcome

HALF_LIFE_DAYS = 30.0
_PRIOR_MISSES = 3.0  # what "as planned" is worth to the network
_GROUP_MISSES = 4.0  # what the network is worth to one of its groups
_SURE = 0.9
_NEWCOMER = 1.25
_NO_NEWCOMER_FROM = 50.0  # promises
_LEAST_FACTOR, _MOST_FACTOR = 0.7, 6.0
_HIGHEST_LEVEL = 0.9995
GROUPED_BY = (By.POINT, By.HOUR, By.MODEL)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A group's promises and misses, weighted by age, and the ratio believed of it."""

    promises: float
    missed: float
    expected: float
    ratio: float


@dataclass(frozen=True, slots=True)
class Misses:
    """What was learned. Without any promise, all is as planned.

    Args:
        whole: of the network; its ratio is that of missed to expected.
        groups: by way to group and name; their ratios are relative to the network's.
        counted: promises that were looked at.
    """

    whole: Ratio = field(default_factory=lambda: Ratio(0, 0, 0, 1.0))
    groups: Mapping[By, Mapping[str, Ratio]] = field(default_factory=dict)
    counted: int = 0

    def factor(self, point: str, hour: int, models: Collection[str]) -> float:
        """Return how many times as many promises as planned are missed, there and then.

        Of point, hour and the worst of the models the worst counts: they count the same misses.
        """
        if not self.counted:
            return 1.0
        of_models = [self._of(By.MODEL, model) for model in models]
        worst = max(
            [self._of(By.POINT, point), self._of(By.HOUR, f"{hour:02d}"), *of_models], default=1.0
        )
        return min(max(self.whole.ratio * worst, _LEAST_FACTOR), _MOST_FACTOR)

    def _of(self, by: By, name: str) -> float:
        known = self.groups.get(by, {}).get(name)
        if known is not None:
            return known.ratio
        return 1.0 if by is By.HOUR else _NEWCOMER


@dataclass(frozen=True, slots=True)
class Settled:
    """A promise whose minute has passed: what was planned, and how long ago.

    Whoever counts promises that are ready before their minute counts only those: of promises that
    are still open the good ones are known first.
    """

    outcome: PromiseOutcome
    planned: float
    age_days: float = 0.0


def planned_level(target: float, factor: float) -> float:
    """Return the level to plan at, so that a share ``target`` is kept where misses are so many."""
    return min(1 - (1 - target) / factor, _HIGHEST_LEVEL) if factor > 0 else target


def learn_misses(promises: Collection[Settled]) -> Misses:
    """Learn from promises whose time has come."""
    counts: dict[tuple[By, str], list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    whole = [0.0, 0.0, 0.0]
    for one in promises:
        weight = 0.5 ** (max(one.age_days, 0.0) / HALF_LIFE_DAYS)
        sums = (weight, 0.0 if one.outcome.kept else weight, weight * (1 - one.planned))
        for row in (whole, *(counts[by, one.outcome.name(by)] for by in GROUPED_BY)):
            for position, value in enumerate(sums):
                row[position] += value
    if not promises:
        return Misses()
    total, missed, expected = whole
    of_all = Ratio(total, missed, expected, _believed(missed, expected, 1.0, _PRIOR_MISSES))
    groups: dict[By, dict[str, Ratio]] = {by: {} for by in GROUPED_BY}
    for (by, name), (total, missed, expected) in sorted(counts.items()):
        new = 0.0 if by is By.HOUR else max(1 - total / _NO_NEWCOMER_FROM, 0.0)
        prior = 1.0 + (_NEWCOMER - 1.0) * new
        ratio = _believed(missed, expected * of_all.ratio, prior, _GROUP_MISSES)
        groups[by][name] = Ratio(total, missed, expected, ratio)
    return Misses(of_all, groups, len(promises))


def _believed(missed: float, expected: float, prior: float, worth: float) -> float:
    shape, rate = missed + prior * worth, expected + worth
    mean = shape / rate
    if mean >= 1:
        return mean
    return min(1.0, float(gammaincinv(shape, _SURE)) / rate)
