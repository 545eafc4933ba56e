"""Small worlds, and a policy that writes down all that it is told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from parts3d.simulation.policies.naive import EarliestNaive
from parts3d.simulation.policy import Event, EventKind, Move
from parts3d.simulation.scenario import Scenario
from parts3d.simulation.world import World, build_world

QUIET = {"offline_per_day": 0.0}


def scenario(seed: int = 1, **tables: Any) -> Scenario:
    """Return a few points and days; tables are merged over the defaults."""
    about = {"seed": seed, "warmup_days": 1, "measure_days": 2, **tables.pop("scenario", {})}
    network = {"points": 4, "area_km": 10.0, "cities": 1, **tables.pop("network", {})}
    return Scenario.model_validate({"scenario": about, "network": network, **tables})


def world(seed: int = 1, **tables: Any) -> World:
    return build_world(scenario(seed, **tables))


@dataclass(slots=True)
class Watcher(EarliestNaive):
    """Promises as the naive one does, and remembers every event."""

    name: ClassVar[str] = "watcher"
    sweep_min: ClassVar[float | None] = 30.0
    wants: ClassVar[frozenset[EventKind]] = frozenset(EventKind)
    events: list[Event] = field(default_factory=list)
    heard_at: list[float] = field(default_factory=list)

    def heard(self, now: float, event: Event) -> Sequence[Move]:
        self.events.append(event)
        self.heard_at.append(now)
        return ()
