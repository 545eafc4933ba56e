"""The choice among points: time, distance, price, record and room on one scale, minutes. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from parts3d.errors import Invalid
from parts3d.points.geography import Place, distance_km
from parts3d.promises.snapshot import Offer

_NO_PRICES: Mapping[str, int] = MappingProxyType({})
_NONE_KNOWN: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Weights:
    """How many minutes of waiting a kilometre, a euro, a kept promise in a hundred, room is worth.

    The default: a kilometre further is two to travel, by bicycle or in town traffic at 20 km/h
    six minutes; ten euros are worth an hour; a point that misses six promises in a hundred more
    than another is as good as that one an hour later; so is a point that is full than one with
    room: its places are left to those who have no other near.
    """

    minutes_per_km: float = 6.0
    minutes_per_euro: float = 6.0
    minutes_per_miss: float = 10.0
    minutes_if_scarce: float = 60.0

    def __post_init__(self) -> None:
        weights = (
            self.minutes_per_km,
            self.minutes_per_euro,
            self.minutes_per_miss,
            self.minutes_if_scarce,
        )
        if not all(one >= 0 for one in weights):
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
    missed_percent: Mapping[str, float] = _NONE_KNOWN,
    scarcity: Mapping[str, float] = _NONE_KNOWN,
) -> list[Ranked]:
    """Rank offers, best first.

    ``score = minutes later than the earliest offer + minutes_per_km * km + minutes_per_euro *
    euros above the cheapest + minutes_per_miss * promises in a hundred that are missed more often
    than at the best + minutes_if_scarce * scarcity``. Equal scores: the earlier ready, then the
    order given.

    Args:
        offers: of ``plan``; leave the refusals out.
        customer: who chooses.
        weights: see ``Weights``.
        prices_cents: by point id, where points differ in price; a point without one counts as
            the cheapest.
        missed_percent: by point id, how many promises of a hundred are missed there, as far as
            that is known; a point without one counts as the best.
        scarcity: by point id, how scarce its places are, 0 to 1 (``busy.scarcity``); 0 without.
    """
    if not offers:
        return []
    earliest = min(offer.ready_at for offer in offers)
    cheapest = min(prices_cents.values(), default=0)
    fewest = min(missed_percent.values(), default=0.0)
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
            + weights.minutes_per_miss * (missed_percent.get(offer.point_id, fewest) - fewest)
            + weights.minutes_if_scarce * scarcity.get(offer.point_id, 0.0)
        )
        # Rounded, so that the last bits of a float never decide between two points.
        ranked.append(Ranked(offer, km, price_cents, round(score, 6)))
    return sorted(ranked, key=lambda entry: (entry.score_minutes, entry.offer.ready_at))
