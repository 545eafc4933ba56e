"""The upload's form: what a maintainer types, as the tables of a ``part.toml``. Pure.

The same rules judge both, so the form only says which field a fault belongs to.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, ValidationError

from parts3d.catalogue.manifest_faults import Fault, schema_faults
from parts3d.catalogue.manifest_lines import KeyLines
from parts3d.catalogue.manifest_model import Manifest
from parts3d.catalogue.manifest_rules import Rules
from parts3d.languages import CATALOGUE_LANGUAGES
from parts3d.meshes.mesh import Vector

_FORM = "form"
_FIT_PIECES = 3


class UploadForm(BaseModel):
    """Everything as typed. ``kept_model`` names a model that was read before, ``check`` a check."""

    model_config = ConfigDict(frozen=True, arbitrary_types_allowed=True)

    model: UploadFile | None = None
    manifest: UploadFile | None = None
    kept_model: str = ""
    check: str = ""
    slug: str = ""
    category: str = ""
    name_fr: str = ""
    name_nl: str = ""
    name_de: str = ""
    name_en: str = ""
    description_fr: str = ""
    description_nl: str = ""
    description_de: str = ""
    description_en: str = ""
    fits: str = ""
    material: str = "PETG"
    layer_height_mm: str = "0.2"
    wall_count: str = "3"
    infill_percent: str = "20"
    brim_mm: str = "0"
    supports: str = ""
    turn_x: str = "0"
    turn_y: str = "0"
    turn_z: str = "0"
    safety_class: str = ""
    safety_reason: str = ""
    test_report: str = ""
    max_temperature_c: str = ""
    load_direction: str = ""
    load_fr: str = ""
    load_nl: str = ""
    load_de: str = ""
    load_en: str = ""
    spdx: str = "CC-BY-4.0"
    author: str = ""
    manufacturer_name: str = ""
    manufacturer_address: str = ""
    manufacturer_email: str = ""
    withdrawal_days: str = "14"

    def typed(self) -> dict[str, str]:
        """Return what was typed, without the files."""
        return self.model_dump(exclude={"model", "manifest"})


# Where a fault of the manifest stands on the form; what is not here stands under its own name.
_FIELD_OF = {
    "recipe.material": "material",
    "recipe.layer_height_mm": "layer_height_mm",
    "recipe.wall_count": "wall_count",
    "recipe.infill_percent": "infill_percent",
    "recipe.brim_mm": "brim_mm",
    "recipe.orientation_deg": "turn_x",
    "safety.class": "safety_class",
    "safety.reason": "safety_reason",
    "safety.test_report": "test_report",
    "limits.max_temperature_c": "max_temperature_c",
    "licence.spdx": "spdx",
    "licence.author": "author",
    "manufacturer.name": "manufacturer_name",
    "manufacturer.postal_address": "manufacturer_address",
    "manufacturer.email": "manufacturer_email",
    "withdrawal.days": "withdrawal_days",
    **{
        f"{table}.{language}": f"{field}_{language}"
        for table, field in (("name", "name"), ("description", "description"))
        for language in CATALOGUE_LANGUAGES
    },
    **{f"limits.load.{language}": f"load_{language}" for language in CATALOGUE_LANGUAGES},
}


def field_of(key: str) -> str:
    """Return the field of the form at which a fault with this dotted key is told."""
    if key.startswith("fits"):
        return "fits"
    if key.startswith("dimensions_mm"):
        return "model"
    if key.startswith("limits.load_direction"):
        return "load_direction"
    return _FIELD_OF.get(key) or _FIELD_OF.get(key.rsplit(".", 1)[0]) or key


def tables_of(form: UploadForm, bounds_mm: Vector) -> dict[str, Any]:
    """Return a form as the tables of a ``part.toml``; what is no number stays text.

    Args:
        form: as typed.
        bounds_mm: the box that was measured, for ``dimensions_mm``.
    """
    words = form.typed()
    tables: dict[str, Any] = {
        "slug": form.slug.strip(),
        "category": form.category.strip(),
        "name": _languages(words, "name"),
        "description": _languages(words, "description"),
        "fits": fits_of(form.fits),
        "recipe": {
            "material": form.material,
            "layer_height_mm": _number(form.layer_height_mm),
            "wall_count": _number(form.wall_count),
            "infill_percent": _number(form.infill_percent),
            "brim_mm": _number(form.brim_mm),
            "supports": bool(form.supports),
            "orientation_deg": [_number(turn) for turn in (form.turn_x, form.turn_y, form.turn_z)],
        },
        "limits": {"load": _languages(words, "load")},
        "dimensions_mm": dict(zip("xyz", (round(size, 2) for size in bounds_mm), strict=True)),
        "licence": {"spdx": form.spdx, "author": form.author.strip()},
        "manufacturer": {
            "name": form.manufacturer_name.strip(),
            "postal_address": form.manufacturer_address.strip(),
            "email": form.manufacturer_email.strip(),
        },
        "withdrawal": {"kind": "standard", "days": _number(form.withdrawal_days)},
    }
    if form.max_temperature_c.strip():
        tables["limits"]["max_temperature_c"] = _number(form.max_temperature_c)
    if form.load_direction.strip():
        tables["limits"]["load_direction"] = direction_of(form.load_direction)
    if form.safety_class:
        tables["safety"] = {"class": form.safety_class, "reason": form.safety_reason.strip()}
        if form.test_report.strip():
            tables["safety"]["test_report"] = form.test_report.strip()
    return tables


def fits_of(text: str) -> list[dict[str, Any]]:
    """Read the appliances: a line each, ``dishwasher; Bosch; SMS4*, SMV4*; 00611475``."""
    fits: list[dict[str, Any]] = []
    for line in text.splitlines():
        if not line.strip():
            continue
        pieces = [piece.strip() for piece in line.split(";")]
        pieces += [""] * (_FIT_PIECES - len(pieces))
        fit: dict[str, Any] = {
            "appliance": pieces[0],
            "brand": pieces[1],
            "models": [model.strip() for model in pieces[2].split(",") if model.strip()],
        }
        if len(pieces) > _FIT_PIECES and pieces[_FIT_PIECES]:
            fit["maker_reference"] = pieces[_FIT_PIECES]
        fits.append(fit)
    return fits


def direction_of(text: str) -> list[float | int | str]:
    """Read a direction, ``0, 0, 1`` or ``0 0 1``; what is no number stays text."""
    return [_number(piece) for piece in re.split(r"[;,\s]+", text.strip().strip("[]()").strip())]


def judge_tables(
    tables: Mapping[str, Any], softening_c: Mapping[str, float]
) -> Manifest | list[Fault]:
    """Return the manifest, or every fault of it, by the rules of ``part.toml``."""
    lines = KeyLines("")
    manifest, faults = None, []
    try:
        manifest = Manifest.model_validate_json(json.dumps(tables), strict=True)
    except ValidationError as error:
        faults = schema_faults(error.errors(include_url=False), Manifest, _FORM, lines)
    faults += Rules(tables, _FORM, lines, softening_c).faults(None, None)
    return faults if faults or manifest is None else manifest


def _languages(words: Mapping[str, str], field: str) -> dict[str, str]:
    return {language: words[f"{field}_{language}"].strip() for language in CATALOGUE_LANGUAGES}


def _number(text: str) -> float | int | str:
    """Read a number as people type it, with a comma or a point; other words stay words."""
    plain = text.strip().replace(",", ".")
    for read in (int, float):
        try:
            return read(plain)
        except ValueError:
            continue
    return text
