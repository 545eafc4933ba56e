"""What every slicing engine is to the rest: STL in, checked G-code and its measures out."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from parts3d.catalogue.recipe import Recipe
from parts3d.errors import Invalid, Unavailable
from parts3d.slicing.assemble import assemble
from parts3d.slicing.gcode import inspect, read
from parts3d.slicing.gcode_gate import check_gate
from parts3d.slicing.motion import print_seconds
from parts3d.slicing.placement import PlacedPart, place_copies
from parts3d.slicing.plates import Size
from parts3d.slicing.profiles import MaterialProperties, Profile
from parts3d.slicing.spacing import line_faults
from parts3d.slicing.verify import copy_faults, faults


class SlicingFailed(Unavailable):
    """A model could not be sliced: a crash, a hang, an empty or a wrong result."""

    kind = "slicing_failed"


@dataclass(frozen=True, slots=True)
class SliceResult:
    """G-code ready for a printer, and what was measured from its moves.

    ``print_seconds`` counts moves and dwells, without heating and levelling (those are
    ``Profile.preparation_seconds``). ``filament_mm`` and ``filament_mg`` count the part with
    skirt, brim and supports, without the purge line. All are of the whole plate; ``part_mm``
    is the box of one copy as it is printed.
    """

    gcode: bytes
    sha256: str
    print_seconds: int
    filament_mm: int
    filament_mg: int
    layers: int
    part_mm: Size
    copies: int
    engine: str
    engine_version: str


class Engine(Protocol):
    """A slicing engine. ``version`` changes whenever the same input may give other moves."""

    @property
    def name(self) -> str:
        """The engine's name, as in the settings: ``cura`` or ``prusaslicer``."""

    @property
    def version(self) -> str:
        """The program's version and that of our translation."""

    def slice(
        self,
        stl: bytes,
        profile: Profile,
        material: MaterialProperties,
        recipe: Recipe,
        copies: int = 1,
    ) -> SliceResult:
        """Slice a model, or a plate of several copies of it, for a printer model.

        Args:
            stl: an STL in mm, as uploaded and checked; it is rotated as the recipe
                says, centred and put on the bed here.
            profile: the printer model's.
            material: the properties of ``recipe.material``.
            recipe: how it is to be printed.
            copies: how many lie on the bed and are printed together.

        Raises:
            Invalid: it does not fit, not so often, or the printer does not print the material.
            SlicingFailed: the engine crashed, hung, or gave a wrong result.
        """


def prepare(
    stl: bytes,
    profile: Profile,
    material: MaterialProperties,
    recipe: Recipe,
    copies: int = 1,
) -> PlacedPart:
    """Check what an engine is asked, and place the model's copies on the bed.

    Raises:
        Invalid: it does not fit, not so often, or material, recipe and printer do not agree.
    """
    if material.name != recipe.material:
        raise Invalid(
            f"The recipe asks for {recipe.material}, but {material.name} was handed to the slicer.",
            place="material",
        )
    profile.temperatures_for(recipe.material)
    return place_copies(
        stl,
        profile,
        orientation_deg=recipe.orientation_deg,
        copies=copies,
        brim_mm=recipe.brim_mm,
    )


def finish(
    moves: str,
    part: PlacedPart,
    profile: Profile,
    material: MaterialProperties,
    recipe: Recipe,
    engine: Engine,
) -> SliceResult:
    """Wrap an engine's moves in our start and end, let them through the gate, measure them.

    Raises:
        SlicingFailed: the moves are not what was asked; every fault in words.
        GcodeRefused: the moves hold something that no printer should get.
    """
    made_by = f"{engine.name} {engine.version}"
    gcode = assemble(moves, profile, material.name, height_mm=part.height_mm, made_by=made_by)
    path = read(gcode)
    found = inspect(path)
    wrong = (
        *faults(found, part, profile, recipe),
        *copy_faults(path, part),
        *line_faults(path, profile, recipe),
    )
    if wrong:
        raise SlicingFailed(f"{engine.name} did not slice the part as asked. {' '.join(wrong)}")
    check_gate(path, profile)
    # mm of filament x mm² x g/cm³ is mg.
    section_mm2 = 3.141592653589793 / 4 * profile.filament_diameter_mm**2
    return SliceResult(
        gcode=gcode,
        sha256=hashlib.sha256(gcode).hexdigest(),
        print_seconds=round(print_seconds(path, profile.limits)),
        filament_mm=round(found.filament_mm),
        filament_mg=round(found.filament_mm * section_mm2 * material.density_g_cm3),
        layers=found.layers,
        part_mm=part.one_mm,
        copies=part.copies,
        engine=engine.name,
        engine_version=engine.version,
    )
