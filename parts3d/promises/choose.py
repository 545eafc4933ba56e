"""The choice among points: ready time, distance and price on one scale, minutes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from parts3d.errors import Invalid
from parts3d.points.geography import Place, distance_km
from parts3d.promises.snapshot import Offer

_NO_PRICES: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Weights:
    """How many minutes of waiting a kilometre or a euro is worth.

    The default: a kilometre further is two to travel, by bicycle or in town traffic at 20 km/h
    six minutes; ten euros are worth an hour.
    """

    minutes_per_km: float = 6.0
    minutes_per_euro: float = 6.0

    def __post_init__(self) -> None:
        if not (self.minutes_per_km >= 0 and self.minutes_per_euro >= 0):
            raise Invalid("The weights of the choice among points cannot be negative.")


@dataclass(frozen=True, slots=True)
class Customer:
    """Who chooses: a place (postcode or phone), or none, when only time and price count."""

    place: Place | None = None


@dataclass(frozen=True, slots=True)
class Ranked:
    """An offer in the ranking; ``score_minutes`` is its disadvantage, lower is better."""

    offer: Offer
    distance_km: float | None
    price_cents: int | None
    score_minutes: float


DEFAULT_WEIGHTS = Weights()


def choose(
    offers: Sequence[Offer],
    customer: Customer,
    *,
    weights: Weights = DEFAULT_WEIGHTS,
    prices_cents: Mapping[str, int] = _NO_PRICES,
) -> list[Ranked]:
    """Rank offers, best first.

    ``score = minutes later than the earliest offer + minutes_per_km * km + minutes_per_euro *
    euros above the cheapest``. Equal scores: the earlier ready, then the order given.

    Args:
        offers: of ``plan``; leave the refusals out.
        customer: who chooses.
        weights: see ``Weights``.
        prices_cents: by point id, where points differ in price; a point without one counts as
            the cheapest.
    """
    if not offers:
        return []
    earliest = min(offer.ready_at for offer in offers)
    cheapest = min(prices_cents.values(), default=0)
    ranked = []
    for offer in offers:
        km = None
        if customer.place is not None and offer.place is not None:
            km = distance_km(customer.place, offer.place)
        price_cents = prices_cents.get(offer.point_id)
        dearer_cents = 0 if price_cents is None else price_cents - cheapest
        score = (
            (offer.ready_at - earliest).total_seconds() / 60
            + weights.minutes_per_km * (km or 0.0)
            + weights.minutes_per_euro * dearer_cents / 100
        )
        # Rounded, so that the last bits of a float never decide between two points.
        ranked.append(Ranked(offer, km, price_cents, round(score, 6)))
    return sorted(ranked, key=lambda entry: (entry.score_minutes, entry.offer.ready_at))
