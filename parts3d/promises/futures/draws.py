"""Chance, drawn once: stratified tables that every future reads. Pure and always the same.

Each column is a random order of evenly spaced shares (Latin hypercube sampling: McKay, Beckman
and Conover, 1979), so that of 100 futures exactly five have a draw below 0.05, and promises do
not wobble with luck.

What decides a promise at 99 % are failures: of the new print itself, which happens in few futures,
and of what stands before it. Hence futures come in three strata, each a Latin hypercube of its
own, weighted by what they are worth (stratified sampling; Owen, "Monte Carlo theory, methods and
examples", chapter 8):

- calm: no first try of anything fails;
- disturbed: a first try fails of what stands there, or a printer breaks down; none of the new
  fails;
- failing: a first try of the new prints fails.

Within a stratum the first print to fail is drawn by its own chance, those before it are sure, and
those after it are left to chance, so that the weights are exact whatever the chances are.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

COLUMNS = 40 * 22 + 16 * 2
OUTAGE_WINDOW = 1440.0  # minutes in which an outage is one of the things that may go wrong first
HUSH_WINDOW = 480.0  # the same, in staffed minutes, of a silence of the agent
_OF_SILENCE = 2  # more columns, behind these: when the shop's agent falls silent, and for how long
_SEED = 20_261_128


@dataclass(frozen=True, slots=True)
class Draws:
    """Tables of chance.

    Args:
        uniform: (samples, columns), between 0 and 1.
        normal: the same as standard normal deviates.
        sizes: how many samples are calm, disturbed and failing; they follow in this order.
    """

    uniform: NDArray[np.float64]
    normal: NDArray[np.float64]
    sizes: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Strata:
    """Which print has to fail in each future, and what the future weighs.

    Args:
        standing_fails: (samples,) as ``loop.futures`` takes it.
        new_fails: the same of the new prints.
        weights: (samples,) together 1.
    """

    standing_fails: NDArray[np.int64]
    new_fails: NDArray[np.int64]
    weights: NDArray[np.float64]


@cache
def draws(calm: int, disturbed: int, failing: int) -> Draws:
    """Return tables of so many samples of each stratum."""
    random = np.random.Generator(np.random.PCG64(_SEED))
    of_silence = np.random.Generator(np.random.PCG64(_SEED + 1))
    blocks = []
    for size in (calm, disturbed, failing):
        shares = (np.arange(size) + 0.5) / max(size, 1)
        order = random.random((size, COLUMNS)).argsort(axis=0)
        more = of_silence.random((size, _OF_SILENCE)).argsort(axis=0)
        blocks.append(np.hstack((shares[order], shares[more])))
    uniform = np.ascontiguousarray(np.vstack(blocks))
    normal = ndtri(uniform)
    uniform.flags.writeable = False
    normal.flags.writeable = False
    return Draws(uniform, normal, (calm, disturbed, failing))


def strata(
    table: Draws, standing: NDArray[np.float64], new: NDArray[np.float64], first_new: int
) -> Strata:
    """Return the strata of a point.

    Args:
        table: of ``draws``.
        standing: chance that the first try fails, of each print that stands there; then, of each
            printer, that it breaks down soon; then, that the shop's agent falls silent soon.
        new: the same of each new print.
        first_new: number of the first new print.
    """
    calm, disturbed, failing = table.sizes
    samples = calm + disturbed + failing
    standing_fails = np.full(samples, len(standing), np.int64)
    new_fails = np.full(samples, first_new + len(new), np.int64)
    first_standing, some_stands = _first_to_fail(standing)
    first_of_new, some_new = _first_to_fail(new)
    if some_stands == 0:  # nothing can be disturbed: these are calm as well
        calm, disturbed = calm + disturbed, 0
    if some_new == 0:
        disturbed, failing = disturbed + failing if disturbed else 0, 0
        calm = samples - disturbed
    weights = np.empty(samples)
    weights[:calm] = (1 - some_stands) * (1 - some_new) / calm
    if disturbed:
        chosen = np.searchsorted(first_standing, _shares(disturbed) * some_stands)
        standing_fails[calm : calm + disturbed] = chosen
        weights[calm : calm + disturbed] = some_stands * (1 - some_new) / disturbed
    if failing:
        standing_fails[calm + disturbed :] = -1
        chosen = np.searchsorted(first_of_new, _shares(failing) * some_new)
        new_fails[calm + disturbed :] = first_new + chosen
        weights[calm + disturbed :] = some_new / failing
    return Strata(standing_fails, new_fails, weights)


def _first_to_fail(chances: NDArray[np.float64]) -> tuple[list[float], float]:
    """Return the chance that one of the first n prints fails, by n from 1, and that any does."""
    reached: list[float] = []
    none = 1.0
    for chance in chances.tolist():
        none *= 1 - chance
        reached.append(1 - none)
    return reached, 1 - none


@cache
def _shares(samples: int) -> NDArray[np.float64]:
    """Return evenly spaced shares."""
    return (np.arange(samples) + 0.5) / samples
