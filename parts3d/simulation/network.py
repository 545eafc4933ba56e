"""The network of a scenario: points, printers and parts, drawn by seed. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parts3d.points.hours import Unattended
from parts3d.simulation.calendar import Calendar, weekly
from parts3d.simulation.scenario import Scenario

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PointSite:
    """A point as drawn."""

    x_km: float
    y_km: float
    calendar: Calendar
    unattended: Unattended
    stock: frozenset[str]
    printers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PrinterSite:
    """A printer as drawn; ``bias`` is a truth that no policy sees."""

    point: int
    model: int
    loaded: str
    bias: float


@dataclass(frozen=True, slots=True)
class PartSite:
    """A part as drawn: the slicer's minutes by model, and the truth of what it does to them."""

    material: str
    estimates: tuple[float, ...]
    actual: tuple[float, ...]  # median minutes by model, printers' own bias apart


@dataclass(frozen=True, slots=True)
class Network:
    """All of it, and the cities around which customers live too."""

    points: tuple[PointSite, ...]
    printers: tuple[PrinterSite, ...]
    parts: tuple[PartSite, ...]
    popularity: Floats  # chance of each part
    cities: Floats  # (n, 2), km
    city_weights: Floats


def stream(seed: int, name: str) -> np.random.Generator:
    """Return the random numbers of one purpose; others' draws do not shift them."""
    words = [int.from_bytes(name.encode()[i : i + 4], "little") for i in range(0, len(name), 4)]
    return np.random.Generator(np.random.Philox(np.random.SeedSequence([seed, *words])))


def places(
    rng: np.random.Generator, count: int, scenario: Scenario, cities: Floats, weights: Floats
) -> Floats:
    """Draw places in cities and countryside, (count, 2), km; reflected into the square."""
    network = scenario.network
    rural = rng.random(count) < network.rural_share
    anywhere = rng.random((count, 2)) * network.area_km
    homes = cities[rng.choice(len(cities), size=count, p=weights)]
    around = homes + rng.normal(0.0, network.city_sd_km, (count, 2))
    around = np.abs(around)
    around = network.area_km - np.abs(network.area_km - around)
    drawn: Floats = np.where(rural[:, None], anywhere, np.clip(around, 0.0, network.area_km))
    return drawn


def draw_network(scenario: Scenario, days: int) -> Network:
    """Draw the network.

    Args:
        scenario: of which.
        days: how far the calendars reach.
    """
    seed = scenario.scenario.seed
    rng = stream(seed, "cities")
    cities = rng.random((scenario.network.cities, 2)) * scenario.network.area_km
    # A few large cities and many small ones.
    weights = 1.0 / np.arange(1, scenario.network.cities + 1)
    weights /= weights.sum()
    calendars = _calendars(scenario, days)
    points: list[PointSite] = []
    printers: list[PrinterSite] = []
    rng = stream(seed, "points")
    sites = places(rng, scenario.network.points, scenario, cities, weights)
    for x_km, y_km in sites.tolist():
        point, its_printers = _draw_point(rng, scenario, (x_km, y_km), calendars, len(printers))
        points.append(point)
        printers += [
            PrinterSite(len(points) - 1, model, loaded, bias)
            for model, loaded, bias in its_printers
        ]
    popularity = 1.0 / np.arange(1, scenario.parts.count + 1) ** scenario.parts.zipf
    return Network(
        tuple(points),
        tuple(printers),
        _draw_parts(scenario),
        popularity / popularity.sum(),
        cities,
        weights,
    )


def _calendars(scenario: Scenario, days: int) -> tuple[Calendar, Calendar]:
    hours = scenario.hours
    first_weekday = -scenario.scenario.warmup_days % 7
    lunch = (hours.lunch_start, hours.lunch_end)
    return (
        weekly(days, hours.open_days, hours.open, hours.close, first_weekday=first_weekday),
        weekly(days, hours.open_days, hours.open, hours.close, lunch, first_weekday=first_weekday),
    )


def _draw_point(
    rng: np.random.Generator,
    scenario: Scenario,
    at: tuple[float, float],
    calendars: tuple[Calendar, Calendar],
    first_printer: int,
) -> tuple[PointSite, list[tuple[int, str, float]]]:
    weights = scenario.network.printers_weights
    count = 1 + _pick(rng, weights)
    rules = scenario.hours.unattended
    rule = (Unattended.NONE, Unattended.FINISH, Unattended.OVERNIGHT)[
        _pick(rng, (rules.none, rules.finish, rules.overnight))
    ]
    has_lunch = rng.random() < scenario.hours.lunch_share
    materials = list(scenario.parts.materials)
    draws = rng.random(len(materials)).tolist()
    stock = frozenset(
        material
        for material, draw in zip(materials, draws, strict=True)
        if draw < scenario.parts.stock_share.get(material, 1.0)
    )
    loadable = sorted(stock) or materials[:1]
    shares = [scenario.parts.materials[material] for material in loadable]
    models = [model.share for model in scenario.printers.models]
    printers = [
        (
            _pick(rng, models),
            loadable[_pick(rng, shares)] if sum(shares) else loadable[0],
            float(np.exp(rng.normal(0.0, scenario.printers.printer_bias_sd))),
        )
        for _ in range(count)
    ]
    point = PointSite(
        at[0],
        at[1],
        calendars[int(has_lunch)],
        rule,
        stock,
        tuple(range(first_printer, first_printer + count)),
    )
    return point, printers


def _draw_parts(scenario: Scenario) -> tuple[PartSite, ...]:
    table, models = scenario.parts, scenario.printers.models
    rng = stream(scenario.scenario.seed, "parts")
    hours = table.median_h * np.exp(rng.normal(0.0, table.sigma, table.count))
    hours = np.clip(hours, table.min_h, table.max_h)
    for event in scenario.events:
        if event.type == "demand_surge" and event.part_h is not None:
            hours[event.part - 1] = event.part_h
    materials = list(table.materials)
    weights = np.array(list(table.materials.values()))
    chosen = rng.choice(len(materials), size=table.count, p=weights / weights.sum())
    biases = np.exp(rng.normal(0.0, scenario.printers.part_bias_sd, (table.count, len(models))))
    speeds = np.array([model.speed for model in models])
    estimates = hours[:, None] * 60.0 / speeds
    actual = estimates * np.array([model.bias for model in models]) * biases
    return tuple(
        PartSite(materials[material], tuple(by_slicer), tuple(really))
        for material, by_slicer, really in zip(
            chosen.tolist(), estimates.tolist(), actual.tolist(), strict=True
        )
    )


def _pick(rng: np.random.Generator, weights: Sequence[float]) -> int:
    sums = np.cumsum(weights)
    return int(np.searchsorted(sums, rng.random() * sums[-1], side="right"))
