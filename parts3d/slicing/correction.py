"""What measured prints say about print times: factors, spreads and failure rates. Pure values.

A print of part R on printer P of model M takes ``estimate * exp(m + p + r + e)``: the model's
shift, the printer's and the part's deviation from it, and the noise of one print, all logarithms.
``correction_fit`` learns them; here is what they are, how they add up for the next print, and how
failures are counted. Method and limits: ``docs/decisions/0021-measured-times.md``.
"""

from dataclasses import dataclass
from enum import StrEnum
from math import exp, hypot

# Judgement, until prints are measured: the spread of the network's, a model's, a printer's and a
# part's shift around its parent, and of single prints. Together 0.15: a model that nobody has
# measured is promised with that. Slicers are off by 10 % and more for some printer models, by far
# less between two printers of one model.
NETWORK_SPREAD = 0.05
MODEL_SPREAD = 0.10
PRINTER_SPREAD = 0.04
PART_SPREAD = 0.05
SINGLE_PRINT_SIGMA = 0.07

# Below these a scope is shown, but its parent's correction is used.
LEAST_PRINTS_OF_MODEL = 5
LEAST_PRINTS_OF_PRINTER = 3
LEAST_PRINTS_OF_PART = 3

# Failures: Beta with this mean, worth this many tries.
FAILURE_PRIOR = 0.07
FAILURE_PRIOR_TRIES = 20.0
LEAST_TRIES = 20  # below, the chance is never taken for smaller than the prior's mean


class Scope(StrEnum):
    """What a correction is about; each is shrunken towards the one before."""

    NETWORK = "network"
    MODEL = "model"
    PRINTER = "printer"
    PART = "part"  # on printers of one model


@dataclass(frozen=True, slots=True)
class Correction:
    """What was learned of one scope.

    Args:
        log_shift: logarithm of actual over estimated, as a deviation from the parent's.
        log_error: standard deviation of what is still unknown of ``log_shift``.
        log_factor: the parent's ``log_factor`` plus ``log_shift``: of a print of this scope.
        sigma: standard deviation of the logarithm of a single print.
        prints: complete prints that it was learned from.
        running: prints that still ran, counted as "at least that long".
        left_out: prints that measure nothing: paused, or beyond any plausible ratio.
        weight: of the complete prints, after old ones have faded.
        printer_spread: of models: standard deviation of printers around it; of the next, unknown
            printer too.
        part_spread: the same of parts.
    """

    log_shift: float = 0.0
    log_error: float = 0.0
    log_factor: float = 0.0
    sigma: float = SINGLE_PRINT_SIGMA
    prints: int = 0
    running: int = 0
    left_out: int = 0
    weight: float = 0.0
    printer_spread: float = PRINTER_SPREAD
    part_spread: float = PART_SPREAD

    @property
    def factor(self) -> float:
        """Actual over estimated, in the median: 1.08 takes 8 % longer than estimated."""
        return exp(self.log_factor)


NOTHING_MEASURED = Correction(log_error=NETWORK_SPREAD)


@dataclass(frozen=True, slots=True)
class FailureRate:
    """The chance that one attempt gives no good part: failed, or rejected at the check.

    Args:
        probability: mean of the Beta posterior; also the chance for the next attempt.
        tries: attempts that ended, after old ones have faded.
        failures: of these.
    """

    probability: float = FAILURE_PRIOR
    tries: float = 0.0
    failures: float = 0.0


NO_TRIES = FailureRate()


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the next print takes, relative to its estimate; ``sigma`` holds what is not known."""

    factor: float
    sigma: float
    failure_probability: float = FAILURE_PRIOR


def corrected_median(seconds: float, log_factor: float) -> float:
    """Return the median time of a print whose estimate is ``seconds``."""
    return seconds * exp(log_factor)


def corrected_seconds(seconds: float, correction: Correction) -> float:
    """Return an estimate or a slice's time as measured prints correct it (the median)."""
    return corrected_median(seconds, correction.log_factor)


def failure_rate(tries: float, failures: float, parent: FailureRate = NO_TRIES) -> FailureRate:
    """Return the Beta posterior's mean, the parent's chance being worth ``FAILURE_PRIOR_TRIES``.

    Source: the Beta-Binomial conjugate pair, e.g. Gelman and others, "Bayesian Data Analysis",
    3rd edition, section 2.4.

    Args:
        tries: attempts that ended, faded by age; at least 0.
        failures: of these.
        parent: where it is shrunken to: the network for a model, the model for a printer.
    """
    probability = (failures + FAILURE_PRIOR_TRIES * parent.probability) / (
        tries + FAILURE_PRIOR_TRIES
    )
    return FailureRate(probability, tries, failures)


def time_of_next(
    network: Correction,
    model: Correction | None,
    part: Correction | None = None,
) -> tuple[float, float]:
    """Return (logarithm of the factor, its variance for one print) on a printer not yet chosen.

    A scope below its least number of prints counts as unknown: its parent's shift, with the whole
    spread of its kind. The printer's own share is ``share_of_printer``.
    """
    enough = model is not None and model.prints >= LEAST_PRINTS_OF_MODEL
    if model is None or not enough:
        variance = network.log_error**2 + MODEL_SPREAD**2 + PART_SPREAD**2 + network.sigma**2
        return network.log_factor, variance
    shift, unknown = 0.0, model.part_spread
    if part is not None and part.prints >= LEAST_PRINTS_OF_PART:
        shift, unknown = part.log_shift, part.log_error
    return model.log_factor + shift, model.log_error**2 + unknown**2 + model.sigma**2


def share_of_printer(
    model: Correction | None, printer: Correction | None = None
) -> tuple[float, float]:
    """Return (logarithm of the factor, its variance) that a printer adds to ``time_of_next``."""
    if model is None or model.prints < LEAST_PRINTS_OF_MODEL:
        return 0.0, PRINTER_SPREAD**2
    if printer is None or printer.prints < LEAST_PRINTS_OF_PRINTER:
        return 0.0, model.printer_spread**2
    return printer.log_shift, printer.log_error**2


def careful_failure(model: FailureRate, printer: FailureRate | None = None) -> float:
    """Return the chance to plan with: the narrowest scope's, never below the prior when young."""
    rate = printer or model
    young = rate.tries < LEAST_TRIES
    return max(rate.probability, FAILURE_PRIOR) if young else rate.probability


def forecast(
    network: Correction,
    model: Correction | None,
    printer: Correction | None = None,
    part: Correction | None = None,
    *,
    failure_probability: float = FAILURE_PRIOR,
) -> Forecast:
    """Return what the next print of a part on a printer takes; whatever is missing is unknown."""
    log_factor, variance = time_of_next(network, model, part)
    shift, more = share_of_printer(model, printer)
    return Forecast(exp(log_factor + shift), hypot(variance**0.5, more**0.5), failure_probability)
