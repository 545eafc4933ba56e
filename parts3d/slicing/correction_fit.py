"""Learns corrections from measured prints: a robust, shrunken, censored fit. Pure.

Minimises, over the model's shift m and the deviations p of its printers and r of its parts::

    sum of w * rho((y - m - p - r) / s)                  complete prints, Huber's rho
  + sum of w * C((c - m - p - r) / s)                    prints that still run
  + (m - parent)^2 / 2t^2 + sum of p^2 / 2t_p^2 + sum of r^2 / 2t_r^2

with y the logarithm of actual over estimated and w = 2^(-age / half-life). The squares are the
prior: without data every shift is its parent's. C's slope is that of minus the logarithm of a
normal tail, cut where Huber's is. Every term is convex, hence there is one minimum, whatever the
order of the prints; coordinate descent finds it. The spreads t_p, t_r and s are learned as well:
the first two by the EM step for variances, s from the residuals (their median deviation or, with
enough prints, their 95th percentile, whichever is wider: promises live in the tail).

Sources: Huber, "Robust Estimation of a Location Parameter" (1964); Henderson's mixed model for
crossed effects, e.g. Robinson, "That BLUP is a good thing" (1991); Schmee and Hahn, "A simple
method for regression analysis with censored data" (1979); Tobin (1958) for the normal tail.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

import numpy as np
import numpy.typing as npt
from scipy.special import log_ndtr

from parts3d.slicing.correction import (
    MODEL_SPREAD,
    NETWORK_SPREAD,
    NOTHING_MEASURED,
    PART_SPREAD,
    PRINTER_SPREAD,
    SINGLE_PRINT_SIGMA,
    Correction,
)
from parts3d.slicing.correction_groups import Floats, Group, Numbers, weighted_quantile

HALF_LIFE_DAYS = 60.0
MOST_PLAUSIBLE_RATIO = 4.0  # a print 4 times faster or slower measures a clock or a fault

_HUBER = 1.5
_SPREAD_PRIOR_GROUPS = 5.0  # printers or parts that the stated spread is worth
_SIGMA_PRIOR_PRINTS = 10.0
_TAIL_PRINTS = 40.0
_TAIL_LEVEL, _TAIL_SCORE = 0.95, 1.6449
_MEDIAN_DEVIATION_TO_SIGMA = 1.4826
_ROUNDS, _SWEEPS, _STEPS = 4, 60, 6
_CLOSE_ENOUGH = 1e-7
_HALF_LOG_TWO_PI = 0.9189385332046727


@dataclass(frozen=True, slots=True)
class MeasuredPrint:
    """One print on a printer of the model.

    Args:
        printer: its id.
        part: id of what was printed.
        estimated_seconds: by the slice that was printed.
        seconds: by the printer's clock; so far, if it still runs.
        age_days: since it ended (or now); at least 0.
        complete: ended well, and not "at least that long".
        paused: its time holds a pause, so it measures nothing.
    """

    printer: str
    part: str
    estimated_seconds: float
    seconds: float
    age_days: float = 0.0
    complete: bool = True
    paused: bool = False

    def measures(self) -> bool:
        """Tell whether its time says anything about print times."""
        if self.paused or not (self.estimated_seconds > 0 and self.seconds > 0):
            return False
        ratio = self.seconds / self.estimated_seconds
        plausible = isfinite(ratio) and ratio <= MOST_PLAUSIBLE_RATIO
        return plausible and (not self.complete or ratio >= 1 / MOST_PLAUSIBLE_RATIO)


@dataclass(frozen=True, slots=True)
class Learned:
    """The corrections of one model, its printers and its parts."""

    model: Correction
    printers: Mapping[str, Correction]
    parts: Mapping[str, Correction]


def learn_model(
    prints: Collection[MeasuredPrint], parent: Correction = NOTHING_MEASURED
) -> Learned:
    """Learn a printer model's correction and those of its printers and parts.

    Args:
        prints: all on printers of one model, in any order.
        parent: the network's correction, which the model's is shrunken to.
    """
    fit = _Fit(prints, parent)
    for _ in range(_ROUNDS):
        fit.descend()
        fit.learn_spreads()
    fit.descend()
    return fit.learned()


def learn_network(models: Sequence[Correction]) -> Correction:
    """Return the network's correction: the shrunken mean of its models, sigma their mean spread."""
    measured = [one for one in models if one.prints]
    if not measured:
        return NOTHING_MEASURED
    weights = np.array([1 / (MODEL_SPREAD**2 + one.log_error**2) for one in measured])
    shifts = np.array([one.log_factor for one in measured])
    total = weights.sum() + 1 / NETWORK_SPREAD**2
    prints = np.array([one.weight for one in measured])
    variances = np.array([one.sigma**2 for one in measured])
    sigma = np.sqrt(_shrunken(SINGLE_PRINT_SIGMA**2, _SIGMA_PRIOR_PRINTS, variances, prints))
    shift = float((weights * shifts).sum() / total)
    return Correction(
        log_shift=shift,
        log_error=float(total**-0.5),
        log_factor=shift,
        sigma=float(sigma),
        prints=sum(one.prints for one in measured),
        running=sum(one.running for one in measured),
        left_out=sum(one.left_out for one in measured),
        weight=float(prints.sum()),
    )


def _shrunken(prior: float, prior_weight: float, values: Floats, weights: Floats) -> float:
    return float((prior * prior_weight + (values * weights).sum()) / (prior_weight + weights.sum()))


class _Fit:
    def __init__(self, prints: Collection[MeasuredPrint], parent: Correction) -> None:
        # In one order: sums of floats would differ in their last digits.
        kept = sorted(
            (one for one in prints if one.measures()),
            key=lambda one: (one.printer, one.part, one.seconds, one.age_days, one.complete),
        )
        self.parent = parent
        self.left_out = [one for one in prints if not one.measures()]
        self.prints = kept
        self.log_ratios = np.log(
            np.array([one.seconds for one in kept])
            / np.array([one.estimated_seconds for one in kept])
        )
        self.weights: Floats = 0.5 ** (np.array([one.age_days for one in kept]) / HALF_LIFE_DAYS)
        self.complete = np.array([one.complete for one in kept], dtype=bool)
        self.printers = Group([one.printer for one in kept], PRINTER_SPREAD)
        self.parts = Group([one.part for one in kept], PART_SPREAD)
        self.shift = 0.0
        self.sigma = parent.sigma

    def descend(self) -> None:
        """Move each level in turn to its minimum, the others being fixed."""
        if not self.prints:
            return
        everything = np.zeros(len(self.prints), dtype=np.intp)
        for _ in range(_SWEEPS):
            before = np.concatenate([[self.shift], self.printers.shifts, self.parts.shifts])
            around = self.log_ratios - self.parent.log_factor
            beside = self.printers.of_prints() + self.parts.of_prints()
            self.shift = float(
                self._step(around - beside, everything, np.array([self.shift]), MODEL_SPREAD)[0]
            )
            for group, other in ((self.printers, self.parts), (self.parts, self.printers)):
                rest = around - self.shift - other.of_prints()
                group.shifts = self._step(rest, group.index, group.shifts, group.spread)
            after = np.concatenate([[self.shift], self.printers.shifts, self.parts.shifts])
            if np.abs(after - before).max() < _CLOSE_ENOUGH:
                break

    def _step(self, values: Floats, index: Numbers, shifts: Floats, spread: float) -> Floats:
        """Return shifts nearer to where the pull of prints and of the prior is in balance."""
        count = len(shifts)
        total = np.bincount(index, weights=self.weights, minlength=count)
        prior = (self.sigma / spread) ** 2
        for _ in range(_STEPS):
            pull = self.weights * self._pull(values - shifts[index])
            moved = (np.bincount(index, weights=pull, minlength=count) - prior * shifts) / (
                total + prior
            )
            shifts = shifts + moved
            if np.abs(moved).max() < _CLOSE_ENOUGH:
                break
        return shifts

    def _pull(self, residuals: Floats) -> Floats:
        """Return by how much each print pulls at its fit, no more than Huber allows."""
        scores = residuals / self.sigma
        tails = np.exp(-0.5 * scores**2 - _HALF_LOG_TWO_PI - log_ndtr(-scores))
        pulls = np.where(self.complete, scores, tails)
        clipped: Floats = np.clip(pulls, -_HUBER, _HUBER) * self.sigma
        return clipped

    def learn_spreads(self) -> None:
        """Learn the spread of single prints, printers and parts from the present fit."""
        if not self.complete.any():
            return
        weights = np.where(self.complete, self.weights, 0.0)
        for group, other in ((self.printers, self.parts), (self.parts, self.printers)):
            errors = group.errors(weights, self.sigma, other)
            squares = group.shifts**2 + errors**2
            seen = (group.sums(weights) > 0).astype(float)
            variance = _shrunken(group.prior**2, _SPREAD_PRIOR_GROUPS, squares, seen)
            group.spread = variance**0.5
        self.sigma = self._spread_of(self.complete, self.parent.sigma)

    def _spread_of(self, which: npt.NDArray[np.bool_], prior: float) -> float:
        """Return the spread of single prints: robust, with a tail that covers what was measured."""
        weights = self.weights[which]
        total = float(weights.sum())
        residuals = self._residuals()[which]
        # Shifts that were fitted to these prints made the residuals smaller.
        freedom = total * max(1 - self._fitted() / float(self.weights.sum()), 0.5)
        deviation = weighted_quantile(np.abs(residuals), weights, 0.5) * _MEDIAN_DEVIATION_TO_SIGMA
        variance = deviation**2 * total / freedom if total else prior**2
        if total >= _TAIL_PRINTS:
            tail = weighted_quantile(residuals, weights, _TAIL_LEVEL) / _TAIL_SCORE
            variance = max(variance, tail**2)
        learned = (_SIGMA_PRIOR_PRINTS * prior**2 + total * variance) / (
            _SIGMA_PRIOR_PRINTS + total
        )
        return float(learned**0.5)

    def _residuals(self) -> Floats:
        fitted = self.printers.of_prints() + self.parts.of_prints()
        residuals: Floats = self.log_ratios - self.parent.log_factor - self.shift - fitted
        return residuals

    def _fitted(self) -> float:
        """Return how many free numbers the fit has: a shift counts as far as it is not shrunken."""
        free = 0.0
        for group in (self.printers, self.parts):
            totals = group.sums(self.weights)
            free += float((totals / (totals + (self.sigma / group.spread) ** 2)).sum())
        return free

    def learned(self) -> Learned:
        """Return what was learned as values."""
        count = int(self.complete.sum())
        weights = np.where(self.complete, self.weights, 0.0)
        total = float(weights.sum())
        error = MODEL_SPREAD
        if total > 0:
            variance = self.sigma**2 / total
            for group in (self.printers, self.parts):
                variance += float(((group.sums(weights) / total) ** 2).sum()) * group.spread**2
            error = (MODEL_SPREAD**2 * variance / (MODEL_SPREAD**2 + variance)) ** 0.5
        model = Correction(
            log_shift=self.shift,
            log_error=float(np.hypot(error, self.parent.log_error)) if not count else error,
            log_factor=self.parent.log_factor + self.shift,
            sigma=self.sigma,
            prints=count,
            running=len(self.prints) - count,
            left_out=len(self.left_out),
            weight=total,
            printer_spread=self.printers.spread,
            part_spread=self.parts.spread,
        )
        return Learned(
            model,
            self._of_group(model, self.printers, self.parts, [p.printer for p in self.left_out]),
            self._of_group(model, self.parts, self.printers, [p.part for p in self.left_out]),
        )

    def _of_group(
        self, model: Correction, group: Group, other: Group, left_out: Sequence[str]
    ) -> Mapping[str, Correction]:
        weights = np.where(self.complete, self.weights, 0.0)
        totals, errors = group.sums(weights), group.errors(weights, self.sigma, other)
        counts, all_counts = (
            group.sums(self.complete.astype(float)),
            group.sums(self.weights * 0 + 1),
        )
        return {
            str(name): replace(
                model,
                log_shift=float(group.shifts[at]),
                log_error=float(errors[at]),
                log_factor=model.log_factor + float(group.shifts[at]),
                sigma=self._spread_of(self.complete & (group.index == at), self.sigma)
                if counts[at] >= _SIGMA_PRIOR_PRINTS
                else self.sigma,
                prints=int(counts[at]),
                running=int(all_counts[at] - counts[at]),
                left_out=left_out.count(str(name)),
                weight=float(totals[at]),
            )
            for at, name in enumerate(group.names)
        }
