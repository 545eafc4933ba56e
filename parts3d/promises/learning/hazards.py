"""How often printers drop out and agents fall silent, and for how long. Pure.

Spells begin at a rate per hour (Gamma-Poisson, shrunken to the kind's); their lengths keep the
shape that was measured, by quantiles of the logarithm. Spells that still last count as "at least
so long" (Kaplan and Meier): of those that ended alone, the long ones would be missing.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import exp, expm1, log
from statistics import NormalDist

import numpy as np

from parts3d.promises.learning.shrinking import shrunken_rate, survival_quantiles

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99)
_NORMAL = NormalDist()
_PRIOR_SPELLS = 10.0
_OWN_WORTH_SPELLS = 4.0  # spells of its kind that count as much as those of one printer


@dataclass(frozen=True, slots=True)
class Kind:
    """What is believed of a kind of spell before any is seen.

    Args:
        every_hours: mean hours between two of one unit.
        median_hours: half of them last longer.
        sigma: standard deviation of the logarithm of how long.
    """

    every_hours: float
    median_hours: float
    sigma: float


# Judgement: hobby-grade printers in shops stand still about once a fortnight.
OUTAGES = Kind(every_hours=300.0, median_hours=4.0, sigma=1.2)
SILENCES = Kind(every_hours=500.0, median_hours=0.5, sigma=1.2)


@dataclass(frozen=True, slots=True)
class Spell:
    """One outage of a printer, or silence of a point's agent.

    Args:
        unit: id of the printer or point.
        hours: how long, or so far.
        over: whether it ended.
    """

    unit: str
    hours: float
    over: bool = True


@dataclass(frozen=True, slots=True)
class Hazard:
    """What was learned of one kind of spell.

    Args:
        per_hour: rate of the kind, per hour of a unit that works.
        units: rates by unit.
        shape: logarithm of the hours at ``LEVELS``, ascending.
        spells: seen.
    """

    per_hour: float
    shape: tuple[float, ...]
    units: Mapping[str, float] = field(default_factory=dict)
    spells: int = 0

    def chance(self, unit: str, hours: float) -> float:
        """Return the chance that a spell begins within so many hours."""
        return -expm1(-self.units.get(unit, self.per_hour) * max(hours, 0.0))

    def lasting_hours(self, level: float, so_far: float = 0.0) -> float:
        """Return how long a spell lasts in all, at a level, given that it has lasted so far."""
        past = self._share_within(so_far) if so_far > 0 else 0.0
        at = past + level * (1 - past)
        return max(exp(float(np.interp(at, LEVELS, self.shape))), so_far)

    def _share_within(self, hours: float) -> float:
        return float(np.interp(log(hours), self.shape, LEVELS, left=0.0))


def learn_hazard(
    kind: Kind, spells: Collection[Spell], working_hours: Mapping[str, float]
) -> Hazard:
    """Learn a kind of spell.

    Args:
        kind: what is believed without any.
        spells: seen, in any order.
        working_hours: by unit, the hours in which a spell could have begun.
    """
    counts: defaultdict[str, int] = defaultdict(int)
    for spell in spells:
        counts[spell.unit] += 1
    rate = shrunken_rate(
        len(spells),
        sum(working_hours[unit] for unit in sorted(working_hours)),
        1 / kind.every_hours,
        _PRIOR_SPELLS * kind.every_hours,
    )
    units = {
        unit: shrunken_rate(counts[unit], hours, rate, _OWN_WORTH_SPELLS / rate)
        for unit, hours in working_hours.items()
    }
    return Hazard(rate, _shape(kind, spells), units, len(spells))


def _shape(kind: Kind, spells: Collection[Spell]) -> tuple[float, ...]:
    prior = [log(kind.median_hours) + kind.sigma * _NORMAL.inv_cdf(level) for level in LEVELS]
    ordered = sorted(spells, key=lambda one: (one.hours, one.over))
    logs = [log(max(one.hours, 1 / 60)) for one in ordered]
    if not logs:
        return tuple(prior)
    found = survival_quantiles(logs, [one.over for one in ordered], LEVELS)
    weight = len(logs) / (len(logs) + _PRIOR_SPELLS)
    shape = [
        weight * (max(logs[-1], before) if measured is None else measured) + (1 - weight) * before
        for measured, before in zip(found, prior, strict=True)
    ]
    return tuple(np.maximum.accumulate(shape).tolist())
