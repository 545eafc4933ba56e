"""The basket of a customer's device: parts and quantities in a cookie that we sign.

A cookie and no row: it belongs to whoever holds the device, survives our restarts, and there is
nothing to tidy. It names parts, not revisions or prices: what they cost and whether they are
on sale is looked up whenever the basket is shown. What went off sale stays in it until its
customer takes it out.
"""

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.responses import Response

from parts3d.quotes.service import MOST_LINES
from parts3d.settings import Settings
from parts3d.web import cookies_are_secure, get_context

BASKET_COOKIE = "parts3d_basket"
_LASTS_SECONDS = 60 * 24 * 3600
_LONGEST_SLUG = 80
_MOST_OF_ONE = 500


@dataclass(frozen=True, slots=True)
class Basket:
    """Quantities by the parts' slugs, in the order in which they were added."""

    parts: tuple[tuple[str, int], ...] = ()

    @property
    def count(self) -> int:
        """How many pieces lie in it."""
        return sum(quantity for _, quantity in self.parts)

    @property
    def is_full(self) -> bool:
        """Tell whether no further part can be added."""
        return len(self.parts) >= MOST_LINES

    def quantity_of(self, slug: str) -> int:
        """Return how many of a part lie in it."""
        return dict(self.parts).get(slug, 0)

    def place_of(self, slug: str) -> int:
        """Return where a part stands, from 0; after the last one if it is not there."""
        slugs = [known for known, _ in self.parts]
        return slugs.index(slug) if slug in slugs else len(slugs)

    def with_part(self, slug: str, quantity: int, place: int | None = None) -> "Basket":
        """Return the same with a part in this quantity, where it stood or at a place; 0: without.

        Args:
            slug: the part's.
            quantity: how many; the part is taken out with 0.
            place: where a part that is not there is put, from 0; None: last.
        """
        if quantity < 1:
            return Basket(tuple(one for one in self.parts if one[0] != slug))
        if slug in dict(self.parts):
            changed = ((known, quantity if known == slug else many) for known, many in self.parts)
            return Basket(tuple(changed))
        at = len(self.parts) if place is None else place
        return Basket((*self.parts[:at], (slug, quantity), *self.parts[at:]))

    def without(self, bought: Mapping[str, int]) -> "Basket":
        """Return what is left after an order; a part ordered in another quantity stays."""
        return Basket(tuple(one for one in self.parts if bought.get(one[0]) != one[1]))


def get_basket(request: Request) -> Basket:
    """Return the basket of this device; an empty one if the cookie is missing or not ours."""
    payload, _, mac = request.cookies.get(BASKET_COOKIE, "").partition(".")
    expected = _sign(get_context(request).settings, payload)
    if not payload or not hmac.compare_digest(mac.encode(), expected.encode()):
        return Basket()
    try:
        stored = json.loads(base64.urlsafe_b64decode(payload))
        parts = [(str(slug), int(quantity)) for slug, quantity in stored]
    except (binascii.Error, ValueError, TypeError):
        return Basket()
    fine = (one for one in parts if len(one[0]) <= _LONGEST_SLUG and 1 <= one[1] <= _MOST_OF_ONE)
    return Basket(tuple(dict(fine).items())[:MOST_LINES])


BasketDep = Annotated[Basket, Depends(get_basket)]


def keep_basket(request: Request, answer: Response, basket: Basket) -> None:
    """Let the device keep the basket; an empty one is forgotten."""
    if not basket.parts:
        answer.delete_cookie(BASKET_COOKIE)
        return
    stored = json.dumps(basket.parts, separators=(",", ":"))
    payload = base64.urlsafe_b64encode(stored.encode()).decode()
    answer.set_cookie(
        BASKET_COOKIE,
        f"{payload}.{_sign(get_context(request).settings, payload)}",
        max_age=_LASTS_SECONDS,
        httponly=True,
        samesite="lax",
        secure=cookies_are_secure(request),
    )


def _sign(settings: Settings, payload: str) -> str:
    return hmac.new(settings.secret(), f"basket:{payload}".encode(), hashlib.sha256).hexdigest()
