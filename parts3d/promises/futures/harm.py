"""What a new order takes from those who are promised something at the point already. Pure."""

from math import inf

import numpy as np

from parts3d.promises.futures.ready import Futures
from parts3d.promises.futures.scene import Floats, Scene

_NO_HARM, _SAFE = 0.0005, 0.02


def harm_of(
    scene: Scene, before: Futures, after: Futures, *, to_spare_the_endangered: bool = False
) -> float:
    """Return by how much the chances to be late of what stands there grow, summed.

    Args:
        scene: the point.
        before: its futures.
        after: its futures with something more.
        to_spare_the_endangered: ``inf`` when a chance grows that is not small: many orders, each
            of little harm, would add up.
    """
    dues = dues_by_part(scene)
    parts = len(dues)
    if not parts:
        return 0.0
    then = after.weights @ (after.ready[:, :parts] > dues)
    now = before.weights @ (before.ready[:, :parts] > dues)
    grown = np.maximum(then - now, 0.0)[np.isfinite(dues)]
    if to_spare_the_endangered and np.any((grown > _NO_HARM) & (then[np.isfinite(dues)] > _SAFE)):
        return inf
    return float(grown.sum())


def dues_by_part(scene: Scene) -> Floats:
    """Return the minute promised for each part that stands at the point; ``inf`` for none."""
    parts = int(scene.group.max()) + 1 if len(scene.group) else 0
    dues = np.full(parts, inf)
    np.minimum.at(dues, scene.group, scene.dues)
    return dues
