"""A picture of calibration: stated against kept, both as the share that was missed. Pure.

Near 99 % what counts is the rest; so both axes are the logarithm of the share missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log10

from parts3d.promises.learning.calibration import Cell

SIDE = 320.0
LEFT, TOP, RIGHT, BOTTOM = 54.0, 12.0, 14.0, 44.0
# Shares missed: from half of them to two of a thousand.
_MOST, _LEAST = 0.5, 0.002
_TICKS = (0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005)


@dataclass(frozen=True, slots=True)
class Dot:
    """A group: where it lies, how far the truth may lie from it, and what it was."""

    x: float
    y: float
    low_y: float
    high_y: float
    radius: float
    cell: Cell


@dataclass(frozen=True, slots=True)
class CalibrationChart:
    """What the page draws; ``ticks`` are (along x, along y, percent kept)."""

    side: float
    left: float
    top: float
    right: float
    bottom: float
    ticks: tuple[tuple[float, float, float], ...]
    dots: tuple[Dot, ...]


def calibration_chart(cells: Sequence[Cell]) -> CalibrationChart | None:
    """Return the picture of groups by stated level; None of nothing."""
    if not cells:
        return None
    right, bottom = SIDE - RIGHT, SIDE - BOTTOM
    span = log10(_MOST / _LEAST)

    def share(kept: float) -> float:
        missed = min(max(1 - kept, _LEAST), _MOST)
        return log10(_MOST / missed) / span

    def across(kept: float) -> float:
        return round(LEFT + (right - LEFT) * share(kept), 1)

    def up(kept: float) -> float:
        return round(bottom - (bottom - TOP) * share(kept), 1)

    return CalibrationChart(
        SIDE,
        LEFT,
        TOP,
        right,
        bottom,
        tuple((across(1 - missed), up(1 - missed), 100 * (1 - missed)) for missed in _TICKS),
        tuple(
            Dot(
                across(cell.stated),
                up(cell.share_kept),
                up(cell.low),
                up(cell.high),
                round(min(4 + cell.promises**0.5 / 4, 11), 1),
                cell,
            )
            for cell in cells
        ),
    )
