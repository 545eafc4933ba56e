"""Which points a customer considers, out of very many: an R-tree instead of a look at all. Pure.

The tree (Guttman, "R-trees: a dynamic index structure for spatial searching", 1984; packed by the
library rtree as by Leutenegger, Lopez and Edgington, "STR", 1997) holds the points on the unit
sphere in three dimensions, where the straight distance grows with the distance on the ground:
nothing goes wrong at a meridian or a pole, and the answers are those of the full scan.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import cos, radians, sin

from rtree import index

from parts3d.points.geography import Place, distance_km

_EARTH_KM = 6371.0
_SLACK = 1e-5  # the tree's boxes and the formula of ``distance_km`` round differently


@dataclass(frozen=True, slots=True)
class Reach:
    """How far customers go.

    Args:
        radius_km: points within it are considered.
        least: so many are, however far.
        most: no more than so many, the nearest.
    """

    radius_km: float = 25.0
    least: int = 3
    most: int = 40


class Nearby:
    """Finds the points near a place.

    Args:
        places: of all points; the answers are positions in this sequence.
    """

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        properties = index.Property(dimension=3, interleaved=True)
        self._tree = index.Index(_boxes(places), properties=properties) if places else None

    def find(self, place: Place, reach: Reach) -> list[int]:
        """Return the points to consider, nearest first; of equally far ones the first named."""
        if self._tree is None or reach.most < 1:
            return []
        here = (*_on_sphere(place), *_on_sphere(place))
        wanted = min(reach.most, len(self._places))
        # The tree's order is by boxes; a few more are asked for, so that ties fall as in a scan.
        positions = self._tree.nearest(here, num_results=wanted)
        furthest = max(self._km(place, position) for position in positions)
        near = [
            (km, position)
            for position in self._tree.intersection(_box_around(place, furthest))
            if (km := self._km(place, position)) <= furthest + _SLACK
        ]
        return _kept(sorted(near), reach)

    def _km(self, place: Place, position: int) -> float:
        return distance_km(place, self._places[position])


def scan(places: Sequence[Place], place: Place, reach: Reach) -> list[int]:
    """Return the same as ``Nearby.find`` by looking at every point."""
    if reach.most < 1:
        return []
    ranked = sorted((distance_km(place, one), position) for position, one in enumerate(places))
    return _kept(ranked, reach)


def _kept(ranked: Sequence[tuple[float, int]], reach: Reach) -> list[int]:
    return [
        position
        for number, (km, position) in enumerate(ranked[: reach.most])
        if km <= reach.radius_km or number < reach.least
    ]


def _boxes(
    places: Sequence[Place],
) -> Iterator[tuple[int, tuple[float, float, float, float, float, float], None]]:
    for position, place in enumerate(places):
        x, y, z = _on_sphere(place)
        yield position, (x, y, z, x, y, z), None


def _on_sphere(place: Place) -> tuple[float, float, float]:
    latitude, longitude = radians(place.latitude), radians(place.longitude)
    return cos(latitude) * cos(longitude), cos(latitude) * sin(longitude), sin(latitude)


def _box_around(place: Place, km: float) -> tuple[float, float, float, float, float, float]:
    """Return a box that holds every point within a distance: chords are shorter than arcs."""
    reach = min(2 * sin(min(km / _EARTH_KM, 3.0) / 2) * (1 + _SLACK) + _SLACK, 2.0)
    if km > 3 * _EARTH_KM:
        reach = 2.0
    x, y, z = _on_sphere(place)
    return x - reach, y - reach, z - reach, x + reach, y + reach, z + reach


__all__ = ["Nearby", "Reach", "scan"]
