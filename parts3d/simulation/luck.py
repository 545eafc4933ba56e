"""Chance by key: the same job, attempt and printer always meet the same luck. Pure.

A draw is a hash of its key, so it depends neither on the order in which draws are asked for nor on
what a policy did before: all policies meet the same luck (common random numbers; e.g. Law,
"Simulation Modeling and Analysis", 5th edition, section 11.2). The hash is the finaliser of
SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014), in
counter mode.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import exp
from statistics import NormalDist

_MASK = (1 << 64) - 1
_GOLDEN = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_UNIT = 2.0**-53
_NORMAL = NormalDist()

# How a printer's own report of progress bends: file position against time.
_PROGRESS_BEND_SD = 0.15


def mixed(number: int) -> int:
    """Return 64 well-mixed bits of a number."""
    number = (number ^ (number >> 30)) * _FIRST & _MASK
    number = (number ^ (number >> 27)) * _SECOND & _MASK
    return number ^ (number >> 31)


@dataclass(frozen=True, slots=True)
class Fate:
    """What chance has in store for one attempt on one printer, outages apart.

    Args:
        slowness: factor on the print's duration.
        fails_at: share of the print at which it fails; None when it does not.
        rejected: the check finds it no good.
        clear_share: where in the span of clearing times this one lies, 0 to 1.
        progress_bend: exponent of the reported progress.
    """

    slowness: float
    fails_at: float | None
    rejected: bool
    clear_share: float
    progress_bend: float


@dataclass(frozen=True, slots=True)
class Luck:
    """The scenario's chance.

    Args:
        seed: of the scenario.
        noise_sd: of the logarithm of a print's time.
        fail: chance that a print fails.
        reject: chance that the check rejects a finished one.
    """

    seed: int
    noise_sd: float
    fail: float
    reject: float

    def fate(self, order: int, ordinal: int, attempt: int, printer: int) -> Fate:
        """Return the fate of one attempt.

        Args:
            order: number of the order.
            ordinal: of the job among the order's jobs, from 0.
            attempt: of the job, from 1.
            printer: index; it names the point too.
        """
        return _fate(self, order, ordinal, attempt, printer)


@lru_cache(maxsize=200_000)  # the oracle looks at the same attempts again and again
def _fate(luck: Luck, order: int, ordinal: int, attempt: int, printer: int) -> Fate:
    key = mixed((luck.seed * _GOLDEN + order) & _MASK)
    key = mixed((key + ordinal * 1_000_003 + attempt * 31) & _MASK)
    key = mixed((key + printer) & _MASK)
    draws = [(mixed((key + index * _GOLDEN) & _MASK) >> 11) * _UNIT for index in range(1, 7)]
    noise, bend, failing, at, rejecting, clearing = draws
    return Fate(
        slowness=exp(luck.noise_sd * _normal(noise)),
        fails_at=at if failing < luck.fail else None,
        rejected=rejecting < luck.reject,
        clear_share=clearing,
        progress_bend=exp(_PROGRESS_BEND_SD * _normal(bend)),
    )


def _normal(uniform: float) -> float:
    return _NORMAL.inv_cdf(max(uniform, _UNIT))
