"""Print times as measured prints correct them: from a slice's seconds to what a promise plans with.

The price stays by the slice (``docs/decisions/0021-measured-times.md``).
"""

from parts3d.promises.print_time import MAX_FAILURE_PROBABILITY, Pace, PrintTime
from parts3d.slicing.correction import corrected_median
from parts3d.slicing.corrections import Corrections


def print_time(
    corrections: Corrections, model: str, revision_id: str | None, sliced_seconds: float
) -> PrintTime:
    """Return what a print takes on a printer of a model; which one is not decided yet.

    Args:
        corrections: the current ones.
        model: id of the printer's profile.
        revision_id: what is printed; None when that is not known.
        sliced_seconds: by the slice for this model.
    """
    log_factor, variance = corrections.of_part(model, revision_id)
    return PrintTime(
        corrected_median(sliced_seconds, log_factor),
        variance**0.5,
        min(corrections.failure_probability(model), MAX_FAILURE_PROBABILITY),
    )


def pace(corrections: Corrections, model: str, printer_id: str) -> Pace:
    """Return how a printer differs from its model; an unmeasured one only in its spread."""
    log_factor, variance = corrections.of_printer(model, printer_id)
    chance = corrections.failure_probability(model, printer_id)
    return Pace(log_factor, variance, min(chance, MAX_FAILURE_PROBABILITY))


def print_time_on(
    corrections: Corrections,
    model: str,
    printer_id: str,
    revision_id: str | None,
    sliced_seconds: float,
) -> PrintTime:
    """Return what a print takes on one printer."""
    time = print_time(corrections, model, revision_id, sliced_seconds)
    return time.at(pace(corrections, model, printer_id))
