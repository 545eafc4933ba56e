"""The shell of customers' pages: where they are, what their device remembers, who sells.

Customers have no account. What this device has ordered stands in a cookie that we sign and
that no script reads; where it wants to collect stands in another. Both can be thrown away.
"""

import base64
import binascii
import hashlib
import hmac
import json
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any

from fastapi import Depends, Query, Request
from fastapi.responses import HTMLResponse, Response

from parts3d.basket import get_basket
from parts3d.errors import Invalid, NotFound
from parts3d.points.geography import Place, locate
from parts3d.sentences import in_language
from parts3d.settings import Settings
from parts3d.web import (
    ContextDep,
    LanguageDep,
    asked_on_this_machine,
    cookies_are_secure,
    get_context,
    gettext_of,
    render,
)

DEVICE_COOKIE = "parts3d_device"
PLACE_COOKIE = "parts3d_place"
HOLDER_COOKIE = "parts3d_holder"
_LASTS_SECONDS = 180 * 24 * 3600
# A cookie holds 4096 bytes; a link's secret has 43 signs.
_ORDERS_REMEMBERED = 20


@dataclass(frozen=True, slots=True)
class Device:
    """What a customer's device remembers: her contact, and the links of her orders."""

    name: str = ""
    email: str = ""
    tokens: tuple[str, ...] = ()

    def with_order(self, name: str, email: str, token: str) -> "Device":
        """Return the same with one more order, the newest first."""
        others = tuple(known for known in self.tokens if known != token)
        return Device(name, email, (token, *others)[:_ORDERS_REMEMBERED])


def get_device(request: Request, context: ContextDep) -> Device:
    """Return what this device remembers; nothing if the cookie is missing or not ours."""
    payload, _, mac = request.cookies.get(DEVICE_COOKIE, "").partition(".")
    if not hmac.compare_digest(mac.encode(), _sign(context.settings, payload).encode()):
        return Device()
    try:
        stored = json.loads(base64.urlsafe_b64decode(payload))
        return Device(str(stored["name"]), str(stored["email"]), tuple(stored["tokens"]))
    except (binascii.Error, ValueError, KeyError, TypeError):
        return Device()


DeviceDep = Annotated[Device, Depends(get_device)]


def remember_device(request: Request, answer: Response, device: Device) -> None:
    """Let the device remember; only this site reads it, and no script."""
    stored = {"name": device.name, "email": device.email, "tokens": list(device.tokens)}
    payload = base64.urlsafe_b64encode(json.dumps(stored).encode()).decode()
    settings = get_context(request).settings
    _set_cookie(request, answer, DEVICE_COOKIE, f"{payload}.{_sign(settings, payload)}")


def get_holder(request: Request, context: ContextDep) -> str:
    """Return who holds capacity: this browser, by a cookie of ours; a fresh one without it.

    It only keeps one customer's many tabs from blocking a point; nothing is granted by it.
    """
    identity, _, mac = request.cookies.get(HOLDER_COOKIE, "").partition(".")
    if identity and hmac.compare_digest(mac.encode(), _sign(context.settings, identity).encode()):
        return identity
    return secrets.token_hex(16)


HolderDep = Annotated[str, Depends(get_holder)]


def remember_holder(request: Request, answer: Response, holder: str) -> None:
    """Let the browser be known again as the one that holds capacity."""
    settings = get_context(request).settings
    _set_cookie(request, answer, HOLDER_COOKIE, f"{holder}.{_sign(settings, holder)}")


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a customer wants to collect.

    Args:
        place: the postcode's or the phone's; None when unknown.
        postcode: as typed; empty for a phone's position.
        cookie: what to remember of it; empty for nothing.
        error: why what was typed is no place, in her language.
    """

    place: Place | None = None
    postcode: str = ""
    cookie: str = ""
    error: str | None = None


def get_whereabouts(
    request: Request,
    language: LanguageDep,
    postcode: Annotated[str | None, Query(max_length=60)] = None,
    lat: Annotated[str, Query(max_length=30)] = "",
    lon: Annotated[str, Query(max_length=30)] = "",
) -> Whereabouts:
    """Return the place that was given: typed, sent by the phone, or remembered."""
    remembered = _read_place(request.cookies.get(PLACE_COOKIE, ""))
    if postcode is None and not lat:
        return remembered
    asked = (postcode or "").strip() or (f"{lat}_{lon}" if lat else "")
    try:
        return _place_of(asked) if asked else Whereabouts()
    except (Invalid, NotFound) as error:
        sentence = in_language(error.message, gettext_of(language))
        return replace(remembered, postcode=postcode or "", error=sentence)


WhereaboutsDep = Annotated[Whereabouts, Depends(get_whereabouts)]


def remember_place(request: Request, answer: Response, where: Whereabouts) -> None:
    """Remember where the customer collects, or forget it when she emptied the field."""
    if where.error is not None or where.cookie == request.cookies.get(PLACE_COOKIE, ""):
        return
    if where.cookie:
        _set_cookie(request, answer, PLACE_COOKIE, where.cookie)
    else:
        answer.delete_cookie(PLACE_COOKIE)


def remember_place_text(request: Request, answer: Response, postcode: str) -> None:
    """Remember a postcode that was not typed: the demo's customer lives somewhere."""
    _set_cookie(request, answer, PLACE_COOKIE, postcode)


def shop_page(
    request: Request,
    device: Device,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
    private: bool = False,
) -> HTMLResponse:
    """Answer with a customer's page; a private one is kept by no cache."""
    account = {"name": device.name, "href": "/orders"} if device.name else None
    shown = {"account": account, "basket_count": get_basket(request).count, **values}
    answer = render(request, template, shown, status=status)
    if private:
        answer.headers["Cache-Control"] = "no-store"
        # The address is the key to the order: no other site may learn it.
        answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def only_in_the_demo(request: Request, context: ContextDep) -> None:
    """Let pass in demo mode and from this machine.

    Raises:
        NotFound: everywhere else these pages do not exist.
    """
    if not context.settings.demo or not asked_on_this_machine(request):
        raise NotFound("There is nothing at this address.")


def translator(language: str) -> Callable[[str], str]:
    """Return what says the domain's finished sentences in a language."""
    _ = gettext_of(language)
    return lambda sentence: in_language(sentence, _)


def _read_place(stored: str) -> Whereabouts:
    if not stored:
        return Whereabouts()
    try:
        return _place_of(stored)
    except (Invalid, NotFound):
        return Whereabouts()


def _place_of(text: str) -> Whereabouts:
    latitude, bar, longitude = text.partition("_")
    if bar and _is_number(latitude) and _is_number(longitude):
        # A hundred metres are near enough; the exact place is nobody's business.
        place = Place(round(float(latitude), 3), round(float(longitude), 3))
        return Whereabouts(place, "", f"{place.latitude}_{place.longitude}")
    return Whereabouts(locate(text), text, text)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _set_cookie(request: Request, answer: Response, name: str, value: str) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=_LASTS_SECONDS,
        httponly=True,
        samesite="lax",
        secure=cookies_are_secure(request),
    )


def _sign(settings: Settings, payload: str) -> str:
    return hmac.new(settings.secret(), f"device:{payload}".encode(), hashlib.sha256).hexdigest()
