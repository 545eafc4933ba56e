"""Categories and kinds of appliance in words. Pure."""

from collections.abc import Callable


def N_(text: str) -> str:  # noqa: N802 - gettext's own name for "translate later"
    """Mark a text for extraction."""
    return text


_NAMES = {
    "dishwasher": N_("Dishwashers"),
    "fridge": N_("Fridges"),
    "furniture": N_("Furniture"),
    "hob": N_("Hobs"),
    "oven": N_("Ovens"),
    "vacuum-cleaner": N_("Vacuum cleaners"),
    "washing-machine": N_("Washing machines"),
}


def category_name(slug: str, _: Callable[[str], str]) -> str:
    """Return a category's name; one without a name of its own is shown as its slug, in words."""
    known = _NAMES.get(slug)
    return _(known) if known else slug.replace("-", " ").capitalize()
