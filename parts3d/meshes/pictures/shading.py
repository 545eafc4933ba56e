"""From what rays see to colours: lamps, gloss, and the lines at outlines and creases."""

import numpy as np
from numpy.typing import NDArray

from parts3d.meshes.pictures.ambient import KEY_LIGHT
from parts3d.meshes.pictures.camera import Camera
from parts3d.meshes.pictures.scene import Floats, Seen, dot, unit

# Neighbouring samples that far off each other's plane are a step: an outline within the part.
STEP = 0.012
_FILL_LIGHT = unit(np.array([0.95, -0.25, 0.25], dtype=np.float32))
_CREASE_COS = np.float32(np.cos(np.radians(24.0)))
_LIGHT_STEPS = 4096


def linear(colour: tuple[int, int, int]) -> Floats:
    """Return a colour as amounts of light (sRGB, gamma 2.2)."""
    return np.asarray((np.array(colour) / 255) ** 2.2, dtype=np.float32)


def shade(seen: Seen, camera: Camera, albedo: Floats, ambience: Floats) -> Floats:
    """Light what was hit: sky and table, a large key light, a cool fill, a soft gloss and rim.

    Ambient shadow takes all of the sky's light and, so that holes look deep, half of the lamps'.

    Args:
        seen: n places.
        camera: the lamps keep their places beside it, wherever it stands.
        albedo: float32 (3,) or (n, 3), see ``linear``.
        ambience: float32 (n,), share of the sky each sees.

    Returns:
        Amounts of light, float32 (n, 3), 0 upwards.
    """
    turn = camera.lamp_turn
    normal = seen.normal @ turn
    away = unit(seen.point - camera.eye.astype(np.float32)) @ turn
    up = normal[:, 2] * np.float32(0.5) + np.float32(0.5)
    key = np.maximum((dot(normal, KEY_LIGHT) + np.float32(0.1)) / np.float32(1.1), 0)
    fill = np.maximum((dot(normal, _FILL_LIGHT) + np.float32(0.3)) / np.float32(1.3), 0)
    lit = (np.float32(0.10) + np.float32(0.36) * up) * ambience
    lit += (np.float32(1.30) * key + np.float32(0.20) * fill) * (
        np.float32(0.5) + np.float32(0.5) * ambience
    )
    facing = np.clip(-dot(normal, away), 0, 1)
    gloss = np.clip(dot(normal, unit(KEY_LIGHT - away)), 0, 1)
    for _ in range(4):
        gloss = np.square(gloss)  # to the 16th
    rest = 1 - facing
    extra = np.float32(0.09) * gloss + np.float32(0.10) * rest * rest * rest * up
    extra *= ambience
    return np.asarray(albedo * lit[:, None] + extra[:, None], dtype=np.float32)


def display(light: Floats) -> Floats:
    """Return amounts of light as sRGB, 0 to 1, with bright parts rolled off instead of cut."""
    index = np.minimum(light * np.float32(_LIGHT_STEPS / 2), np.float32(_LIGHT_STEPS - 1))
    return np.asarray(_DISPLAYED[index.astype(np.int16)])


def _displayed() -> Floats:
    light = (np.arange(_LIGHT_STEPS) + 0.5) * 2 / _LIGHT_STEPS
    knee = 0.8
    over = np.maximum(light - knee, 0)
    rolled = np.where(light > knee, knee + (1 - knee) * (1 - np.exp(-over / (1 - knee))), light)
    return np.asarray(np.clip(rolled, 0, 1) ** (1 / 2.2), dtype=np.float32)


_DISPLAYED = _displayed()


def lines(seen: Seen, samples: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> Floats:
    """Return where lines are drawn, 0 to 1: outlines, steps in depth, and creases.

    Args:
        seen: the samples that hit, ``ray`` their numbers.
        samples: how many samples there are.
        first: one of each pair of neighbouring samples.
        second: the other.

    Returns:
        float32 (samples,).
    """
    strength = np.zeros(samples, dtype=np.float32)
    row = np.full(samples, -1, dtype=np.int64)
    row[seen.ray] = np.arange(len(seen))
    one, two = row[first], row[second]
    outline = (one < 0) != (two < 0)
    strength[first[outline]] = strength[second[outline]] = 1
    both = np.flatnonzero((one >= 0) & (two >= 0))
    one, two = one[both], two[both]
    changes = seen.patch[one] != seen.patch[two]
    other_patch = changes.copy()
    changes |= np.abs(seen.depth[one] - seen.depth[two]) > STEP
    both, one, two = both[changes], one[changes], two[changes]
    apart = seen.point[two] - seen.point[one]
    off = np.minimum(np.abs(dot(apart, seen.flat[one])), np.abs(dot(apart, seen.flat[two])))
    crease = other_patch[changes] & (dot(seen.normal[one], seen.normal[two]) < _CREASE_COS)
    drawn = np.where(off > STEP, 1, np.where(crease, 0.6, 0)).astype(np.float32)
    for end in (first[both], second[both]):
        np.maximum.at(strength, end, drawn)
    return strength
