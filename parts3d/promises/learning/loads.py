"""How busy points are: the share of staffed printer minutes that prints and beds took lately. Pure.

A point's share is drawn towards the network's, and the network's towards a quiet one, as far as
little was seen (``shrinking.shrunken_rate``).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TypeVar

from parts3d.promises.learning.shrinking import shrunken_rate

LATELY = timedelta(days=7)
# Before anything was seen a network is taken to be quiet.
_PRIOR_LOAD = 0.25
# About one printer's week of staffed minutes: what the prior is worth.
_PRIOR_MINUTES = 3000.0

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Loads:
    """The shares of a network and its points; prints of the night count too: it may pass 1."""

    network: float = _PRIOR_LOAD
    points: Mapping[str, float] = field(default_factory=dict)

    def at(self, point_id: str) -> float:
        """Return a point's share; a new one's is the network's."""
        return self.points.get(point_id, self.network)


def shares_taken(
    taken: Mapping[Key, float], staffed: Mapping[Key, float], *, prior: float = _PRIOR_LOAD
) -> tuple[float, dict[Key, float]]:
    """Return the network's share and each point's.

    Args:
        taken: minutes in which printers of a point printed or waited for a person.
        staffed: minutes of all its printers in which somebody was there; the points to answer for.
        prior: share before anything was seen.
    """
    known = sum(taken.get(key, 0.0) for key in staffed)
    network = shrunken_rate(known, sum(staffed.values()), prior, _PRIOR_MINUTES)
    return network, {
        key: shrunken_rate(taken.get(key, 0.0), of, network, _PRIOR_MINUTES)
        for key, of in staffed.items()
    }


def learn_loads(taken: Mapping[str, float], staffed: Mapping[str, float]) -> Loads:
    """Return how busy each point is; arguments as for ``shares_taken``."""
    return Loads(*shares_taken(taken, staffed))
