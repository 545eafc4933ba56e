"""What a customer may ask for beside a part: a material, a printer model. Each refusal in words.

A part is sold as it was approved, in its recipe's material; asking for one is asking whether it
can be had. The price is the same on every printer model, so asking for one only tells whether
the part can be made on it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import permutations

from sqlmodel import Session

from parts3d.catalogue.manifest_rules import MATERIALS_FOR_S2
from parts3d.catalogue.queries import title_in
from parts3d.catalogue.safety import SafetyClass
from parts3d.catalogue.tables import Revision
from parts3d.errors import Conflict, Invalid
from parts3d.quotes.queries import ready_slices
from parts3d.slicing.plates import copies_per_plate
from parts3d.slicing.profiles import Profile, materials, printer_models, profile

_LOADED = frozenset({SafetyClass.S2, SafetyClass.S3})


@dataclass(frozen=True, slots=True)
class Bearing:
    """What a material has to bear in a part.

    Args:
        title: the part's name.
        safety_class: the revision's.
        max_temperature_c: the highest in use; None where none is stated.
        recipe_material: what it was approved in.
    """

    title: str
    safety_class: SafetyClass | None
    max_temperature_c: float | None
    recipe_material: str


def check_material(asked: str, part: Bearing, softening_c: Mapping[str, float]) -> None:
    """Let a material pass that a part is sold in. Pure.

    Args:
        asked: as the customer wrote it.
        part: what the material has to bear.
        softening_c: temperature at which each material softens.

    Raises:
        Invalid: there is no such material, or it would soften or is not approved for the class;
            says which ones would do.
        Conflict: it would do, but the part is not sold in it.
    """
    if asked == part.recipe_material:
        return
    if asked not in softening_c:
        raise Invalid(
            f"There is no material {asked}. Materials are {', '.join(softening_c)}.",
            code="unknown_material",
            place="material",
        )
    hottest = part.max_temperature_c
    loaded = part.safety_class in _LOADED
    allowed = [
        name
        for name, softens_at in softening_c.items()
        if (hottest is None or softens_at > hottest) and (not loaded or name in MATERIALS_FOR_S2)
    ]
    if asked not in allowed:
        would_do = ", ".join(allowed) or "none"
        if hottest is not None and softening_c[asked] <= hottest:
            raise Invalid(
                f"{part.title} may reach {hottest:g} °C in use, and {asked} softens at "
                f"{softening_c[asked]:g} °C. Materials that bear it: {would_do}.",
                code="material_too_soft",
                place="material",
            )
        raise Invalid(
            f"{part.title} is warm, outdoors or under load in use, and {asked} is not approved "
            f"for that. Materials that are: {would_do}.",
            code="material_not_approved",
            place="material",
        )
    raise Conflict(
        f"{part.title} is sold in {part.recipe_material}; it was not approved in {asked}.",
        code="material_not_offered",
        place="material",
    )


def check_asked(
    session: Session,
    revision: Revision,
    printer_models_in_use: Collection[str],
    *,
    material: str | None,
    printer_model: str | None,
) -> None:
    """Let what was asked for beside a part pass; as ``check_material``.

    Raises:
        Invalid: also: there is no such printer model.
        Conflict: also: no point has one, or it cannot print the part.
    """
    if material is not None:
        limits = revision.manifest.get("limits") or {}
        bearing = Bearing(
            title_in(revision, "en"),
            revision.safety_class,
            limits.get("max_temperature_c"),
            str(revision.recipe["material"]),
        )
        softening_c = {name: float(one.softening_c) for name, one in materials().items()}
        check_material(material, bearing, softening_c)
    if printer_model is not None:
        _check_printer(session, revision, printer_models_in_use, printer_model)


def fits_no_printer(revision: Revision, in_use: Collection[str]) -> str | None:
    """Say that a part is larger than what any printer in use prints, however it is turned."""
    box = revision.manifest.get("dimensions_mm")
    profiles = [profile(model) for model in in_use if model in printer_models()]
    if not box or not profiles:
        return None
    size = (float(box["x"]), float(box["y"]), float(box["z"]))
    turns = [(size[a], size[b], size[c]) for a, b, c in permutations(range(3))]
    if any(copies_per_plate(turned, one) for turned in turns for one in profiles):
        return None
    largest = max(profiles, key=_volume)
    return (
        f"This part measures {size[0]:g} x {size[1]:g} x {size[2]:g} mm and fits no printer of "
        f"ours; the largest prints {largest.bed_x_mm:g} x {largest.bed_y_mm:g} x "
        f"{largest.height_mm:g} mm."
    )


def _volume(one: Profile) -> float:
    return one.bed_x_mm * one.bed_y_mm * one.height_mm


def _check_printer(
    session: Session, revision: Revision, in_use: Collection[str], asked: str
) -> None:
    if asked not in printer_models():
        raise Invalid(
            f"There is no printer model {asked}. Models are {', '.join(printer_models())}.",
            code="unknown_printer",
            place="printer_model",
        )
    if asked not in in_use:
        raise Conflict(
            f"No point has a {profile(asked).name} at the moment. "
            f"Models in use are {', '.join(sorted(in_use)) or 'none'}.",
            code="printer_not_in_use",
            place="printer_model",
        )
    slices = ready_slices(session, revision, in_use)
    if asked not in slices:
        raise Conflict(
            f"{title_in(revision, 'en')} cannot be printed on a {profile(asked).name}. "
            f"It can on {', '.join(sorted(slices)) or 'no other model'}.",
            code="printer_cannot",
            place="printer_model",
        )
