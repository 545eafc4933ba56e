"""A scenario's TOML text, read with faults that name the line."""

import tomllib

from pydantic import ValidationError

from parts3d.catalogue.manifest_faults import Fault, dotted, schema_faults
from parts3d.catalogue.manifest_lines import KeyLines, Place
from parts3d.errors import Invalid
from parts3d.simulation.scenario import Scenario

_SHOWN = 10
_EVENT_TYPES = ("outage_wave", "demand_surge", "staff_slow")


def read_scenario(text: str, file: str) -> Scenario:
    """Read a scenario.

    Args:
        text: TOML.
        file: its name, for faults.

    Raises:
        Invalid: every fault with its line, what is wrong and what to do.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{file}: this is no TOML: {error}. Correct it there.", place=file) from error
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        raise _refused(error, file, KeyLines(text)) from error


def _refused(error: ValidationError, file: str, lines: KeyLines) -> Invalid:
    faults: list[Fault] = []
    for one in error.errors(include_url=False):
        place = one["loc"] = _without_type(one["loc"])
        line = lines.line_of(place)
        if one["type"] == "value_error":  # a rule over several keys
            reason = str(one["ctx"]["error"])
            sentence = f"{reason[:1].upper()}{reason[1:]}."
            faults.append(Fault(file, line, dotted(place), sentence, "Correct the values."))
        elif one["type"] in {"union_tag_not_found", "union_tag_invalid"}:
            line = lines.line_of((*place, "type"))
            sentence = f"{dotted(place)} has no type that is known."
            types = ", ".join(f'"{name}"' for name in _EVENT_TYPES)
            faults.append(Fault(file, line, dotted(place), sentence, f"Write type as {types}."))
        else:
            faults += schema_faults([one], Scenario, file, lines, noun="a scenario")
    shown = sorted(faults)[:_SHOWN]
    sentences = [str(fault) for fault in shown]
    if len(faults) > _SHOWN:
        sentences.append(f"... and {len(faults) - _SHOWN} more.")
    return Invalid("\n".join(sentences), place=f"{file}:{shown[0].line}")


def _without_type(place: Place) -> Place:
    """Pydantic puts the chosen type of an event into the place; TOML has no such key."""
    return tuple(
        key
        for index, key in enumerate(place)
        if not (place[0] == "events" and index == 2 and key in _EVENT_TYPES)  # noqa: PLR2004 - after the number
    )
