"""What prints take on printers, as the tables that the futures run on. Pure."""

from collections.abc import Sequence
from math import exp, inf

import numpy as np
from numpy.typing import NDArray

from parts3d.promises.print_time import AS_ITS_MODEL, Pace, PrintTime

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Of a print on a printer: median and planned minutes, log-sd, chance to fail.
Numbers = tuple[float, float, float, float]
IMPOSSIBLE: Numbers = (inf, inf, 0.0, 0.0)


def tables_of(
    times: Sequence[Sequence[PrintTime | None]],
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return minutes, planned minutes, log-sd and chance to fail, each (jobs, printers)."""
    return stacked(
        [
            [IMPOSSIBLE if one is None else numbers_of(one, AS_ITS_MODEL) for one in row]
            for row in times
        ],
        len(times[0]),
    )


def numbers_of(time: PrintTime, pace: Pace) -> Numbers:
    """Return what ``time.at(pace)`` says; made for thousands of times a second."""
    median, sigma, chance = time.median_seconds / 60, time.sigma, time.failure_probability
    if pace is not AS_ITS_MODEL:
        median *= exp(pace.log_factor)
        sigma = (sigma * sigma + pace.variance) ** 0.5
        chance = chance if pace.failure_probability is None else pace.failure_probability
    if time.ruled_seconds is not None:
        return median, time.ruled_seconds / 60, sigma, chance
    return median, median * exp(sigma) if sigma else median, sigma, chance


def stacked(
    rows: Sequence[Sequence[Numbers]], printers: int
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return rows of numbers as four tables, each (rows, printers)."""
    found = np.array(rows, np.float64).reshape(len(rows), printers, 4)
    columns = np.ascontiguousarray(found.transpose(2, 0, 1))
    return columns[0], columns[1], columns[2], columns[3]
