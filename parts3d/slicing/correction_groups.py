"""Prints grouped by printer or by part, as the fit of corrections needs them. Pure."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.intp]


def weighted_quantile(values: Floats, weights: Floats, level: float) -> float:
    """Return the weighted quantile; 0 of nothing."""
    if not len(values):
        return 0.0
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order]) - 0.5 * weights[order]
    return float(np.interp(level * weights.sum(), reached, values[order]))


class Group:
    """Printers or parts: which each print belongs to, their shifts and their spread.

    Args:
        names: of each print.
        spread: standard deviation of the shifts, to begin with.
    """

    def __init__(self, names: Sequence[str], spread: float) -> None:
        self.names, index = np.unique(np.array(names, dtype=object), return_inverse=True)
        self.index: Numbers = index.astype(np.intp)
        self.prior = self.spread = spread
        self.shifts: Floats = np.zeros(len(self.names))

    def sums(self, values: Floats) -> Floats:
        """Return the sum of values of prints, by name."""
        sums = np.bincount(self.index, weights=values, minlength=len(self.names))
        return sums.astype(np.float64)  # of no prints at all, numpy counts in whole numbers

    def of_prints(self) -> Floats:
        """Return the shift that each print shares in."""
        return self.shifts[self.index]

    def errors(self, weights: Floats, sigma: float, other: "Group") -> Floats:
        """Return what stays unknown of each shift: its prints are few, and of few others."""
        total = np.maximum(self.sums(weights), 1e-12)
        pairs, of_pair = np.unique(self.index * len(other.names) + other.index, return_inverse=True)
        shares = np.bincount(of_pair, weights=weights, minlength=len(pairs))
        owner = pairs // max(len(other.names), 1)
        squares = np.bincount(owner, weights=shares**2, minlength=len(self.names))
        clumps = squares / total**2 * other.spread**2
        variance = sigma**2 / total + clumps
        errors: Floats = np.sqrt(self.spread**2 * variance / (self.spread**2 + variance))
        return errors
