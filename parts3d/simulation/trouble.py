"""Outages, silent agents and slow staff: drawn beforehand, the same for every policy. Pure."""

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field

import numpy as np

from parts3d.simulation.calendar import MINUTES_PER_DAY, NEVER
from parts3d.simulation.network import Network, stream
from parts3d.simulation.scenario import OutageWave, Scenario

_MINUTES = 60.0
Span = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Spells:
    """Stretches of trouble of one printer or point, apart from each other and in order."""

    spans: tuple[Span, ...] = ()
    starts: tuple[float, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "starts", tuple(start for start, _ in self.spans))

    def over_at(self, at: float) -> float:
        """Return ``at``, or the end of the spell around it."""
        index = bisect_right(self.starts, at) - 1
        return max(at, self.spans[index][1]) if index >= 0 else at

    def next_from(self, at: float) -> float:
        """Return when the next spell begins, from ``at`` on.

        One that begins at that very moment counts: of a shop that loses its power some printers are
        still thought to work while the first is told of.
        """
        index = bisect_left(self.starts, at)
        return self.starts[index] if index < len(self.starts) else NEVER


@dataclass(frozen=True, slots=True)
class Trouble:
    """All of it: outages by printer, silence by point, how slow people are by day."""

    outages: tuple[Spells, ...]
    silences: tuple[Spells, ...]
    slowness: tuple[float, ...]


def draw_trouble(scenario: Scenario, network: Network, days: int) -> Trouble:
    """Draw the trouble of so many days."""
    seed, until = scenario.scenario.seed, days * MINUTES_PER_DAY
    table = scenario.printers
    rng = stream(seed, "outages")
    outages = [
        _renewals(rng, table.mtbf_h * _MINUTES, table.repair_h, _MINUTES, until)
        for _ in network.printers
    ]
    for number, event in enumerate(scenario.events):
        if event.type == "outage_wave":
            _add_wave(outages, event, number, scenario, network)
    rng = stream(seed, "silences")
    silences: list[list[Span]] = []
    for _ in network.points:
        if scenario.agent.offline_per_day == 0:
            silences.append([])
            continue
        mean = MINUTES_PER_DAY / scenario.agent.offline_per_day
        silences.append(_renewals(rng, mean, scenario.agent.offline_min, 1.0, until))
    slowness = [1.0] * days
    for event in scenario.events:
        if event.type == "staff_slow":
            first = scenario.scenario.warmup_days + event.day
            for day in range(max(first, 0), min(first + event.days, days)):
                slowness[day] *= event.factor
    return Trouble(
        tuple(Spells(_merged(spans)) for spans in outages),
        tuple(Spells(_merged(spans)) for spans in silences),
        tuple(slowness),
    )


def _renewals(
    rng: np.random.Generator, mean: float, lasting: Span, unit: float, until: float
) -> list[Span]:
    """Draw spells: exponential between them, log-uniform in length."""
    spans: list[Span] = []
    at = float(rng.exponential(mean))
    while at < until:
        low, high = np.log(lasting[0]), np.log(lasting[1])
        ends = at + float(np.exp(rng.uniform(low, high))) * unit
        spans.append((at, ends))
        at = ends + float(rng.exponential(mean))
    return spans


def _add_wave(
    outages: list[list[Span]],
    event: OutageWave,
    number: int,
    scenario: Scenario,
    network: Network,
) -> None:
    """Let the share of points or printers that is nearest to a place of bad luck drop out."""
    rng = stream(scenario.scenario.seed, f"wave{number}")
    centre = rng.random(2) * scenario.network.area_km
    sites = np.array([(point.x_km, point.y_km) for point in network.points])
    nearest = np.argsort(np.hypot(*(sites - centre).T), kind="stable").tolist()
    units = [network.points[point].printers for point in nearest]
    if event.unit == "printer":
        units = [(printer,) for printers in units for printer in printers]
    day = scenario.scenario.warmup_days + event.day
    begins = day * MINUTES_PER_DAY + event.hour * _MINUTES
    for printers in units[: round(event.share * len(units))]:
        start = begins + float(rng.random()) * event.spread_h * _MINUTES
        ends = start + float(rng.uniform(*event.hours)) * _MINUTES
        for printer in printers:
            outages[printer].append((start, ends))


def _merged(spans: list[Span]) -> tuple[Span, ...]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return tuple(merged)
