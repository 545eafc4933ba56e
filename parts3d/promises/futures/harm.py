"""What a new order takes from those who are promised something at the point already. Pure."""

from math import inf

import numpy as np

from parts3d.promises.futures.print_tables import Floats, Ints
from parts3d.promises.futures.ready import Futures
from parts3d.promises.futures.scene import Scene

A_NIGHT = 2.0  # so many times worse than to be late at all is to be late by a night, on top
_NO_HARM, _SAFE = 0.0005, 0.02


def harm_of(
    scene: Scene, before: Futures, after: Futures, *, to_spare_the_endangered: bool = False
) -> float:
    """Return by how much the chances to be late of what stands there grow, summed.

    A chance to be late by a night counts ``A_NIGHT`` times more.

    Args:
        scene: the point.
        before: its futures.
        after: its futures with something more.
        to_spare_the_endangered: ``inf`` when a chance grows that is not small: many orders, each
            of little harm, would add up.
    """
    dues = dues_by_part(scene)
    (promised,) = np.isfinite(dues).nonzero()
    if not len(promised):
        return 0.0
    dues = dues[promised]
    then, now = _late(after, promised, dues), _late(before, promised, dues)
    grown = np.maximum(then - now, 0.0)
    if to_spare_the_endangered and np.any((grown > _NO_HARM) & (then > _SAFE)):
        return inf
    nights = scene.day_ends(np.maximum(dues, scene.now))
    by_a_night = np.maximum(_late(after, promised, nights) - _late(before, promised, nights), 0.0)
    return float(grown.sum() + A_NIGHT * by_a_night.sum())


def _late(futures: Futures, parts: Ints, dues: Floats) -> Floats:
    """Return the chance of each of the parts to be ready only after its minute."""
    late: Floats = futures.weights @ (futures.ready[:, parts] > dues)
    return late


def dues_by_part(scene: Scene) -> Floats:
    """Return the minute promised for each part that stands at the point; ``inf`` for none."""
    parts = int(scene.group.max()) + 1 if len(scene.group) else 0
    dues = np.full(parts, inf)
    np.minimum.at(dues, scene.group, scene.dues)
    return dues
