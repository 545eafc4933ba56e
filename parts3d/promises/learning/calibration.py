"""How well promises were kept against what they stated, and what to state instead. Pure.

Every promise states a level. Where its distribution was kept, the promise has a *score* too: the
probability that it gave to "ready by when it truly was". Were all distributions right, scores
would be uniform. The level at which to promise, so that a share ``target`` is kept, is then the
score of rank ``ceil((n + 1) * target)`` of n past ones (split conformal prediction: Vovk, Gammerman
and Shafer, "Algorithmic Learning in a Random World", 2005; Lei and others, 2018). Without scores
the level follows the outcomes in steps (adaptive conformal inference: Gibbs and Candes, 2021).
Groups (points, hours, models) are shown apart, and corrected apart only where they are large.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import ceil, exp, log

from parts3d.promises.learning.shrinking import interval

LEAST_SCORES = 200  # below, the tail's ranks say nothing about 99 %
_STEP = 0.3
_LOWEST, _HIGHEST = 0.5, 0.9995
_BIN_EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.975, 0.985, 0.995, 1.0)


class By(StrEnum):
    """Ways to group promises."""

    POINT = "point"
    HOUR = "hour"
    MODEL = "model"
    SAME_DAY = "same_day"


@dataclass(frozen=True, slots=True)
class PromiseOutcome:
    """One promise whose time has come.

    A promise whose part is not ready at its minute is over then and not kept: waiting until it is
    ready would leave the worst ones out.

    Args:
        stated: the level that it stated, 0 to 1.
        kept: whether it was ready by its minute.
        point: id of the point.
        hour: of the day when it was ordered, local time.
        model: of the printer it was planned on.
        same_day: whether it was for the day of the order.
        score: see the module; None when its distribution is not known. A part that is not ready
            at all has the score 1.
    """

    stated: float
    kept: bool
    point: str
    hour: int
    model: str
    same_day: bool = True
    score: float | None = None

    def name(self, by: By) -> str:
        """Return what it belongs to in a grouping."""
        if by is By.HOUR:
            return f"{self.hour:02d}"
        if by is By.SAME_DAY:
            return "same day" if self.same_day else "later"
        return self.point if by is By.POINT else self.model


@dataclass(frozen=True, slots=True)
class Cell:
    """A group of promises: what they stated in the mean, how many were kept, and how sure that is.

    ``low`` and ``high`` are Wilson's interval at 95 %.
    """

    promises: int
    kept: int
    stated: float
    low: float
    high: float

    @property
    def share_kept(self) -> float:
        """Return the share that was kept."""
        return self.kept / self.promises

    @property
    def is_off(self) -> bool:
        """Whether chance alone hardly explains the difference."""
        return not self.low <= self.stated <= self.high


@dataclass(frozen=True, slots=True)
class Calibration:
    """What was observed.

    Args:
        whole: all promises; None without any.
        groups: by way to group and name.
        bins: by stated level, (lower edge, cell), rising: the calibration plot.
    """

    whole: Cell | None
    groups: Mapping[By, Mapping[str, Cell]]
    bins: tuple[tuple[float, Cell], ...]


def calibrate(outcomes: Collection[PromiseOutcome]) -> Calibration:
    """Count how well promises were kept."""
    groups: dict[By, dict[str, Cell]] = {}
    for by in By:
        named: dict[str, list[PromiseOutcome]] = {}
        for one in outcomes:
            named.setdefault(one.name(by), []).append(one)
        groups[by] = {name: _cell(named[name]) for name in sorted(named)}
    bins = []
    for low, high in pairwise(_BIN_EDGES):
        inside = [one for one in outcomes if low < one.stated <= high]
        if inside:
            bins.append((low, _cell(inside)))
    return Calibration(_cell(list(outcomes)) if outcomes else None, groups, tuple(bins))


def level_for(target: float, scores: Sequence[float], *, least: int = LEAST_SCORES) -> float:
    """Return the level to plan with, so that a share ``target`` of promises is kept.

    Args:
        target: between 0 and 1.
        scores: of past promises planned by the same method.
        least: with fewer, the target itself is returned, unless they show it to be too low.
    """
    if not scores:
        return target
    ordered = sorted(scores)
    rank = ceil((len(ordered) + 1) * target)
    found = ordered[min(rank, len(ordered)) - 1]
    if rank > len(ordered) >= least:
        found = _HIGHEST
    if len(ordered) < least:
        weight = len(ordered) / least
        found = _logistic(weight * _logit(found) + (1 - weight) * _logit(target))
        found = max(found, target)
    return min(max(found, _LOWEST), _HIGHEST)


def followed_level(level: float, target: float, kept: Sequence[bool], step: float = _STEP) -> float:
    """Return the level after these outcomes, in the order in which they became known.

    Each promise not kept raises it, each kept one lowers it a little; in balance when a share
    ``target`` is kept. Steps are in the logarithm of the odds, so it stays between 0 and 1.

    Args:
        level: to begin with.
        target: share to be kept.
        kept: outcomes.
        step: of one outcome.
    """
    odds = _logit(level)
    for one in kept:
        odds += step * (target - one)
    return min(max(_logistic(odds), _LOWEST), _HIGHEST)


def _cell(outcomes: Sequence[PromiseOutcome]) -> Cell:
    kept = sum(one.kept for one in outcomes)
    low, high = interval(kept, len(outcomes))
    stated = sum(one.stated for one in outcomes) / len(outcomes)
    return Cell(len(outcomes), kept, stated, low, high)


def _logit(share: float) -> float:
    share = min(max(share, 1e-6), 1 - 1e-6)
    return log(share / (1 - share))


def _logistic(odds: float) -> float:
    return 1 / (1 + exp(-odds))
