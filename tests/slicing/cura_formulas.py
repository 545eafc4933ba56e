"""Evaluates the formulas of CuraEngine's definition as Cura's front end would (tests only)."""

import json
import math
from pathlib import Path
from typing import Any


class Formulas:
    """The settings of ``fdmprinter.def.json`` with some of them given."""

    def __init__(self, definition: Path, given: dict[str, Any]) -> None:
        self.given = given
        self.rows: dict[str, dict[str, Any]] = {}
        self._collect(json.loads(definition.read_text("utf-8"))["settings"])

    def _collect(self, settings: dict[str, Any]) -> None:
        for name, row in settings.items():
            if row["type"] != "category":
                self.rows[name] = row
            self._collect(row.get("children", {}))

    def value(self, name: str) -> Any:
        """Return what the front end would derive: given, else the formula, else the default."""
        if name in self.given:
            return self.given[name]
        row = self.rows[name]
        return self._evaluate(row["value"]) if "value" in row else row["default_value"]

    def is_enabled(self, name: str) -> bool:
        """Say whether a setting has any effect with the others as they are."""
        return bool(self._evaluate(self.rows[name].get("enabled", "True")))

    def _evaluate(self, formula: Any) -> Any:
        if not isinstance(formula, str):
            return formula
        return eval(formula, {}, _Names(self))  # noqa: S307 - a file locked by its hash


class _Names(dict[str, Any]):
    """Names as they appear in formulas: settings, and Cura's few functions."""

    def __init__(self, formulas: Formulas) -> None:
        self.formulas = formulas

    def __missing__(self, name: str) -> Any:
        one_extruder = {
            "resolveOrValue": self.formulas.value,
            "extruderValue": lambda _extruder, key: self.formulas.value(key),
            "extruderValues": lambda key: [self.formulas.value(key)],
            "anyExtruderWithMaterial": lambda _name: 0,
            "anyExtruderNrWithOrDefault": lambda _name: 0,
            "defaultExtruderPosition": lambda: "0",
            "math": math,
        }
        if name in one_extruder:
            return one_extruder[name]
        if name in self.formulas.rows:
            return self.formulas.value(name)
        raise KeyError(name)
