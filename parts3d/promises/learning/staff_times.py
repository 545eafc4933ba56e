"""How long people take to clear a bed and check a part, by point and hour. Pure.

Counted in staffed minutes from the moment the point's person could begin: the end of the print,
or of the person's work before, whichever is later. So a busy person is not taken for a slow one.

The logarithm is the network's median + the point's shift + the hour's shift + a residual. Shifts
are shrunken and robust; the residual keeps the shape that was measured, by quantiles: people's
times are no log-normal, and promises live in the tail. Beds that wait still count as "at least so
long" (Kaplan and Meier), or the slow ones would be missing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import exp, log
from statistics import NormalDist

import numpy as np

from parts3d.promises.learning.shrinking import Floats, shrunken_shift, survival_quantiles

HALF_LIFE_DAYS = 30.0
LEAST_MINUTES, MOST_MINUTES = 0.5, 600.0

# Judgement, before anything is measured: half of the beds within 12 staffed minutes.
PRIOR_MEDIAN_MINUTES = 12.0
PRIOR_SIGMA = 0.6
_PRIOR_COUNT = 20.0
_POINT_SPREAD, _HOUR_SPREAD = 0.3, 0.2
_ROUNDS = 3

LEVELS = (0.01, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995)
_NORMAL = NormalDist()
_PRIOR_SHAPE = tuple(PRIOR_SIGMA * _NORMAL.inv_cdf(level) for level in LEVELS)


@dataclass(frozen=True, slots=True)
class Clearing:
    """One bed cleared and checked, or waiting still.

    Args:
        point: id of the point.
        hour: of the day, local time, 0 to 23, when it could begin.
        staffed_minutes: until it was done, or so far.
        done: whether it is.
        age_days: how long ago.
    """

    point: str
    hour: int
    staffed_minutes: float
    done: bool = True
    age_days: float = 0.0


@dataclass(frozen=True, slots=True)
class StaffTimes:
    """What was learned of people's times.

    Args:
        log_median: of the network.
        points: shifts by point.
        hours: shifts by hour of the day.
        shape: residuals at ``LEVELS``, ascending.
        counts: cleared beds by point.
    """

    log_median: float = log(PRIOR_MEDIAN_MINUTES)
    points: Mapping[str, float] = field(default_factory=dict)
    hours: Mapping[int, float] = field(default_factory=dict)
    shape: tuple[float, ...] = _PRIOR_SHAPE
    counts: Mapping[str, int] = field(default_factory=dict)

    def quantile_minutes(self, point: str, hour: int, level: float) -> float:
        """Return the staffed minutes within which a share ``level`` of beds is done."""
        middle = self.log_median + self.points.get(point, 0.0) + self.hours.get(hour, 0.0)
        return float(exp(middle + float(np.interp(level, LEVELS, self.shape))))

    def mean_minutes(self, point: str, hour: int) -> float:
        """Return the mean, over the quantiles."""
        levels = (np.arange(40) + 0.5) / 40
        return float(np.mean([self.quantile_minutes(point, hour, at) for at in levels.tolist()]))


def learn_staff_times(clearings: Collection[Clearing]) -> StaffTimes:
    """Learn people's times; whatever order they are given in."""
    kept = sorted(
        (one for one in clearings if one.staffed_minutes > 0),
        key=lambda one: (one.point, one.hour, one.staffed_minutes, one.age_days, one.done),
    )
    ended = [one for one in kept if one.done]
    if not ended:
        return StaffTimes()
    minutes = [min(max(one.staffed_minutes, LEAST_MINUTES), MOST_MINUTES) for one in kept]
    logs = np.log(np.array(minutes))
    done = np.array([one.done for one in kept], dtype=bool)
    weights: Floats = 0.5 ** (np.array([one.age_days for one in kept]) / HALF_LIFE_DAYS)
    points, hours = _Shifts(kept, "point"), _Shifts(kept, "hour")
    middle, sigma = log(PRIOR_MEDIAN_MINUTES), PRIOR_SIGMA
    for _ in range(_ROUNDS):
        middle = _shrunken_median(logs - points.of_each - hours.of_each, done)
        residuals = logs - middle - points.of_each - hours.of_each
        sigma = _shrunken_sigma(residuals[done])
        points.fit(residuals + points.of_each, weights, done, sigma, _POINT_SPREAD)
        residuals = logs - middle - points.of_each - hours.of_each
        hours.fit(residuals + hours.of_each, weights, done, sigma, _HOUR_SPREAD)
    residuals = logs - middle - points.of_each - hours.of_each
    return StaffTimes(
        middle,
        {str(name): shift for name, shift in points.shifts.items()},
        {int(name): shift for name, shift in hours.shifts.items()},
        _shape(residuals, done),
        {str(name): count for name, count in points.counts.items()},
    )


class _Shifts:
    """The shifts of one way to group."""

    def __init__(self, clearings: Collection[Clearing], by: str) -> None:
        names = [getattr(one, by) for one in clearings]
        self.names = sorted(set(names))
        index = {name: number for number, name in enumerate(self.names)}
        self.index = np.array([index[name] for name in names])
        self.shifts: dict[str | int, float] = dict.fromkeys(self.names, 0.0)
        self.counts: dict[str | int, int] = dict.fromkeys(self.names, 0)
        self.of_each: Floats = np.zeros(len(names))

    def fit(
        self, values: Floats, weights: Floats, done: np.ndarray, sigma: float, spread: float
    ) -> None:
        """Fit to values; what is not done only pulls upwards."""
        for number, name in enumerate(self.names):
            mine = self.index == number
            counted = mine & (done | (values > self.of_each))
            self.counts[name] = int((mine & done).sum())
            shift = shrunken_shift(values[counted], weights[counted], sigma, spread)
            self.shifts[name] = shift
            self.of_each[mine] = shift


def _shrunken_median(values: Floats, done: np.ndarray) -> float:
    (median,) = survival_quantiles(values.tolist(), done.tolist(), (0.5,))
    measured = float(values.max()) if median is None else median
    count = len(values)
    return (measured * count + log(PRIOR_MEDIAN_MINUTES) * _PRIOR_COUNT) / (count + _PRIOR_COUNT)


def _shrunken_sigma(residuals: Floats) -> float:
    deviation = 1.4826 * float(np.median(np.abs(residuals)))
    count = len(residuals)
    variance = deviation**2 * count + PRIOR_SIGMA**2 * _PRIOR_COUNT
    return float((variance / (count + _PRIOR_COUNT)) ** 0.5)


def _shape(residuals: Floats, done: np.ndarray) -> tuple[float, ...]:
    """Return the residuals' quantiles, drawn towards the prior's; outer ones need more to move."""
    found = survival_quantiles(residuals.tolist(), done.tolist(), LEVELS)
    count = len(residuals)
    shape: list[float] = []
    for level, measured, prior in zip(LEVELS, found, _PRIOR_SHAPE, strict=True):
        # About one in so many measured ones lies beyond the level.
        worth = count * min(level, 1 - level)
        weight = worth / (worth + _PRIOR_COUNT * 0.05)
        largest = float(residuals.max())
        value = max(largest, prior) if measured is None else measured
        shape.append(weight * value + (1 - weight) * prior)
    return tuple(np.maximum.accumulate(shape).tolist())
