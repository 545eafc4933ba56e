"""The manifest of a part: the text of a ``part.toml`` in, the manifest or every fault out."""

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from parts3d.catalogue.manifest_faults import Fault, schema_faults
from parts3d.catalogue.manifest_lines import KeyLines
from parts3d.catalogue.manifest_model import Dimensions, Manifest
from parts3d.catalogue.manifest_rules import Rules

__all__ = ["MAX_MANIFEST_CHARACTERS", "Fault", "Manifest", "declared_dimensions", "parse_manifest"]

MAX_MANIFEST_CHARACTERS = 64_000
_AT_LINE = re.compile(r"\s*\(at line (\d+), column (\d+)\)$")


def parse_manifest(
    text: str,
    *,
    file: str,
    softening_c: Mapping[str, float],
    category: str | None = None,
    slug: str | None = None,
) -> Manifest | list[Fault]:
    """Read a manifest; when anything is wrong, return every fault instead, by line.

    Args:
        text: the whole ``part.toml``.
        file: its name, as the faults should say it.
        softening_c: the temperature in °C at which each material goes soft.
        category: the name of the folder above the part's, if the text comes from a folder.
        slug: the name of the part's folder, likewise.
    """
    tables = _tables(text, file)
    if isinstance(tables, Fault):
        return [tables]
    lines = KeyLines(text)
    manifest, faults = None, []
    try:
        # JSON's strict mode takes lists for tuples and words for enums, but no "20" for 20.
        manifest = Manifest.model_validate_json(json.dumps(tables, default=_no_date), strict=True)
    except ValidationError as error:
        faults = schema_faults(error.errors(include_url=False), Manifest, file, lines)
    faults += Rules(tables, file, lines, softening_c).faults(category, slug)
    if faults or manifest is None:
        return sorted(faults)
    return manifest


def declared_dimensions(text: str) -> Dimensions | None:
    """Return the declared box when at least that can be read, whatever else is wrong."""
    tables = _tables(text, "")
    if isinstance(tables, Fault):
        return None
    try:
        return Dimensions.model_validate(tables.get("dimensions_mm"))
    except ValidationError:
        return None


def _no_date(value: object) -> dict[str, str]:
    """TOML has dates; no field of a manifest takes one, and none may pass as a word."""
    return {"date": str(value)}


def _tables(text: str, file: str) -> dict[str, Any] | Fault:
    if len(text) > MAX_MANIFEST_CHARACTERS:
        return Fault(
            file,
            1,
            "",
            f"The manifest has {len(text)} characters; at most {MAX_MANIFEST_CHARACTERS} are read.",
            "Shorten it.",
        )
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        at = _AT_LINE.search(str(error))
        line = int(at[1]) if at else text.count("\n") + 1
        said = _AT_LINE.sub("", str(error)).removesuffix(" (at end of document)")
        where = f", at column {at[2]}" if at else ", at the end of the file"
        return Fault(
            file, line, "", f"This is not TOML: {said}{where}.", "Correct this line; see toml.io."
        )
    except RecursionError:
        return Fault(file, 1, "", "Lists or tables are nested too deeply.", "Write it flatter.")
