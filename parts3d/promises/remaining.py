"""What is left of a print that runs: what was foretold, and what its printer says. Pure.

A printer's figure is poor at first and good at the end: its progress bends, since layers differ.
The two are weighed by their variances. A print that runs over its time may take about as long again
as it is uncertain.
"""

from dataclasses import replace
from math import hypot, log

from parts3d.promises.print_time import PrintTime

# How far a printer's report of its progress is from proportional to time (log-sd of the exponent).
BEND_SPREAD = 0.2
LEAST_PROGRESS = 0.05
LEAST_SECONDS = 60.0
_MOST_DONE = 0.99


def remaining(
    whole: PrintTime,
    elapsed_seconds: float,
    *,
    told_seconds: float | None = None,
    progress: float | None = None,
) -> tuple[PrintTime, float]:
    """Return what is left of a print, and the share of it that is done.

    Args:
        whole: what the print was foretold to take on this printer.
        elapsed_seconds: since it started.
        told_seconds: how long it takes in all by the printer's last word; None: it said nothing.
        progress: by its last word, 0 to 1.
    """
    seconds, spread = max(whole.median_seconds, 1.0), max(whole.sigma, 0.01)
    if told_seconds is not None and progress is not None and progress > LEAST_PROGRESS:
        off = max(BEND_SPREAD * -log(min(progress, _MOST_DONE)), 0.005)
        trust = spread**2 / (spread**2 + off**2)
        seconds *= (max(told_seconds, 1.0) / seconds) ** trust
        spread = spread * off / hypot(spread, off)
    left, wide = seconds - elapsed_seconds, spread * seconds
    if left < wide:  # nearly over, or overdue: what is left is about the spread
        left = max(left + 0.3 * wide, 0.4 * wide, LEAST_SECONDS)
    done = min(max(elapsed_seconds, 0.0) / (max(elapsed_seconds, 0.0) + left), _MOST_DONE)
    return replace(whole, median_seconds=left, sigma=min(wide / left, 1.0)), done
