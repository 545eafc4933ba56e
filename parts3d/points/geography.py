"""Places: Belgian postcodes and distances as the crow flies.

The postcodes are shipped as ``data/belgian_postcodes.csv`` (ODbL, share-alike: see the licence
note beside it). Nothing is fetched at run time.
"""

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType

from parts3d.errors import Invalid, NotFound

_EARTH_RADIUS_KM = 6371.0088  # mean radius R1, IUGG
_POSTCODE = re.compile(r"(?:B(?:E)?[- ]?)?([0-9]{4})(?:\s+\D.*)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """A point on the map, WGS 84, in degrees; ``name`` is a locality, empty for a phone's."""

    latitude: float
    longitude: float
    name: str = ""

    def __post_init__(self) -> None:
        # A comparison with NaN is false, so this refuses it too.
        if not (-90 <= self.latitude <= 90 and -180 <= self.longitude <= 180):  # noqa: PLR2004 - the globe's own limits
            raise Invalid(
                f"{self.latitude}, {self.longitude} is no place on earth. Latitude goes from -90 "
                "to 90, longitude from -180 to 180 degrees.",
                place="position",
            )


def locate(postcode: str) -> Place:
    """Return the place of a Belgian postcode; ``4500``, ``B-4500`` and ``4500 Huy`` are read.

    Raises:
        Invalid: it is not a Belgian postcode at all.
        NotFound: four digits, but no such postcode.
    """
    match = _POSTCODE.fullmatch(postcode.strip())
    if match is None:
        raise Invalid(
            f'"{postcode.strip()[:40]}" is not a Belgian postcode. Type its four digits, '
            "for example 4500.",
            place="postcode",
        )
    digits = match.group(1)
    place = belgian_postcodes().get(digits)
    if place is None:
        raise NotFound(
            f"There is no Belgian postcode {digits}. Check it, or type that of a place nearby.",
            code="unknown_postcode",
            place="postcode",
        )
    return place


def distance_km(one: Place, other: Place) -> float:
    """Return the great-circle distance in kilometres.

    Haversine formula (R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68, 1984), on
    a sphere: within 0.5 % of the ellipsoid.
    """
    latitude_1, latitude_2 = radians(one.latitude), radians(other.latitude)
    half_longitude = radians(other.longitude - one.longitude) / 2
    haversine = (
        sin((latitude_2 - latitude_1) / 2) ** 2
        + cos(latitude_1) * cos(latitude_2) * sin(half_longitude) ** 2
    )
    return 2 * _EARTH_RADIUS_KM * asin(sqrt(min(1.0, haversine)))


@lru_cache(maxsize=1)
def belgian_postcodes() -> Mapping[str, Place]:
    """Return all Belgian postcodes we know, by their four digits."""
    text = files("parts3d.points").joinpath("data/belgian_postcodes.csv").read_text("utf-8")
    return MappingProxyType(
        {
            row["postcode"]: Place(float(row["latitude"]), float(row["longitude"]), row["name"])
            for row in csv.DictReader(text.splitlines())
        }
    )
