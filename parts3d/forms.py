"""What was wrong with a form, in words, at the field where it was typed."""

from collections.abc import Callable

from pydantic import ValidationError

from parts3d.promises.words import N_
from parts3d.sentences import in_language

Translate = Callable[[str], str]

_SENTENCES = {
    "missing": N_("Fill this in."),
    "string_too_short": N_("Fill this in."),
    "string_too_long": N_("This is too long; at most %(max_length)s characters fit."),
    "greater_than_equal": N_("This is too small; the least is %(ge)s."),
    "greater_than": N_("This is too small; it must be more than %(gt)s."),
    "less_than_equal": N_("This is too large; the most is %(le)s."),
    "less_than": N_("This is too large; it must be less than %(lt)s."),
    "enum": N_("Choose one of the list."),
    "literal_error": N_("Choose one of the list."),
}
_NO_NUMBER = N_("Write a number here.")
_OTHER = N_("This cannot be read; write it as in the hint.")


def faults_by_field(error: ValidationError, _: Translate) -> dict[str, str]:
    """Return one sentence a field, by the field's name (dotted where it is nested)."""
    faults: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        name = ".".join(str(step) for step in fault["loc"])
        kind, context = fault["type"], fault.get("ctx", {})
        if kind == "value_error":
            sentence = in_language(str(context.get("error", fault["msg"])), _)
        elif kind.startswith(("int_", "float_", "decimal_")):
            sentence = _(_NO_NUMBER)
        else:
            sentence = _(_SENTENCES.get(kind, _OTHER)) % context
        faults.setdefault(name, sentence)
    return faults
