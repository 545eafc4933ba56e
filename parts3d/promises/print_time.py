"""How long a print takes, as a distribution, and the chance that it fails. Pure.

One attempt takes a log-normal time, ``median * exp(sigma * Z)``, and fails (or is rejected at the
check) with probability ``p``; then the same print is made again. What that does to a ready time
is worked out in ``futures``.
"""

from dataclasses import dataclass
from math import exp, isfinite
from statistics import NormalDist

from parts3d.errors import Invalid

MAX_FAILURE_PROBABILITY = 0.5
LONGEST_SECONDS = 10 * 366 * 86_400.0  # keeps extreme spreads within what a calendar holds

# A print of which nothing else is said. Promises read what was measured (``measured.py``); there
# even an unmeasured printer model has its own, wider spread.
UNMEASURED_SIGMA = 0.12
UNMEASURED_FAILURE_PROBABILITY = 0.07

_STANDARD_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Pace:
    """How one printer differs from the others of its model, as far as prints were measured.

    Args:
        log_factor: added to the logarithm of a print's time.
        variance: of that logarithm: what is not known of the printer.
        failure_probability: its own; None for the model's.
    """

    log_factor: float = 0.0
    variance: float = 0.0
    failure_probability: float | None = None


AS_ITS_MODEL = Pace()


@dataclass(frozen=True, slots=True)
class PrintTime:
    """Seconds from the start of a print to its end, log-normal, and its chance to fail.

    Args:
        median_seconds: half of the prints take longer; 0 for a print that is just ending.
        sigma: standard deviation of the logarithm; 0.1 is about 10 %.
        failure_probability: chance that one attempt gives no good part, from 0 to 0.5.
        ruled_seconds: what the rule for unattended printing reckons with, where that is another
            estimate (the slicer's own); None: a slow one of these times.
    """

    median_seconds: float
    sigma: float = UNMEASURED_SIGMA
    failure_probability: float = UNMEASURED_FAILURE_PROBABILITY
    ruled_seconds: float | None = None

    def __post_init__(self) -> None:
        fine = (
            isfinite(self.median_seconds)
            and 0 <= self.median_seconds <= LONGEST_SECONDS
            and 0 <= self.sigma < 10  # noqa: PLR2004 - e^10: no longer a print time
            and 0 <= self.failure_probability <= MAX_FAILURE_PROBABILITY
        )
        if not fine:
            raise Invalid(
                f"A print of {self.median_seconds} s with a spread of {self.sigma} and a chance to "
                f"fail of {self.failure_probability} cannot be planned.",
                place="print_time",
            )

    def quantile_seconds(self, level: float) -> float:
        """Return the time that one attempt keeps with probability ``level`` (0 to 1, open)."""
        if self.sigma == 0:
            return self.median_seconds
        slowness = exp(self.sigma * _STANDARD_NORMAL.inv_cdf(level))
        return min(self.median_seconds * slowness, LONGEST_SECONDS)

    def at(self, pace: Pace) -> "PrintTime":
        """Return the same print on a printer of this pace."""
        if pace == AS_ITS_MODEL:
            return self
        chance = pace.failure_probability
        return PrintTime(
            min(self.median_seconds * exp(pace.log_factor), LONGEST_SECONDS),
            (self.sigma**2 + pace.variance) ** 0.5,
            self.failure_probability if chance is None else chance,
            self.ruled_seconds,
        )
