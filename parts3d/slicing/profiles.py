"""Printer profiles and materials: plain TOML of our own, read strictly.

A profile is neutral: each engine translates it. It is the one truth about a printer
model's bed, speeds and temperatures; the engines' own presets are never used.
"""

import hashlib
import string
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from parts3d.catalogue.recipe import Material
from parts3d.errors import Invalid, NotFound
from parts3d.slicing.profile_tables import (
    Accelerations,
    MachineLimits,
    Percent,
    Positive,
    Retraction,
    Speeds,
    Strict,
    Temperatures,
    Widths,
)
from parts3d.slicing.strict_toml import parse_strict

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

# A line's width and height that a nozzle can lay, as shares of its bore.
_NARROWEST, _WIDEST, _HIGHEST = 0.8, 2.0, 0.8

Bounds = tuple[tuple[float, float, float], tuple[float, float, float]]


class Profile(Strict):
    """A printer model's limits, speeds and temperatures, as any slicer needs them.

    Lengths in mm, speeds in mm/s, accelerations in mm/s², temperatures in °C.
    """

    printer_model: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{1,40}$")]
    name: str
    # Which commands the gate lets through: "prusa" is Marlin with Prusa's own levelling.
    firmware: Literal["marlin", "prusa", "klipper", "bambu"]
    enclosed: bool
    nozzle_hardened: bool
    bed_x_mm: Positive
    bed_y_mm: Positive
    height_mm: Positive
    # Where the nozzle may go beyond the bed (for the purge line): mm outside each side.
    overtravel_mm: Annotated[float, Field(ge=0, le=30)]
    # Not printed on, left and right, where something stands in a corner of the bed.
    keep_clear_x_mm: Annotated[float, Field(ge=0, le=50)] = 0.0
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
    def _templates_are_known(self) -> Self:
        for name in ("start_gcode", "end_gcode"):
            for _, field, spec, conversion in string.Formatter().parse(getattr(self, name)):
                if field is not None and (field not in TEMPLATE_FIELDS or spec or conversion):
                    known = ", ".join(sorted(TEMPLATE_FIELDS))
                    raise ValueError(f"{name} holds the unknown field {{{field}}}; known: {known}")
        return self

    @model_validator(mode="after")
    def _nothing_is_beyond_the_machine(self) -> Self:
        faults = []
        for material, t in self.temperatures.items():
            if max(t.nozzle_c, t.nozzle_first_layer_c) > self.max_nozzle_c:
                faults.append(f"the nozzle for {material} is above max_nozzle_c")
            if max(t.bed_c, t.bed_first_layer_c) > self.max_bed_c:
                faults.append(f"the bed for {material} is above max_bed_c")
        limits = self.limits
        faults += [
            f"speeds.{name} is {speed:g} mm/s; the machine's limit is {limit:g} mm/s"
            for name, speed in self.speeds
            if speed > (limit := limits.speed_z if name == "z" else limits.speed_xy)
        ]
        faults += [
            f"accelerations.{name} is {value:g} mm/s²; the machine's limit is "
            f"{limits.acceleration_xy:g} mm/s²"
            for name, value in self.accelerations
            if value > limits.acceleration_xy
        ]
        faults += [
            f"widths.{name} is {width:g} mm, no line of a nozzle of {self.nozzle_mm:g} mm"
            for name, width in self.widths
            if not _NARROWEST * self.nozzle_mm <= width <= _WIDEST * self.nozzle_mm
        ]
        if self.retraction.speed > limits.speed_e:
            faults.append(f"retraction.speed is above limits.speed_e, {limits.speed_e:g} mm/s")
        if self.first_layer_height_mm > _HIGHEST * self.nozzle_mm:
            faults.append(
                f"first_layer_height_mm is too much for a nozzle of {self.nozzle_mm:g} mm"
            )
        if faults:
            raise ValueError("; ".join(faults))
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

    ``softening_c`` is the temperature at which a part of it gives way under a small load (heat
    deflection, 0.45 MPa); ``max_use_c`` is what it bears for a long time.
    """

    name: Material
    density_g_cm3: Annotated[float, Field(gt=0.5, lt=3)]
    price_cents_per_kg: Annotated[int, Field(gt=0)]
    softening_c: Annotated[int, Field(gt=0)]
    max_use_c: Annotated[int, Field(gt=0)]
    max_flow_mm3_s: Positive
    fan_percent: Percent
    bridge_fan_percent: Percent
    drying: str
    uses: tuple[Literal["indoor", "outdoor", "warm", "loaded", "flexible"], ...]
    # It warps in moving air: an open printer that prints it says so in its profile.
    wants_enclosure: bool
    # It grinds down a nozzle of brass or stainless steel.
    abrasive: bool
    allowed: bool

    @model_validator(mode="after")
    def _used_below_softening(self) -> Self:
        if self.max_use_c >= self.softening_c:
            raise ValueError(f"max_use_c of {self.name} is not below its softening_c")
        return self


class _MaterialFile(Strict):
    material: tuple[MaterialProperties, ...]


def parse_profile(text: str, file: str) -> Profile:
    """Read one printer profile from TOML.

    Raises:
        Invalid: with every fault in words.
    """
    found = parse_strict(Profile, text, file)
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
    rows = parse_strict(_MaterialFile, text, file).material
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
    found = parse_profile(path.read_text(encoding="utf-8"), path.name)
    if wrong := contradictions(found, materials()):
        raise Invalid(f"{path.name}: {' '.join(wrong)}", place=path.name)
    return found


@cache
def materials() -> dict[str, MaterialProperties]:
    """Return all materials by name. Treat it as read-only: it is shared.

    Raises:
        Invalid: the file is faulty.
    """
    path = DATA / "materials.toml"
    return parse_materials(path.read_text(encoding="utf-8"), path.name)


def contradictions(
    profile: Profile, materials: Mapping[str, MaterialProperties]
) -> tuple[str, ...]:
    """Return what a printer model should not print, in words; empty when all agrees."""
    words = []
    for name, temperatures in profile.temperatures.items():
        material = materials[name]
        if material.abrasive and not profile.nozzle_hardened:
            words.append(f"{name} grinds down the nozzle of {profile.name}: it is not hardened.")
        if material.wants_enclosure and not profile.enclosed and not temperatures.in_open_air:
            words.append(
                f"{name} warps on {profile.name}, which is open; say in_open_air = true in "
                f"temperatures.{name} if it prints it all the same."
            )
        if not material.allowed:
            words.append(f"{name} is not allowed, but {profile.name} has temperatures for it.")
    return tuple(words)


def fits(bounds_mm: Bounds, profile: Profile, *, margin_mm: float = 3.0) -> bool:
    """Say whether a part can be printed on a printer model, as it is oriented.

    Args:
        bounds_mm: lowest and highest corner (x, y, z); only the size counts.
        profile: the printer model's.
        margin_mm: room kept free on each side of the bed (skirt or brim).
    """
    (x0, y0, z0), (x1, y1, z1) = bounds_mm
    return (
        x1 - x0 + 2 * max(margin_mm, profile.keep_clear_x_mm) <= profile.bed_x_mm
        and y1 - y0 + 2 * margin_mm <= profile.bed_y_mm
        and z1 - z0 <= profile.height_mm
    )
