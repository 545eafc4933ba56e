"""Printer profiles and materials: plain TOML of our own, read strictly.

A profile is neutral: each engine translates it. It is the one truth about a printer
model's bed, speeds and temperatures; the engines' own presets are never used.
"""

import hashlib
import string
import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from parts3d.catalogue.recipe import Material
from parts3d.errors import Invalid, NotFound

DATA = Path(__file__).parent / "data"

MATERIAL_NAMES: tuple[str, ...] = get_args(Material)
# The named fields that a start or end template may hold; rendered in ``assemble.py``.
TEMPLATE_FIELDS = frozenset(
    {
        "nozzle_c",
        "nozzle_first_layer_c",
        "nozzle_standby_c",
        "bed_c",
        "bed_first_layer_c",
        "nozzle_mm",
        "pressure_advance",
        "lift_z_mm",
        "park_z_mm",
        "bed_y_mm",
    }
)

Positive = Annotated[float, Field(gt=0)]
Percent = Annotated[int, Field(ge=0, le=100)]
Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]


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


class Profile(Strict):
    """A printer model's limits, speeds and temperatures, as any slicer needs them.

    Lengths in mm, speeds in mm/s, accelerations in mm/s², temperatures in °C.
    """

    printer_model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,40}$")]
    name: str
    firmware: Literal["marlin", "klipper"]
    bed_x_mm: Positive
    bed_y_mm: Positive
    height_mm: Positive
    # Where the nozzle may go beyond the bed (for the purge line): mm outside each side.
    overtravel_mm: Annotated[float, Field(ge=0, le=30)]
    nozzle_mm: Positive
    filament_diameter_mm: Positive
    max_nozzle_c: int
    max_bed_c: int
    max_flow_mm3_s: Positive
    first_layer_height_mm: Positive
    infill_overlap_percent: Percent
    elephant_foot_mm: Annotated[float, Field(ge=0, le=0.5)]
    minimum_layer_seconds: Annotated[float, Field(ge=0)]
    # Heating, homing and levelling before the first move of the part.
    preparation_seconds: Annotated[int, Field(ge=0)]
    widths: Widths
    speeds: Speeds
    accelerations: Accelerations
    limits: MachineLimits
    retraction: Retraction
    temperatures: dict[Material, Temperatures]
    start_gcode: str
    end_gcode: str

    @model_validator(mode="after")
    def _templates_and_temperatures_hold(self) -> Self:
        for name in ("start_gcode", "end_gcode"):
            for _, field, spec, conversion in string.Formatter().parse(getattr(self, name)):
                if field is not None and (field not in TEMPLATE_FIELDS or spec or conversion):
                    known = ", ".join(sorted(TEMPLATE_FIELDS))
                    raise ValueError(f"{name} holds the unknown field {{{field}}}; known: {known}")
        for material, t in self.temperatures.items():
            if max(t.nozzle_c, t.nozzle_first_layer_c) > self.max_nozzle_c:
                raise ValueError(f"the nozzle for {material} is above max_nozzle_c")
            if max(t.bed_c, t.bed_first_layer_c) > self.max_bed_c:
                raise ValueError(f"the bed for {material} is above max_bed_c")
        return self

    @property
    def sha256(self) -> str:
        """Identity of the profile: SHA-256 of its canonical JSON, hex."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def temperatures_for(self, material: str) -> Temperatures:
        """Return the temperatures of a material.

        Raises:
            Invalid: this printer model does not print this material.
        """
        found = {str(name): t for name, t in self.temperatures.items()}.get(material)
        if found is None:
            can = ", ".join(self.temperatures)
            raise Invalid(
                f"{self.name} does not print {material}; it prints {can}.", place="material"
            )
        return found


class MaterialProperties(Strict):
    """One material as bought and as printed.

    ``softening_c`` is the temperature above which a part of it creeps under small load
    (about the glass transition; for PA-CF and TPU the practical limit of use).
    """

    name: Material
    density_g_cm3: Annotated[float, Field(gt=0.5, lt=3)]
    price_cents_per_kg: Annotated[int, Field(gt=0)]
    softening_c: Annotated[int, Field(gt=0)]
    max_flow_mm3_s: Positive
    fan_percent: Percent
    bridge_fan_percent: Percent
    drying: str
    uses: tuple[Literal["indoor", "outdoor", "warm", "loaded", "flexible"], ...]
    allowed: bool


class _MaterialFile(Strict):
    material: tuple[MaterialProperties, ...]


def faults_in_words(file: str, error: ValidationError) -> str:
    """Return every fault of a strict model as one text, one fault a line."""
    return "\n".join(
        f"{file}: {'.'.join(str(step) for step in fault['loc']) or 'file'}: {fault['msg']}"
        for fault in error.errors()
    )


def parse_toml(text: str, file: str) -> dict[str, Any]:
    """Return the TOML's table.

    Raises:
        Invalid: it is no TOML; names the file and the line.
    """
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{file} is no valid TOML: {error}.", place=file) from None


def parse_profile(text: str, file: str) -> Profile:
    """Read one printer profile from TOML.

    Raises:
        Invalid: with every fault in words.
    """
    try:
        found = Profile.model_validate(parse_toml(text, file))
    except ValidationError as error:
        raise Invalid(faults_in_words(file, error), place=file) from None
    if found.printer_model != Path(file).stem:
        raise Invalid(
            f"{file}: printer_model says {found.printer_model!r}; it must be the file's name.",
            place=file,
        )
    return found


def parse_materials(text: str, file: str) -> dict[str, MaterialProperties]:
    """Read the materials by name from TOML.

    Raises:
        Invalid: with every fault in words; also for a name that stands twice.
    """
    try:
        rows = _MaterialFile.model_validate(parse_toml(text, file)).material
    except ValidationError as error:
        raise Invalid(faults_in_words(file, error), place=file) from None
    found: dict[str, MaterialProperties] = {}
    for row in rows:
        if row.name in found:
            raise Invalid(f"{file}: {row.name} stands twice; keep one.", place=file)
        found[row.name] = row
    return found


@cache
def printer_models() -> tuple[str, ...]:
    """Return the ids of all known printer models, sorted."""
    return tuple(sorted(path.stem for path in (DATA / "printers").glob("*.toml")))


@cache
def profile(printer_model: str) -> Profile:
    """Return the profile of a printer model.

    Raises:
        NotFound: no such model.
        Invalid: its file is faulty.
    """
    if printer_model not in printer_models():
        known = ", ".join(printer_models())
        raise NotFound(f"There is no printer model {printer_model!r}; known: {known}.")
    path = DATA / "printers" / f"{printer_model}.toml"
    return parse_profile(path.read_text(encoding="utf-8"), path.name)


@cache
def materials() -> dict[str, MaterialProperties]:
    """Return all materials by name. Treat it as read-only: it is shared.

    Raises:
        Invalid: the file is faulty.
    """
    path = DATA / "materials.toml"
    return parse_materials(path.read_text(encoding="utf-8"), path.name)


def fits(bounds_mm: Bounds, profile: Profile, *, margin_mm: float = 3.0) -> bool:
    """Say whether a part can be printed on a printer model, as it is oriented.

    Args:
        bounds_mm: lowest and highest corner (x, y, z); only the size counts.
        profile: the printer model's.
        margin_mm: room kept free on each side of the bed (skirt or brim).
    """
    (x0, y0, z0), (x1, y1, z1) = bounds_mm
    return (
        x1 - x0 + 2 * margin_mm <= profile.bed_x_mm
        and y1 - y0 + 2 * margin_mm <= profile.bed_y_mm
        and z1 - z0 <= profile.height_mm
    )
