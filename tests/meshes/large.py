"""Meshes just above the size from which the kernels measure, each with something known in it."""

from collections.abc import Callable

import numpy as np

from benchmarks.baselines.models import bumpy_tori
from parts3d.meshes.kernels.compiled import COMPILED_FROM_FACETS
from tests.meshes.solids import Triangles, box, flipped, moebius, together

FACETS = COMPILED_FROM_FACETS + 1


def tori(bodies: int = 3) -> Triangles:
    return bumpy_tori(FACETS, bodies)


def some(count: int, of: int, seed: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Different rows, in no order."""
    return np.random.default_rng(seed).permutation(of)[:count]


def shuffled(triangles: Triangles, seed: int = 1) -> Triangles:
    """The same facets in another order, each begun at another corner."""
    chance = np.random.default_rng(seed)
    rows = chance.permutation(len(triangles))
    begin = (chance.integers(0, 3, len(rows))[:, None] + np.arange(3)) % 3
    return np.asarray(triangles[rows[:, None], begin])


def loose(count: int = FACETS, size: float = 1.0, within: float = 200.0) -> Triangles:
    """Small facets anywhere, no two of which share a point."""
    chance = np.random.default_rng(2)
    at = chance.uniform(0, within, (count, 1, 3))
    return np.asarray(at + chance.uniform(0, size, (count, 3, 3)), dtype=np.float32)


def grid_soup(steps: int, count: int = FACETS) -> Triangles:
    """Facets between points of a grid: collapsed, double and knotted ones by the thousand."""
    chance = np.random.default_rng(3)
    return np.asarray(chance.integers(0, steps, (count, 3, 3)), dtype=np.float32)


def fan(count: int = FACETS) -> Triangles:
    """A jagged disc of facets that share one point, which has one very long list of edges."""
    turn = np.arange(count + 1) / count * 2 * np.pi
    jags = np.arange(count + 1) % 5
    rim = np.stack((50 * np.cos(turn), 50 * np.sin(turn), jags), axis=1)
    rim[-1] = rim[0]
    return np.stack((np.zeros((count, 3)), rim[:-1], rim[1:]), axis=1).astype(np.float32)


def bodies(count: int = 400) -> Triangles:
    """Rings; in the flesh of the first quarter a hollow each, in the second's a body each."""
    rings = bumpy_tori(FACETS, count)
    inner = box((1, 1, 1), (19.5, -0.5, -0.5))
    parts = [rings]
    for at in range(count // 2):
        within = flipped(inner) if at < count // 4 else inner
        parts.append(within + np.array([0, 0, 20 * at], dtype=np.float32))
    return together(*parts)


def with_fins(triangles: Triangles, count: int = 200) -> Triangles:
    """Facets that stand on edges of others: three facets at each of these edges."""
    at = some(count, len(triangles), 4)
    fins = triangles[at].copy()
    fins[:, 2] = fins[:, 0] * np.float32(1.5) + np.array([0, 0, 90], dtype=np.float32)
    return together(triangles, fins)


def with_slivers(triangles: Triangles, count: int = 300) -> Triangles:
    """Facets collapsed to a point or to a line, and some without area between three points."""
    at = some(count, len(triangles), 5)
    point, line, sliver = (triangles[rows].copy() for rows in np.array_split(at, 3))
    point[:] = point[:, :1]
    line[:, 2] = line[:, 1]
    sliver[:] = np.arange(len(sliver))[:, None, None]
    sliver[:, :, 0] = (0, 1, 2)
    return together(triangles, point, line, sliver)


def torn(triangles: Triangles, count: int = 300) -> Triangles:
    """Facets moved off by less than what welding forgives, and some by more."""
    parts = triangles.copy()
    near, far = np.array_split(some(count, len(parts), 6), 2)
    parts[near, :, 0] += np.float32(1e-4)
    parts[far, :, 0] += np.float32(0.01)
    return parts


def with_flips(triangles: Triangles, count: int = 500) -> Triangles:
    return flipped(triangles, *some(count, len(triangles), 7).tolist())


def with_doubles(triangles: Triangles, count: int = 700) -> Triangles:
    """Some facets twice, begun at another corner, and some as often as four times."""
    at = some(count, len(triangles), 8)
    again = np.roll(triangles[at], 1, axis=1)
    return together(triangles, again, again[:50], again[:50])


def with_gaps(triangles: Triangles, count: int = 1000) -> Triangles:
    return np.delete(triangles, some(count, len(triangles), 9), axis=0)


# Shuffled, so that neighbours stand far apart in the file and numbers are given in no good order.
LARGE: dict[str, Callable[[], Triangles]] = {
    "three tori": tori,
    "one torus": lambda: tori(1),
    "forty tori": lambda: tori(40),
    "tori, shuffled": lambda: shuffled(tori()),
    "tori of 220,000 facets": lambda: bumpy_tori(220_000, 2),
    "loose facets": loose,
    "a soup on a coarse grid": lambda: grid_soup(6),
    "a soup on a fine grid": lambda: grid_soup(40),
    "a fan about one point": lambda: shuffled(fan()),
    "every facet twice": lambda: shuffled(together(tori(), tori())),
    "some facets twice": lambda: shuffled(with_doubles(tori())),
    "facets missing": lambda: shuffled(with_gaps(bumpy_tori(FACETS + 2000, 2))),
    "facets flipped": lambda: shuffled(with_flips(tori())),
    "a torus inside out": lambda: shuffled(together(tori(1), flipped(tori(1)) + np.float32(90))),
    "facets torn off": lambda: shuffled(torn(tori())),
    "fins on edges": lambda: shuffled(with_fins(tori())),
    "collapsed facets and slivers": lambda: shuffled(with_slivers(tori())),
    "hundreds of bodies": lambda: shuffled(bodies()),
    "a long Moebius strip": lambda: moebius(FACETS // 2 + 1),
    "all at once": lambda: shuffled(
        with_slivers(with_fins(with_doubles(with_flips(torn(with_gaps(bumpy_tori(105_000, 3)))))))
    ),
}
