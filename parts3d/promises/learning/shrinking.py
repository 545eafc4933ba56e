"""Rates and shifts of many alike, each drawn towards the others as far as it is little known. Pure.

Sources: the Gamma-Poisson and Beta-binomial conjugate pairs (Gelman and others, "Bayesian Data
Analysis", 3rd edition, chapter 2); Huber, "Robust Estimation of a Location Parameter" (1964).
"""

from collections.abc import Sequence
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_NORMAL = NormalDist()
_HUBER = 1.5
_STEPS = 8


def shrunken_rate(events: float, exposure: float, prior: float, prior_exposure: float) -> float:
    """Return the mean of a Gamma posterior: events per exposure.

    With tries as exposure it is the mean of a Beta posterior too.

    Args:
        events: counted.
        exposure: in which they were counted.
        prior: rate of the kind.
        prior_exposure: the exposure that the prior is worth.
    """
    return (events + prior * prior_exposure) / (exposure + prior_exposure)


def shrunken_shift(residuals: Floats, weights: Floats, sigma: float, spread: float) -> float:
    """Return the shift of a group: Huber's mean, drawn towards 0.

    Minimises ``sum of w * rho((r - shift) / sigma) + shift^2 / (2 * spread^2)``.

    Args:
        residuals: deviations from the kind's own.
        weights: of each.
        sigma: standard deviation of single ones, above 0.
        spread: standard deviation of shifts between groups, above 0.
    """
    shift, prior, total = 0.0, (sigma / spread) ** 2, float(weights.sum())
    for _ in range(_STEPS):
        pull = np.clip(residuals - shift, -_HUBER * sigma, _HUBER * sigma)
        shift += (float((weights * pull).sum()) - prior * shift) / (total + prior)
    return shift


def interval(kept: float, total: float, confidence: float = 0.95) -> tuple[float, float]:
    """Return Wilson's interval of a share (Wilson, 1927); (0, 1) of nothing."""
    if total <= 0:
        return 0.0, 1.0
    z = _NORMAL.inv_cdf((1 + confidence) / 2)
    share = kept / total
    middle = share + z * z / (2 * total)
    half = z * ((share * (1 - share) + z * z / (4 * total)) / total) ** 0.5
    over = 1 + z * z / total
    return max((middle - half) / over, 0.0), min((middle + half) / over, 1.0)


def survival_quantiles(
    values: Sequence[float], ended: Sequence[bool], levels: Sequence[float]
) -> tuple[float | None, ...]:
    """Return quantiles of durations of which some still last (Kaplan and Meier, 1958).

    Leaving out what still lasts would keep the short ones only: survivor bias.

    Args:
        values: how long each took, or has lasted so far.
        ended: whether it is over.
        levels: between 0 and 1, ascending.

    Returns:
        None for levels that nothing which ended reaches.
    """
    order = sorted(range(len(values)), key=lambda index: (values[index], not ended[index]))
    at_risk, survival = len(values), 1.0
    found: list[float | None] = []
    remaining = list(levels)
    for index in order:
        if ended[index]:
            survival *= 1 - 1 / at_risk
        at_risk -= 1
        while remaining and 1 - survival >= remaining[0] - 1e-12:
            found.append(values[index])
            remaining.pop(0)
    return (*found, *[None] * len(remaining))
