"""The tables inside a printer profile: closed, frozen, each number with its unit."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Positive = Annotated[float, Field(gt=0)]
Percent = Annotated[int, Field(ge=0, le=100)]


class Strict(BaseModel):
    """Closed and frozen, as every border type."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Speeds(Strict):
    """Speeds in mm/s by what is being printed."""

    wall_outer: Positive
    wall_inner: Positive
    infill: Positive
    solid: Positive
    top: Positive
    bridge: Positive
    support: Positive
    first_layer: Positive
    travel: Positive
    z: Positive
    minimum: Positive


class Accelerations(Strict):
    """Accelerations in mm/s² by what is being printed."""

    wall: Positive
    infill: Positive
    first_layer: Positive
    travel: Positive


class MachineLimits(Strict):
    """What the firmware clamps to: the truth for the time of a move (mm/s, mm/s²).

    ``jerk_*`` is Marlin's classic jerk; for Klipper it holds ``square_corner_velocity``,
    which allows the same speed through a right-angled corner.
    """

    speed_xy: Positive
    speed_z: Positive
    speed_e: Positive
    acceleration_xy: Positive
    acceleration_z: Positive
    acceleration_e: Positive
    acceleration_retract: Positive
    jerk_xy: Positive
    jerk_z: Positive
    jerk_e: Positive


class Widths(Strict):
    """Widths in mm of one extruded line as it lies on the bed (rounded ends)."""

    line: Positive
    first_layer: Positive
    top: Positive
    support: Positive


class Retraction(Strict):
    """Retraction: lengths in mm of filament, speed in mm/s."""

    length_mm: Annotated[float, Field(ge=0, le=10)]
    speed: Positive
    lift_mm: Annotated[float, Field(ge=0, le=2)]
    minimum_travel_mm: Positive


class Temperatures(Strict):
    """Temperatures of one material on one printer model, °C."""

    nozzle_c: Annotated[int, Field(ge=150, le=350)]
    nozzle_first_layer_c: Annotated[int, Field(ge=150, le=350)]
    bed_c: Annotated[int, Field(ge=0, le=130)]
    bed_first_layer_c: Annotated[int, Field(ge=0, le=130)]
    # Linear advance K; only for firmwares that take it from the G-code.
    pressure_advance: Annotated[float, Field(ge=0, le=2)] = 0.0
    # Said where an open printer prints a material that warps: its maker does, in small parts.
    in_open_air: bool = False
