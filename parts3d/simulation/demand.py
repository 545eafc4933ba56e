"""Who orders what, where and when: drawn beforehand, the same for every policy. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parts3d.simulation.calendar import MINUTES_PER_DAY
from parts3d.simulation.network import Floats, Network, places, stream
from parts3d.simulation.scenario import DemandSurge, Scenario
from parts3d.simulation.seen import Candidate

_HOURS = 24
_AT_ONCE = 2000  # customers whose distances are worked out at a time


@dataclass(frozen=True, slots=True)
class Demanded:
    """One customer."""

    placed_at: float
    part: int
    candidates: tuple[Candidate, ...]


def draw_demand(scenario: Scenario, network: Network, days: int) -> tuple[Demanded, ...]:
    """Draw the customers of so many days, in the order of time."""
    seed = scenario.scenario.seed
    per_hour = _orders_per_hour(scenario, network, days)
    rng = stream(seed, "orders")
    times = _times(rng, per_hour)
    parts = rng.choice(len(network.parts), size=len(times), p=network.popularity)
    for number, event in enumerate(scenario.events):
        if event.type == "demand_surge":
            more = _times(stream(seed, f"surge{number}"), _extra(scenario, event, per_hour))
            times = np.concatenate([times, more])
            parts = np.concatenate([parts, np.full(len(more), event.part - 1)])
    homes = places(
        stream(seed, "customers"), len(times), scenario, network.cities, network.city_weights
    )
    candidates = _candidates(scenario, network, homes, parts)
    order = np.argsort(times, kind="stable").tolist()
    return tuple(Demanded(float(times[one]), int(parts[one]), candidates[one]) for one in order)


def work_per_order(scenario: Scenario, network: Network) -> float:
    """Return the mean printer minutes of an order: one good print and clearing its bed."""
    shares = np.array([model.share for model in scenario.printers.models])
    by_model = np.array([part.actual for part in network.parts]) @ (shares / shares.sum())
    noise = np.exp(scenario.printers.noise_sd**2 / 2)
    clearing = sum(scenario.staff.clear_min) / 2
    return float(network.popularity @ by_model * noise + clearing)


def staffed_printer_minutes(network: Network, start: float, end: float) -> float:
    """Return the sum over printers of the staffed minutes of their points between two moments."""
    return sum(
        point.calendar.open_between(start, end) * len(point.printers) for point in network.points
    )


def _orders_per_hour(scenario: Scenario, network: Network, days: int) -> Floats:
    """Return the expected orders of each simulated hour, (days, 24)."""
    # A week from the first measured Monday on.
    start = scenario.scenario.warmup_days * MINUTES_PER_DAY
    staffed = staffed_printer_minutes(network, start, start + 7 * MINUTES_PER_DAY)
    a_week = scenario.demand.utilisation * staffed / work_per_order(scenario, network)
    by_day = np.array(scenario.demand.day_weights)
    by_hour = np.array(scenario.demand.hour_weights)
    weekdays = (np.arange(days) - scenario.scenario.warmup_days) % 7
    rates: Floats = (
        a_week * (by_day / by_day.sum())[weekdays][:, None] * (by_hour / by_hour.sum())[None, :]
    )
    return rates


def _extra(scenario: Scenario, event: DemandSurge, per_hour: Floats) -> Floats:
    first = max(scenario.scenario.warmup_days + event.day, 0)
    more = np.zeros_like(per_hour)
    more[first : first + event.days] = per_hour[first : first + event.days] * event.extra
    return more


def _times(rng: np.random.Generator, per_hour: Floats) -> Floats:
    counts = rng.poisson(per_hour.ravel())
    hours = np.repeat(np.arange(len(counts)), counts)
    times: Floats = np.sort((hours + rng.random(len(hours))) * (MINUTES_PER_DAY / _HOURS))
    return times


def _candidates(
    scenario: Scenario, network: Network, homes: Floats, parts: npt.NDArray[np.int64]
) -> list[tuple[Candidate, ...]]:
    """Return what each customer considers: points nearby that have the material, nearest first."""
    materials = np.array([part.material for part in network.parts])[parts]
    found: list[tuple[Candidate, ...]] = [()] * len(homes)
    for material in sorted(set(materials.tolist())):
        stocking = [i for i, point in enumerate(network.points) if material in point.stock]
        wanting = np.flatnonzero(materials == material)
        for begin in range(0, len(wanting) if stocking else 0, _AT_ONCE):
            some = wanting[begin : begin + _AT_ONCE]
            nearby = _nearby(scenario, network, homes[some], stocking)
            for one, candidates in zip(some.tolist(), nearby, strict=True):
                found[one] = candidates
    return found


def _nearby(
    scenario: Scenario, network: Network, homes: Floats, stocking: Sequence[int]
) -> list[tuple[Candidate, ...]]:
    table = scenario.network
    numbers = np.array(stocking)
    sites = np.array([(network.points[i].x_km, network.points[i].y_km) for i in stocking])
    km = np.hypot(*(homes[:, None, :] - sites[None, :, :]).transpose(2, 0, 1)) * table.road_factor
    most = min(table.max_candidates, len(sites))
    nearest = np.argpartition(km, most - 1, axis=1)[:, :most]
    by_km = np.take_along_axis(km, nearest, axis=1)
    order = np.argsort(by_km, axis=1, kind="stable")
    nearest = numbers[np.take_along_axis(nearest, order, axis=1)]
    by_km = np.take_along_axis(by_km, order, axis=1)
    return [
        tuple(
            Candidate(point, away)
            for rank, (point, away) in enumerate(zip(points, kms, strict=True))
            if rank < table.min_candidates or away <= table.radius_km
        )
        for points, kms in zip(nearest.tolist(), by_km.tolist(), strict=True)
    ]
