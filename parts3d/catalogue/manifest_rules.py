"""What the fields of a manifest must be to each other. Each rule runs on what is valid of it.

A fault in one table does not hide a fault between two others, so the rules take the raw
tables and read each for itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from parts3d.catalogue.manifest_faults import Fault, dotted
from parts3d.catalogue.manifest_lines import KeyLines, Place
from parts3d.catalogue.manifest_model import ApplianceFit, Limits, LongTexts, Safety
from parts3d.catalogue.recipe import Material, Recipe
from parts3d.catalogue.safety import SafetyClass

_M = TypeVar("_M", bound=BaseModel)

# Warm, outdoor or loaded parts: PLA creeps under load, TPU gives way. The rest is heat's rule.
MATERIALS_FOR_S2: tuple[Material, ...] = ("PETG", "ASA", "ABS", "PA-CF")
_LOADED = (SafetyClass.S2, SafetyClass.S3)


class Rules:
    """The rules over one manifest's raw tables."""

    def __init__(
        self,
        tables: Mapping[str, Any],
        file: str,
        lines: KeyLines,
        softening_c: Mapping[str, float],
    ) -> None:
        self._tables = tables
        self._file = file
        self._lines = lines
        self._softening_c = softening_c
        self._safety = _valid(Safety, tables.get("safety"))
        self._recipe = _valid(Recipe, tables.get("recipe"))
        self._limits = _valid(Limits, tables.get("limits"))

    def faults(self, category: str | None, slug: str | None) -> Iterator[Fault]:
        """Yield every fault; category and slug are the folders' names, where they are known."""
        yield from self._folder("slug", slug)
        yield from self._folder("category", category)
        yield from self._approved_material()
        yield from self._temperature_stated()
        yield from self._heat()
        yield from self._test_report()
        yield from self._translated()
        yield from self._fits_once()

    def _fault(self, place: Place, message: str, remedy: str) -> Fault:
        return Fault(self._file, self._lines.line_of(place), dotted(place), message, remedy)

    def _folder(self, key: str, folder: str | None) -> Iterator[Fault]:
        said = self._tables.get(key)
        if folder is not None and isinstance(said, str) and said != folder:
            yield self._fault(
                (key,),
                f'{key} is "{said}", but the folder is called "{folder}".',
                "Give both the same name.",
            )

    def _approved_material(self) -> Iterator[Fault]:
        if not (self._safety and self._recipe and self._safety.safety_class in _LOADED):
            return
        if self._recipe.material not in MATERIALS_FOR_S2:
            yield self._fault(
                ("recipe", "material"),
                f"{self._recipe.material} is not approved for class "
                f"{self._safety.safety_class} (warm, outdoor or loaded).",
                f"Use one of: {', '.join(MATERIALS_FOR_S2)}.",
            )

    def _temperature_stated(self) -> Iterator[Fault]:
        if not (self._safety and self._safety.safety_class in _LOADED):
            return
        limits = self._tables.get("limits")
        if isinstance(limits, Mapping) and "max_temperature_c" not in limits:
            yield self._fault(
                ("limits", "max_temperature_c"),
                f"limits.max_temperature_c is missing; class {self._safety.safety_class} needs it.",
                "Add the highest temperature the part meets in use, in °C.",
            )

    def _heat(self) -> Iterator[Fault]:
        hottest = self._limits.max_temperature_c if self._limits else None
        if hottest is None or self._recipe is None:
            return
        material = self._recipe.material
        softens_at = self._softening_c.get(material)
        if softens_at is None:
            yield self._fault(
                ("recipe", "material"),
                f"It is not known at which temperature {material} softens.",
                "Add it to the table of materials, or use another material.",
            )
        elif softens_at <= hottest:
            fit = [m for m, limit in self._softening_c.items() if limit > hottest]
            yield self._fault(
                ("limits", "max_temperature_c"),
                f"{material} softens at {softens_at:g} °C, but the part may reach {hottest:g} °C.",
                f"Lower the limit, or use a material that bears it ({', '.join(fit) or 'none'}).",
            )

    def _test_report(self) -> Iterator[Fault]:
        safety = self._safety
        if safety and safety.safety_class is SafetyClass.S3 and safety.test_report is None:
            yield self._fault(
                ("safety", "test_report"),
                "safety.test_report is missing; class S3 is approved on a test report only.",
                "Add the report's number and date, or give another class.",
            )

    def _translated(self) -> Iterator[Fault]:
        texts = _valid(LongTexts, self._tables.get("description"))
        seen: dict[str, str] = {}
        for language, words in (texts.model_dump() if texts else {}).items():
            if words in seen:
                yield self._fault(
                    ("description", language),
                    f"description.{language} is the same text as description.{seen[words]}.",
                    "Translate it.",
                )
            seen.setdefault(words, language)

    def _fits_once(self) -> Iterator[Fault]:
        seen: set[tuple[str, str, str]] = set()
        fits = self._tables.get("fits")
        for index, table in enumerate(fits if isinstance(fits, list) else ()):
            fit = _valid(ApplianceFit, table)
            for pattern in fit.models if fit else ():
                named = (fit.appliance, fit.brand.casefold(), pattern) if fit else ("", "", "")
                if named in seen:
                    yield self._fault(
                        ("fits", index, "models"),
                        f"{table['brand']} {pattern} is named twice.",
                        "Remove one of the two.",
                    )
                seen.add(named)


def _valid(model: type[_M], table: object) -> _M | None:
    try:
        return model.model_validate(table)
    except ValidationError:
        return None
