"""The parts of an order or a basket as pages show them."""

from collections.abc import Sequence
from typing import Any

from parts3d.catalogue.part_words import picture_url
from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Part, Revision
from parts3d.promises.words import Translate
from parts3d.templating import euros


def item_view(
    part: Part, revision: Revision, quantity: int, total_cents: int | None, language: str
) -> dict[str, Any]:
    """Return one part in a quantity with its picture; its price if it is known."""
    return {
        "slug": part.slug,
        "href": f"/parts/{part.slug}?quantity={quantity}",
        "title": title_in(revision, language),
        "picture": picture_url(part.slug, revision, 320),
        "quantity": quantity,
        "total": None if total_cents is None else euros(total_cents, language),
    }


def parts_words(titles: Sequence[str], _: Translate) -> str:
    """Return "Basket wheel", "Basket wheel and Foot" or "Basket wheel and 2 other parts"."""
    if len(titles) == 1:
        return titles[0]
    if len(titles) == 2:  # noqa: PLR2004 - a pair reads better by name
        return _("{part} and {other}").format(part=titles[0], other=titles[1])
    return _("{part} and {count} other parts").format(part=titles[0], count=len(titles) - 1)
