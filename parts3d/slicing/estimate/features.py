"""What the drawn layers add up to: millimetres of filament and seconds, each kind apart."""

import numpy as np
from numpy.typing import NDArray

from parts3d.slicing.estimate.layers import Sampled
from parts3d.slicing.estimate.toolpaths import Kind
from parts3d.slicing.profiles import Profile

Floats = NDArray[np.float64]

FILAMENT = ("outer wall", "inner wall", "solid", "top", "sparse", "skirt")
SECONDS = (
    *("outer wall", "inner wall", "solid", "top", "sparse", "travel"),
    *("retractions", "layer changes", "cooling", "beginning"),
)
# Before they are fitted: three rounds of skirt, as long as PrusaSlicer's least; a retraction and a
# change of layer with their lift; the skirt and the purge line before the part.
FILAMENT_AT_FIRST = (1.0, 1.0, 1.0, 1.0, 1.0, 14.0)
SECONDS_AT_FIRST = (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.25, 0.3, 1.0, 40.0)


def filament_area_mm2(profile: Profile) -> float:
    """Area of the filament across."""
    return float(np.pi) * profile.filament_diameter_mm**2 / 4


def filament_features(sampled: Sampled, profile: Profile) -> Floats:
    """Return mm of filament in each kind of line, and 1 for the skirt; see ``FILAMENT``."""
    widths = profile.widths
    lines = np.array([*[widths.line] * 3, widths.top, widths.line])
    width = np.where(sampled.first[:, None], widths.first_layer, lines)
    height = sampled.height_mm[:, None]
    area = height * (width - height * (1 - np.pi / 4))
    drawn = sampled.weight[:, None] * sampled.length_mm[:, : Kind.TRAVEL] * area
    return np.append(drawn.sum(axis=0) / filament_area_mm2(profile), 1.0)


def seconds_features(sampled: Sampled, profile: Profile) -> Floats:
    """Return seconds of each kind of move, and counts; see ``SECONDS``.

    A layer that would be done sooner than the profile's shortest is slowed down, but not under
    the slowest speed; what that adds is the cooling.
    """
    retracting, changing = SECONDS_AT_FIRST[6:8]
    printing = sampled.seconds[:, : Kind.TRAVEL].sum(axis=1)
    moving = sampled.seconds[:, Kind.TRAVEL] + sampled.retractions * retracting + changing
    slowest = sampled.length_mm[:, : Kind.TRAVEL].sum(axis=1) / profile.speeds.minimum
    slowed = np.clip(
        profile.minimum_layer_seconds - moving, printing, np.maximum(slowest, printing)
    )
    cooling = np.where(sampled.first, 0.0, slowed - printing)
    counts = np.array(
        [
            sampled.weight @ sampled.retractions,
            float(sampled.layer_count),
            sampled.weight @ cooling,
            1.0,
        ]
    )
    return np.concatenate((np.asarray(sampled.weight @ sampled.seconds), counts))
