"""Faults of a manifest in words: where, what, and what to do."""

import typing
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from parts3d.catalogue.manifest_lines import KeyLines, Place

_SHOWN = 60
_PLAIN = {
    "string_too_short": "is empty",
    "too_short": "is empty",
    "string_too_long": "is too long (at most {max_length} characters)",
    "too_long": "is too long (at most {max_length} entries)",
    "string_pattern_mismatch": "is {shown}, which is not in the form wanted",
    "union_tag_invalid": 'has the kind "{tag}"; possible are {expected_tags}',
}


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong with a part of the catalogue."""

    file: str
    line: int  # from 1; 1 also for a fault of the file as a whole
    key: str  # dotted, as "name.nl" or "fits.0.models"; empty for the whole file
    message: str  # a sentence: what is wrong
    remedy: str  # a sentence: what to do

    def __str__(self) -> str:
        """One line for a terminal, in the form that editors can follow."""
        return f"{self.file}:{self.line}: {self.message} {self.remedy}"


def dotted(place: Place) -> str:
    """Write a place as TOML would, list items by number."""
    return ".".join(str(key) for key in place)


def schema_faults(
    errors: list[ErrorDetails],
    model: type[BaseModel],
    file: str,
    lines: KeyLines,
    *,
    noun: str = "a manifest",
) -> list[Fault]:
    """Say pydantic's errors in words, with the line and the field's own remedy."""
    faults = []
    for error in errors:
        place = error["loc"]
        # A list whose only item is wrong is called too short as well; the item says it better.
        if any(other["loc"][: len(place)] == place != other["loc"] for other in errors):
            continue
        if place[0] == "withdrawal":  # pydantic puts the chosen kind after it
            place = (place[0], *place[2:])
        message, remedy = _sentence(error, place, model, noun)
        faults.append(Fault(file, lines.line_of(place), dotted(place), message, remedy))
    return faults


def _sentence(
    error: ErrorDetails, place: Place, model: type[BaseModel], noun: str
) -> tuple[str, str]:
    key, kind = dotted(place), error["type"]
    field = _field_at(place, model)
    wanted = field.description if field and field.description else None
    if kind == "missing":
        return f"{key} is missing.", f"Add {key}: {wanted or 'see the other parts'}."
    if kind == "extra_forbidden":
        known = ", ".join(_names_beside(place, model))
        return f"{key} is not a key of {noun}.", f"Remove it, or use one of: {known}."
    if kind == "union_tag_not_found":
        return f"{key}.kind is missing.", f"Add it: {wanted}."
    said = _reason(error)
    if wanted:
        return f"{key} {said}.", f"Write {wanted}."
    return f"{key} {said}.", "Correct the value."


def _reason(error: ErrorDetails) -> str:
    kind, context = error["type"], error.get("ctx", {})
    shown = _short(error.get("input"))
    if kind in _PLAIN:
        return _PLAIN[kind].format(shown=shown, **context)
    if kind.endswith("_type") or kind in {"int_from_float", "tuple_type", "finite_number"}:
        return f"is {shown}, which is the wrong kind of value"
    if "expected" in context:
        return f"is {shown}; possible are {context['expected']}"
    text = error["msg"][:1].lower() + error["msg"][1:]
    return f"is {shown}: {text}"


def _short(value: object) -> str:
    shown = f'"{value}"' if isinstance(value, str) else repr(value)
    return shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"


def _field_at(place: Place, model: type[BaseModel]) -> FieldInfo | None:
    """Return the field that a place names, through nested models, lists and unions."""
    field: FieldInfo | None = None
    models = [model]
    for key in place:
        if isinstance(key, int):
            continue
        field = next((f for m in models if (f := _fields(m).get(key))), None)
        if field is None:
            return None
        models = list(_models_in(field.annotation))
    return field


def _names_beside(place: Place, model: type[BaseModel]) -> list[str]:
    parent = next((place[:i] for i in range(len(place) - 1, 0, -1) if place[i - 1] != ""), ())
    parent = tuple(key for key in parent if isinstance(key, str))
    if not parent:
        return list(_fields(model))
    field = _field_at(parent, model)
    inner = _models_in(field.annotation) if field else ()
    return list(dict.fromkeys(name for m in inner for name in _fields(m)))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in typing.get_args(annotation):
        yield from _models_in(inner)
