"""Read TOML into a strict model, or say every fault in words. Pure."""

import tomllib
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from parts3d.errors import Invalid

Model = TypeVar("Model", bound=BaseModel)
# pydantic puts this before what our own validators say.
_OURS = "Value error, "


def parse_strict(model: type[Model], text: str, file: str) -> Model:
    """Read one TOML file as a strict model.

    Args:
        model: what it must be.
        text: the file's.
        file: its name, for the words.

    Raises:
        Invalid: it is no TOML (with the line) or not that model (every fault, one a line).
    """
    try:
        return model.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Invalid(f"{file} is no valid TOML: {error}.", place=file) from None
    except ValidationError as error:
        raise Invalid(faults_in_words(file, error), place=file) from None


def faults_in_words(file: str, error: ValidationError) -> str:
    """Return every fault of a strict model as one text, one fault a line."""
    return "\n".join(
        f"{file}: {'.'.join(str(step) for step in fault['loc']) or 'file'}: "
        f"{fault['msg'].removeprefix(_OURS)}"
        for fault in error.errors()
    )
