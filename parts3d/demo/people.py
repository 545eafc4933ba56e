"""The demo's people: a customer at the public API and her mailbox, a clerk at the counter.

Both use what real people use, over HTTP; a link that is broken for them stops the demo.
"""

import html
import re
import time
from typing import Any
from uuid import uuid4

import httpx

from parts3d.errors import Unavailable

_FORM = re.compile(r'<form[^>]*action="(/counter/(?:printers|jobs)/[^"]+)"')
_JOB_LINK = re.compile(r'href="(/counter/jobs/[^"/]+)"')
# What a clerk does of their own accord; rejecting and deciding need a reason.
_ROUTINE = ("/clear", "/pass", "/shelf", "/again")
_CONFIRM_LINK = re.compile(r"/confirm/([^/\s\"'<>]+)")


class Customer:
    """Orders a part as a guest.

    Args:
        url: where the shop is.
        transport: how requests travel; a more patient one outlasts a server that is away.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url,
            timeout=30,
            transport=transport,
            headers={"Accept": "application/json", "Accept-Language": "en"},
        )

    def find(self, words: str) -> list[dict[str, Any]]:
        """Search the catalogue."""
        return list(_answer(self._http.get("/api/v1/parts", params={"q": words})))

    def offers(self, part: str, postcode: str) -> dict[str, Any]:
        """Ask where and when a part can be ready; a part not yet sliced raises ``Unavailable``."""
        return _object(self._http.post("/api/v1/offers", json={"part": part, "postcode": postcode}))

    def order(self, part: str, point: str, *, quantity: int = 1) -> dict[str, Any]:
        """Take a price, hold capacity, and order."""
        quote = _object(
            self._http.post("/api/v1/quotes", json={"part": part, "quantity": quantity})
        )
        checkout = _object(
            self._http.post("/api/v1/checkouts", json={"quote_id": quote["id"], "point": point})
        )
        return _object(
            self._http.post(
                "/api/v1/orders",
                headers={"Idempotency-Key": uuid4().hex},
                json={
                    "checkout_id": checkout["id"],
                    "name": "Camille Demo",
                    "email": f"camille.{uuid4().hex[:8]}@demo.example",
                    "language": "en",
                    "accept_terms": True,
                },
            )
        )

    def confirm_by_mail(self, order_number: str, *, seconds: float = 30) -> dict[str, Any]:
        """Wait for the mail, follow its link, and confirm.

        Raises:
            Unavailable: no mail with this order's number came in time.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            token = self._confirmation_of(order_number)
            if token is not None:
                return _object(self._http.post(f"/api/v1/orders/{token}/confirm", json={}))
            time.sleep(0.3)
        raise Unavailable(f"No mail about order {order_number} came within {seconds:.0f} s.")

    def _confirmation_of(self, order_number: str) -> str | None:
        mailbox = self._http.get("/demo/mailbox", headers={"Accept": "text/html"}).text
        for link in dict.fromkeys(re.findall(r'href="(/demo/mailbox/[^"]+)"', mailbox)):
            mail = html.unescape(self._http.get(link, headers={"Accept": "text/html"}).text)
            found = _CONFIRM_LINK.search(mail)
            if found and order_number in mail:
                return found[1]
        return None

    def look(self, token: str) -> dict[str, Any]:
        """Look at the order's tracking."""
        return _object(self._http.get(f"/api/v1/orders/{token}"))


class Clerk:
    """Works at one point's counter: does what the list says.

    Args:
        url: where the shop is.
        transport: how requests travel; a more patient one outlasts a server that is away.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._http = httpx.Client(
            base_url=url, timeout=30, transport=transport, follow_redirects=True
        )

    def sign_in(self) -> None:
        """Sign in by the demo's link.

        Raises:
            Unavailable: the counter does not open.
        """
        _page(self._http.get("/demo/login/staff"))

    def confirm(self, number: str) -> None:
        """Confirm an order whose customer stands at the counter.

        Raises:
            Unavailable: the counter refused.
        """
        _page(self._http.post("/counter/confirm", data={"number": number}))

    def do_what_is_to_do(self) -> list[str]:
        """Clear beds, check, bag and order reprints as the list says; returns what was done."""
        done: list[str] = []
        counter = _page(self._http.get("/counter"))
        actions = [html.unescape(action) for action in _FORM.findall(counter)]
        for link in dict.fromkeys(_JOB_LINK.findall(counter)):
            page = _page(self._http.get(link))
            actions += [html.unescape(action) for action in _FORM.findall(page)]
        for action in dict.fromkeys(actions):
            if action.endswith(_ROUTINE):
                answer = self._http.post(action)
                if answer.is_success:
                    done.append(action.rsplit("/", 1)[1])
        return done

    def hand_over(self, code: str) -> None:
        """Find an order by its code, take the money, hand over.

        Raises:
            Unavailable: the counter refused.
        """
        _page(self._http.post("/counter/hand-over", data={"code": code}))
        _page(self._http.post("/counter/hand-over/pay", data={"code": code, "method": "card"}))


def _answer(answer: httpx.Response) -> Any:  # noqa: ANN401  # whatever JSON holds
    if answer.is_success:
        return answer.json()
    try:
        sentence = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        sentence = answer.text[:200]
    raise Unavailable(f"{answer.request.url.path} answered {answer.status_code}: {sentence}")


def _object(answer: httpx.Response) -> dict[str, Any]:
    return dict(_answer(answer))


def _page(answer: httpx.Response) -> str:
    if not answer.is_success:
        raise Unavailable(f"{answer.request.url.path} answered {answer.status_code}.")
    return answer.text
