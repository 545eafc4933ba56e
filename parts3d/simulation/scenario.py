"""Scenario files, format 1: a network, its people, its bad luck and its customers. Pure values.

Every key may be left out and then has the default given here; ``docs/simulation.md`` says what
each means. Unknown keys are faults. ``scenario_file`` reads the text.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_SUM_TOLERANCE = 1e-6

Share = Annotated[float, Field(ge=0, le=1, description="a share from 0 to 1")]
Positive = Annotated[float, Field(gt=0, le=1e6, description="a number above 0")]
NotNegative = Annotated[float, Field(ge=0, le=1e6, description="a number of at least 0")]
Spread = Annotated[float, Field(ge=0, le=1, description="a logarithm's standard deviation, 0 to 1")]
Clock = Annotated[str, Field(pattern=_CLOCK, description='a time of day as "09:30"')]
Weekday = Annotated[int, Field(ge=0, le=6, description="weekdays from 0 (Monday) to 6")]
Weights = Annotated[
    tuple[NotNegative, ...], Field(min_length=1, description="weights that are not all 0")
]
Span = Annotated[
    tuple[Positive, Positive], Field(description="two numbers above 0, the smaller one first")
]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @model_validator(mode="after")
    def _spans_rise(self) -> Self:
        for name, value in self:
            is_span = name in {"repair_h", "clear_min", "offline_min", "hours"}
            if is_span and isinstance(value, tuple) and value[0] > value[1]:
                raise ValueError(f"{name} has the larger number first")
        return self


class About(_Table):
    """What the scenario is."""

    name: Annotated[str, Field(max_length=80, description="a short name")] = "unnamed"
    description: Annotated[str, Field(max_length=500, description="a sentence")] = ""
    set: Annotated[str, Field(max_length=80, description="free text")] = ""
    seed: Annotated[int, Field(ge=0, lt=2**48, description="a whole number from 0")] = 1
    # Winter time holds for so long around the first measured day (``calendar``).
    warmup_days: Annotated[int, Field(ge=0, le=35, description="0 to 35 days")] = 7
    measure_days: Annotated[int, Field(ge=1, le=100, description="1 to 100 days")] = 14


class Network(_Table):
    """Where points are and who considers them."""

    points: Annotated[int, Field(ge=1, le=20_000, description="1 to 20000 points")] = 60
    area_km: Positive = 62.0
    cities: Annotated[int, Field(ge=1, le=10_000, description="1 to 10000 cities")] = 6
    city_sd_km: Positive = 4.0
    rural_share: Share = 0.3
    road_factor: Annotated[float, Field(ge=1, le=5, description="1 to 5")] = 1.3
    radius_km: Positive = 12.0
    min_candidates: Annotated[int, Field(ge=1, le=100, description="1 to 100 points")] = 3
    max_candidates: Annotated[int, Field(ge=1, le=100, description="1 to 100 points")] = 10
    printers_weights: Weights = (0.25, 0.25, 0.20, 0.15, 0.10, 0.05)

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min_candidates > self.max_candidates:
            raise ValueError("min_candidates is above max_candidates")
        return self


class UnattendedShares(_Table):
    """Shares of points by their rule for unattended printing; scaled to sum to 1."""

    none: NotNegative = 0.35
    finish: NotNegative = 0.3
    overnight: NotNegative = 0.35


class HoursTable(_Table):
    """When shops are open and staffed."""

    open: Clock = "09:30"
    close: Clock = "18:30"
    open_days: Annotated[
        tuple[Weekday, ...], Field(min_length=1, description="weekdays from 0 (Monday) to 6")
    ] = (0, 1, 2, 3, 4, 5)
    lunch_share: Share = 0.3
    lunch_start: Clock = "12:30"
    lunch_end: Clock = "13:30"
    unattended: UnattendedShares = UnattendedShares()

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.open < self.close:
            raise ValueError("the shops close before they open")
        if self.lunch_share and not self.open < self.lunch_start < self.lunch_end < self.close:
            raise ValueError("lunch does not lie within opening hours")
        return self


class ModelTable(_Table):
    """A printer model: minutes by the slicer are print hours over ``speed``."""

    name: Annotated[str, Field(min_length=1, max_length=40, description="a name")]
    share: NotNegative = 1.0
    speed: Positive = 1.0
    bias: Positive = 1.0


class Printers(_Table):
    """What printers do to a slicer's estimate, and how often they fail altogether."""

    printer_bias_sd: Spread = 0.02
    part_bias_sd: Spread = 0.05
    noise_sd: Spread = 0.062
    mtbf_h: Positive = 200.0
    repair_h: Span = (1.0, 24.0)
    models: Annotated[
        tuple[ModelTable, ...],
        Field(min_length=1, max_length=50, description="[[printers.models]]"),
    ] = (
        ModelTable(name="fdm-a", share=0.4, speed=1.0, bias=0.92),
        ModelTable(name="fdm-b", share=0.35, speed=1.0, bias=1.08),
        ModelTable(name="fdm-c", share=0.25, speed=1.15, bias=1.3),
    )


class Staff(_Table):
    """What people do at a point, one person each."""

    clear_min: Span = (5.0, 40.0)
    material_change_min: NotNegative = 10.0


class Quality(_Table):
    """How prints go wrong."""

    fail: Annotated[float, Field(ge=0, lt=1, description="a share from 0, below 1")] = 0.05
    reject: Annotated[float, Field(ge=0, lt=1, description="a share from 0, below 1")] = 0.02


class Agent(_Table):
    """How often a shop falls silent."""

    offline_per_day: NotNegative = 0.02
    offline_min: Span = (10.0, 240.0)


class Parts(_Table):
    """What is ordered."""

    count: Annotated[int, Field(ge=1, le=100_000, description="1 to 100000 parts")] = 400
    zipf: Annotated[float, Field(ge=0, le=5, description="0 (all alike) to 5")] = 1.0
    median_h: Positive = 1.6
    sigma: Annotated[float, Field(ge=0, le=3, description="0 to 3")] = 0.8
    min_h: Positive = 0.083
    max_h: Positive = 10.0
    materials: dict[str, NotNegative] = Field(
        default={"PLA": 0.35, "PETG": 0.5, "ASA": 0.1, "TPU": 0.05},
        min_length=1,
        description="materials with their weights",
    )
    stock_share: dict[str, Share] = Field(
        default={"PLA": 1.0, "PETG": 1.0, "ASA": 0.6, "TPU": 0.4},
        description="materials with the share of points that stock them",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.min_h > self.max_h:
            raise ValueError("min_h is above max_h")
        unknown = set(self.stock_share) - set(self.materials)
        if unknown:
            raise ValueError(f"stock_share names {', '.join(sorted(unknown))}, which no part is of")
        return self


class Demand(_Table):
    """How much is ordered, and when."""

    utilisation: Annotated[float, Field(gt=0, le=5, description="above 0, up to 5")] = 0.4
    hour_weights: Annotated[
        tuple[NotNegative, ...], Field(min_length=24, max_length=24, description="24 weights")
    ] = (1, 0.5, 0.3, 0.2, 0.2, 0.4, 1, 2.5, 4, 5.5, 8, 8, 6, 5, 5, 5, 5, 5.5, 6, 8, 8.5, 8, 4.5, 2)
    day_weights: Annotated[
        tuple[NotNegative, ...], Field(min_length=7, max_length=7, description="7 weights")
    ] = (1.1, 1.0, 1.0, 1.0, 1.0, 1.05, 0.85)


class PromiseTable(_Table):
    """What a promise may be."""

    horizon_h: Positive = 72.0
    round_min: Annotated[float, Field(ge=1, le=60, description="1 to 60 minutes")] = 5.0


Day = Annotated[int, Field(ge=-35, le=100, description="a day; 0 is the first measured one")]
Days = Annotated[int, Field(ge=1, le=100, description="1 to 100 days")]


class OutageWave(_Table):
    """Printers or points of one corner of the map drop out together."""

    type: Literal["outage_wave"]
    day: Day = 0
    hour: Annotated[float, Field(ge=0, lt=24, description="an hour of the day")] = 11.0
    spread_h: NotNegative = 1.0
    share: Share = 0.15
    unit: Literal["point", "printer"] = "printer"
    hours: Span = (1.0, 3.0)


class DemandSurge(_Table):
    """Everybody wants one part."""

    type: Literal["demand_surge"]
    day: Day = 0
    days: Days = 1
    part: Annotated[int, Field(ge=1, description="a part's rank, from 1")] = 1
    part_h: Positive | None = None
    extra: NotNegative = 0.5


class StaffSlow(_Table):
    """Everything takes people longer."""

    type: Literal["staff_slow"]
    day: Day = 0
    days: Days = 1
    factor: Positive = 1.4


TroubleEvent = Annotated[OutageWave | DemandSurge | StaffSlow, Field(discriminator="type")]


class Scenario(_Table):
    """A whole scenario."""

    format: Annotated[Literal[1], Field(description="1, the format of this file")] = 1
    scenario: About = About()
    network: Network = Network()
    hours: HoursTable = HoursTable()
    printers: Printers = Printers()
    staff: Staff = Staff()
    quality: Quality = Quality()
    agent: Agent = Agent()
    parts: Parts = Parts()
    demand: Demand = Demand()
    promise: PromiseTable = PromiseTable()
    events: tuple[TroubleEvent, ...] = ()

    @model_validator(mode="after")
    def _events_fit(self) -> Self:
        for number, event in enumerate(self.events, start=1):
            if event.type == "demand_surge" and event.part > self.parts.count:
                raise ValueError(
                    f"event {number} names part {event.part} of only {self.parts.count}"
                )
        for table, weights in (
            ("parts.materials", self.parts.materials.values()),
            ("network.printers_weights", self.network.printers_weights),
            ("demand.hour_weights", self.demand.hour_weights),
            ("demand.day_weights", self.demand.day_weights),
            ("printers.models", [model.share for model in self.printers.models]),
            ("hours.unattended", self.hours.unattended.model_dump().values()),
        ):
            if sum(weights) < _SUM_TOLERANCE:
                raise ValueError(f"the weights of {table} are all 0")
        return self

    def at_load(self, utilisation: float) -> "Scenario":
        """Return the same at another offered load."""
        return self.model_validate(
            {
                **self.model_dump(),
                "demand": {**self.demand.model_dump(), "utilisation": utilisation},
            }
        )

    def with_seed(self, seed: int) -> "Scenario":
        """Return the same with other luck."""
        about = self.scenario.model_copy(update={"seed": seed})
        return self.model_copy(update={"scenario": about})
