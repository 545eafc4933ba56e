"""The truth of a simulated world. Policies other than the oracle never get hold of it. Pure."""

from dataclasses import dataclass
from typing import NamedTuple

from parts3d.simulation.calendar import MINUTES_PER_DAY
from parts3d.simulation.demand import Demanded, draw_demand, staffed_printer_minutes
from parts3d.simulation.luck import Fate, Luck
from parts3d.simulation.network import Network, draw_network
from parts3d.simulation.scenario import Scenario
from parts3d.simulation.seen import Seen, SeenPart, SeenPoint, SeenPrinter
from parts3d.simulation.trouble import Trouble, draw_trouble

# Customers go on ordering after the measured days, so that the last measured orders meet what
# the others met; then the work runs out.
COOL_DOWN_DAYS = 2
RUN_OUT_DAYS = 14


class Print(NamedTuple):
    """What will come of a print: decided by chance and outages at its start.

    ``ends_at`` is the failure's or the outage's moment when it comes to that.
    """

    ends_at: float
    full_minutes: float
    killed: bool
    fate: Fate

    @property
    def good(self) -> bool:
        """Whether something lies on the bed to be checked."""
        return not self.killed and self.fate.fails_at is None


@dataclass(frozen=True, slots=True)
class World:
    """Network, customers, trouble and luck of one scenario."""

    scenario: Scenario
    network: Network
    demand: tuple[Demanded, ...]
    trouble: Trouble
    luck: Luck

    @property
    def measured(self) -> tuple[float, float]:
        """Return the first measured moment and the first one after."""
        about = self.scenario.scenario
        start = about.warmup_days * MINUTES_PER_DAY
        return start, start + about.measure_days * MINUTES_PER_DAY

    @property
    def ends_at(self) -> float:
        """Return the moment at which the work has to have run out."""
        return self.measured[1] + (COOL_DOWN_DAYS + RUN_OUT_DAYS) * MINUTES_PER_DAY

    def staffed_minutes(self) -> float:
        """Return the staffed printer minutes of the measured days."""
        return staffed_printer_minutes(self.network, *self.measured)

    def print_from(
        self, start: float, order: int, ordinal: int, attempt: int, printer: int, part: int
    ) -> Print:
        """Return what comes of a print that starts now on a printer that works."""
        fate = self.luck.fate(order, ordinal, attempt, printer)
        site = self.network.printers[printer]
        minutes = self.network.parts[part].actual[site.model] * site.bias * fate.slowness
        lasting = minutes if fate.fails_at is None else minutes * fate.fails_at
        outage = self.trouble.outages[printer].next_from(start)
        if outage <= start + lasting:
            return Print(outage, minutes, killed=True, fate=fate)
        return Print(start + lasting, minutes, killed=False, fate=fate)

    def clearing(self, fate: Fate, at: float) -> float:
        """Return the staffed minutes that clearing (and checking) takes from ``at`` on."""
        low, high = self.scenario.staff.clear_min
        return (low + fate.clear_share * (high - low)) * self._slowness(at)

    def changing(self, at: float) -> float:
        """Return the staffed minutes that a change of material takes from ``at`` on."""
        return self.scenario.staff.material_change_min * self._slowness(at)

    def view(self) -> Seen:
        """Return what a policy sees before the first day."""
        table = self.scenario
        return Seen(
            points=tuple(
                SeenPoint(
                    index,
                    f"point-{index:04d}",
                    point.x_km,
                    point.y_km,
                    point.calendar,
                    point.unattended,
                    point.stock,
                    point.printers,
                )
                for index, point in enumerate(self.network.points)
            ),
            printers=tuple(
                SeenPrinter(
                    index, f"printer-{index:05d}", printer.point, printer.model, printer.loaded
                )
                for index, printer in enumerate(self.network.printers)
            ),
            models=tuple(model.name for model in table.printers.models),
            parts=tuple(
                SeenPart(index, part.material, part.estimates)
                for index, part in enumerate(self.network.parts)
            ),
            orders={},
            jobs={},
            warmup_days=table.scenario.warmup_days,
            round_min=table.promise.round_min,
            horizon_min=table.promise.horizon_h * 60,
            material_change_min=table.staff.material_change_min,
            road_factor=table.network.road_factor,
        )

    def _slowness(self, at: float) -> float:
        day = int(at // MINUTES_PER_DAY)
        return self.trouble.slowness[min(day, len(self.trouble.slowness) - 1)]


def build_world(scenario: Scenario) -> World:
    """Draw a whole world from a scenario's seed."""
    about = scenario.scenario
    ordering = about.warmup_days + about.measure_days + COOL_DOWN_DAYS
    days = ordering + RUN_OUT_DAYS
    network = draw_network(scenario, days)
    return World(
        scenario,
        network,
        draw_demand(scenario, network, ordering),
        draw_trouble(scenario, network, days),
        Luck(
            about.seed,
            scenario.printers.noise_sd,
            scenario.quality.fail,
            scenario.quality.reject,
        ),
    )
