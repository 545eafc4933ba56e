"""What is wrong with a guest's details, beside the field where she typed it."""

from collections.abc import Callable

from pydantic import ValidationError

from parts3d.promises.words import N_

_SENTENCES = {
    "name": N_("Type your name; the shop calls it when you come in."),
    "email": N_("Type your e-mail address, as in name@example.be."),
    "accept_terms": N_("Please agree to the terms; without that we cannot take the order."),
    "idempotency_key": N_("This form is incomplete. Open the page again and send it once more."),
}
_OTHER = N_("This form cannot be read. Open the page again and send it once more.")


def details_faults(error: ValidationError, _: Callable[[str], str]) -> dict[str, str]:
    """Return one sentence a field; what has no field of its own stands under ``form``."""
    faults: dict[str, str] = {}
    for fault in error.errors(include_url=False):
        field = str(fault["loc"][0]) if fault["loc"] else ""
        shown = field if field in {"name", "email", "accept_terms"} else "form"
        faults.setdefault(shown, _(_SENTENCES.get(field, _OTHER)))
    return faults
