"""A picture of print times: sliced against real, both on one logarithmic scale. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, log

SIDE = 320.0
LEFT, TOP, RIGHT, BOTTOM = 52.0, 10.0, 12.0, 42.0
# Seconds at which the scale may have a line.
_TICKS = (60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400, 28_800, 57_600, 115_200, 230_400)
_MOST_TICKS = 6


@dataclass(frozen=True, slots=True)
class Dot:
    """One print: where it lies, and what it was.

    Args:
        x: pixels from the left.
        y: pixels from the top.
        sliced_seconds: as the slice said.
        seconds: as the printer said; so far, when it runs.
        complete: False while it runs.
    """

    x: float
    y: float
    sliced_seconds: float
    seconds: float
    complete: bool


@dataclass(frozen=True, slots=True)
class Tick:
    """A line of the scale, the same distance from the left as from below."""

    x: float
    y: float
    seconds: int


@dataclass(frozen=True, slots=True)
class Chart:
    """What the page draws, in pixels of a square ``side`` with the scale at its left and bottom.

    ``diagonal`` joins times that are as sliced; ``line`` those that are as corrected; each is
    x1, y1, x2, y2.
    """

    side: float
    left: float
    top: float
    right: float
    bottom: float
    dots: tuple[Dot, ...]
    ticks: tuple[Tick, ...]
    diagonal: tuple[float, float, float, float]
    line: tuple[float, float, float, float]


def chart(pairs: Sequence[tuple[float, float, bool]], log_factor: float) -> Chart | None:
    """Return the picture of (sliced seconds, seconds, complete); None of nothing.

    Args:
        pairs: with positive seconds.
        log_factor: of the correction in use.
    """
    if not pairs:
        return None
    low = min(min(sliced, seconds) for sliced, seconds, _ in pairs) / 1.15
    high = max(max(sliced, seconds) for sliced, seconds, _ in pairs) * 1.15
    # At least from one to two, or a handful of equal prints fills the picture.
    low, high = min(low, high / 2), max(high, low * 2)
    width = log(high / low)
    left, right, top, bottom = LEFT, SIDE - RIGHT, TOP, SIDE - BOTTOM

    def across(seconds: float) -> float:
        return round(left + (right - left) * log(seconds / low) / width, 1)

    def up(seconds: float) -> float:
        return round(bottom - (bottom - top) * log(seconds / low) / width, 1)

    # The line of the factor leaves the square at its top or at its right, and likewise below.
    first, last = max(0.0, -log_factor), min(width, width - log_factor)
    ends = [low * exp(at) for at in (first, last)]
    factor = exp(log_factor)
    dots = tuple(
        Dot(across(sliced), up(seconds), sliced, seconds, complete)
        for sliced, seconds, complete in pairs
    )
    return Chart(
        SIDE,
        left,
        top,
        right,
        bottom,
        dots,
        tuple(Tick(across(one), up(one), one) for one in _ticks(low, high)),
        (across(low), up(low), across(high), up(high)),
        (across(ends[0]), up(ends[0] * factor), across(ends[1]), up(ends[1] * factor)),
    )


def _ticks(low: float, high: float) -> tuple[int, ...]:
    inside = [one for one in _TICKS if low <= one <= high]
    every = -(-len(inside) // _MOST_TICKS) or 1
    return tuple(inside[::every])
