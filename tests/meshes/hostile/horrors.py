"""Shapes that no drawing program makes: each is a well-formed file, so it must be read."""

import random
from collections.abc import Callable

import numpy as np

from tests.meshes import solids
from tests.meshes.hostile.writing import Triangles


def _random(dice: random.Random) -> np.random.Generator:
    return np.random.default_rng(dice.getrandbits(32))


def _soup(dice: random.Random, count: int) -> Triangles:
    return _random(dice).uniform(-90, 90, (count, 3, 3)).astype(np.float32)


def _coincident(dice: random.Random, count: int) -> Triangles:
    return np.repeat(solids.box()[dice.randrange(12)][None], count, axis=0)


def _points(dice: random.Random, count: int) -> Triangles:
    return np.full((count, 3, 3), dice.uniform(-9, 9), np.float32)


def _fan(_: random.Random, count: int) -> Triangles:
    """Every facet at one vertex."""
    turn = np.linspace(0, 2 * np.pi, count + 1)
    rim = np.stack([20 * np.cos(turn), 20 * np.sin(turn), np.zeros_like(turn)], 1)
    top = np.broadcast_to([0.0, 0.0, 9.0], (count, 3))
    return np.stack([top, rim[:-1], rim[1:]], axis=1).astype(np.float32)


def _book(_: random.Random, count: int) -> Triangles:
    """Every facet at one edge."""
    turn = np.linspace(0, 2 * np.pi, count, endpoint=False)
    far = np.stack([20 * np.cos(turn), 20 * np.sin(turn), np.zeros_like(turn)], 1)
    low, high = np.zeros((count, 3)), np.broadcast_to([0.0, 0.0, 9.0], (count, 3))
    return np.stack([low, high, far], axis=1).astype(np.float32)


def _tiny(dice: random.Random, count: int) -> Triangles:
    return _soup(dice, count) * np.float32(dice.choice([1e-38, 1e-30, 1e-20, 1e-12]))


def _spikes(dice: random.Random, count: int) -> Triangles:
    spikes = _soup(dice, count) * np.float32(1e-3)
    spikes[:, 2, 0] = 999
    return spikes


def _crossing_planes(dice: random.Random, count: int) -> Triangles:
    """Large facets through one another: about count squared intersections."""
    corners = _random(dice).normal(size=(count, 3, 3))
    corners *= 50 / np.linalg.norm(corners, axis=2, keepdims=True)
    return corners.astype(np.float32)


def _one_axis(dice: random.Random, count: int) -> Triangles:
    flat = _soup(dice, count)
    flat[:, :, dice.randrange(3)] = 0
    return flat


def _many_shells(dice: random.Random, count: int) -> Triangles:
    shells = max(1, count // 4)
    at = _random(dice).uniform(-200, 200, (shells, 1, 1, 3)).astype(np.float32)
    return (solids.tetrahedron(1)[None] + at).reshape(-1, 3, 3)


def _nested(_: random.Random, count: int) -> Triangles:
    sizes = np.linspace(1, 300, max(1, count // 12), dtype=np.float32)
    cube = solids.box((2, 2, 2), (-1, -1, -1))
    return (cube[None] * sizes[:, None, None, None]).reshape(-1, 3, 3)


def _neighbouring_floats(dice: random.Random, count: int) -> Triangles:
    steps = _random(dice).integers(0, 4, (count, 3, 3), dtype=np.int32)
    return (np.full((count, 3, 3), 100, np.float32).view(np.int32) + steps).view(np.float32)


def _extremes(dice: random.Random, count: int) -> Triangles:
    some = np.array([0.0, -0.0, 1e-45, 1e-38, 1000, -1000, 1, 1e-7], dtype=np.float32)
    return some[_random(dice).integers(0, len(some), (count, 3, 3))]


HORRORS: dict[str, Callable[[random.Random, int], Triangles]] = {
    "soup": _soup,
    "coincident facets": _coincident,
    "one point": _points,
    "one vertex": _fan,
    "one edge": _book,
    "tiny": _tiny,
    "spikes": _spikes,
    "crossing planes": _crossing_planes,
    "flat": _one_axis,
    "many shells": _many_shells,
    "nested": _nested,
    "neighbouring floats": _neighbouring_floats,
    "extremes": _extremes,
}


def size(dice: random.Random) -> int:
    """Mostly small; one in a hundred large."""
    if dice.random() < 0.01:
        return dice.choice([20_000, 50_000, 100_000])
    return int(10 ** dice.uniform(0, 3.3))
