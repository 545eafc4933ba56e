"""How well promises were kept against what they stated. Pure.

Groups (points, hours, models) are shown apart; each share has Wilson's interval, so that a small
group is not taken for a bad one.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from parts3d.promises.learning.shrinking import interval

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
    """

    stated: float
    kept: bool
    point: str
    hour: int
    model: str
    same_day: bool = True

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


def _cell(outcomes: Sequence[PromiseOutcome]) -> Cell:
    kept = sum(one.kept for one in outcomes)
    low, high = interval(kept, len(outcomes))
    stated = sum(one.stated for one in outcomes) / len(outcomes)
    return Cell(len(outcomes), kept, stated, low, high)
