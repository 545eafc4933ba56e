"""Guards at the door: headers on every answer, and no form from another site."""

from urllib.parse import urlsplit

from fastapi.responses import PlainTextResponse
from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parts3d.languages import LANGUAGES
from parts3d.web import LANGUAGE_COOKIE

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; script-src 'self'; "
        "connect-src 'self'; font-src 'self'; object-src 'none'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(self), camera=(self), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}
# What lies below these is one person's; an order's or a quote's address is the key to it.
_PRIVATE = (
    "/orders",
    "/confirm",
    "/checkout",
    "/quotes",
    "/api/v1/orders",
    "/api/v1/checkouts",
    "/agent/",
    "/agents",
    "/login",
    "/counter",
    "/maintainer",
    "/operator",
    "/demo",
)
_OWNED_BY_LINK = ("/orders/", "/confirm/", "/quotes/", "/api/v1/orders/")
_YEAR_SECONDS = 365 * 24 * 3600


class Guard:
    """Plain ASGI, so that streams and long polls pass through untouched."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check, pass on, and add the headers to the answer."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] not in _SAFE_METHODS and _comes_from_elsewhere(Headers(scope=scope)):
            refusal = PlainTextResponse(
                "This form was sent from another site. Open the page again and send it there.",
                status_code=403,
            )
            await refusal(scope, receive, send)
            return
        asked = QueryParams(scope["query_string"]).get("lang")

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith(_PRIVATE):
                    headers.setdefault("Cache-Control", "no-store")
                if scope["path"].startswith(_OWNED_BY_LINK):
                    headers.setdefault("Referrer-Policy", "no-referrer")
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if asked in LANGUAGES:
                    headers.append(
                        "Set-Cookie",
                        f"{LANGUAGE_COOKIE}={asked}; Max-Age={_YEAR_SECONDS}; Path=/; SameSite=Lax",
                    )
            await send(message)

        await self._app(scope, receive, send_with_headers)


def _comes_from_elsewhere(headers: Headers) -> bool:
    """Tell whether a browser says that another site sent this.

    Every browser of the last years sends ``Sec-Fetch-Site`` or ``Origin`` with a POST; a
    program that sends neither carries no cookie that somebody could abuse.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None:
        return False
    return urlsplit(origin).netloc != headers.get("host")
