"""What every page and endpoint shares: the status of an error, the session, the clock, the page.

HTTP status is decided here, once; the domain raises sentences (``errors.py``).
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, Response
from sqlmodel import Session
from starlette.exceptions import HTTPException

from parts3d import errors
from parts3d.context import Context
from parts3d.db import Work
from parts3d.languages import LANGUAGES, choose_language, translations
from parts3d.templating import environment

STATUS_OF: Mapping[type[errors.Parts3dError], int] = {
    errors.Invalid: 422,
    errors.Unreadable: 422,
    errors.NotSignedIn: 401,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.StaleEpoch: 409,
    errors.Expired: 409,
    errors.TooManyTries: 429,
    errors.TooLarge: 413,
    errors.Unavailable: 503,
}
BRUSSELS = ZoneInfo("Europe/Brussels")
SIGN_IN_COOKIE = "parts3d_sign_in"
LANGUAGE_COOKIE = "parts3d_language"
# "testclient" and "testserver" are what the test client calls itself and us.
_LOOPBACK = frozenset({"127.0.0.1", "::1", "testclient"})
_NAMES_OF_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost", "testserver"})


def status_of(error: errors.Parts3dError) -> int:
    """Return the HTTP status of an error: its own kind's, or that of the nearest kind above."""
    for kind in type(error).__mro__:
        if kind in STATUS_OF:
            return STATUS_OF[kind]
    return 500


def get_context(request: Request) -> Context:
    """Return what the process was built with."""
    context: Context = request.app.state.context
    return context


async def _context_of(request: Request) -> Context:
    # A plain function would be run in a thread, each time: most of what a waiting agent costs.
    return get_context(request)


ContextDep = Annotated[Context, Depends(_context_of)]


def get_now(request: Request) -> datetime:
    """Return the moment, from the clock the app was built with (tests hand in their own)."""
    clock: Callable[[], datetime] = request.app.state.clock
    return clock()


async def _now_of(request: Request) -> datetime:
    return get_now(request)


NowDep = Annotated[datetime, Depends(_now_of)]


def get_work(context: ContextDep) -> Iterator[Work]:
    """Give one unit of work; it commits before the answer leaves."""
    with context.database.unit_of_work() as work:
        yield work


# scope="function": a commit that fails must not be answered 201.
WorkDep = Annotated[Work, Depends(get_work, scope="function")]


def get_reading(context: ContextDep) -> Iterator[Session]:
    """Give a session for reading."""
    with context.database.reading() as session:
        yield session


ReadDep = Annotated[Session, Depends(get_reading, scope="function")]


def get_language(request: Request) -> str:
    """Return the visitor's language; ``?lang=`` is remembered by the guard.

    Agents have none: what they are told stands in logs, in English.
    """
    if request.url.path.startswith("/agent/"):
        return "en"
    return choose_language(
        request.query_params.get("lang"),
        request.cookies.get(LANGUAGE_COOKIE),
        request.headers.get("accept-language"),
    )


async def _language_of(request: Request) -> str:
    return get_language(request)


LanguageDep = Annotated[str, Depends(_language_of)]


def gettext_of(language: str) -> Callable[[str], str]:
    """Return ``_`` in a language, for words made outside templates."""
    return translations(language).gettext


def render(
    request: Request, template: str, values: Mapping[str, Any], *, status: int = 200
) -> HTMLResponse:
    """Answer with a page (or a fragment of one) in the visitor's language."""
    language = get_language(request)
    context = get_context(request)
    text = (
        environment(language)
        .get_template(template)
        .render(
            {
                "request": request,
                "lang": language,
                "languages": [
                    {
                        "code": code,
                        "name": name,
                        "href": _same_page(request, code),
                    }
                    for code, name in LANGUAGES.items()
                ],
                "settings": context.settings,
                "account": getattr(request.state, "account", None),
                "csrf_token": None,
                "now": get_now(request),
                **values,
            }
        )
    )
    return HTMLResponse(text, status_code=status)


def _same_page(request: Request, language: str) -> str:
    """Return the path of the page asked for, in a language; never another site's address."""
    address = request.url.include_query_params(lang=language).replace(scheme="", netloc="")
    # A path that begins with two slashes would be read as the name of a site.
    return "/" + str(address).lstrip("/\\")


def asked_on_this_machine(request: Request) -> bool:
    """Tell whether a browser of this machine asks for a name of this machine.

    The caller's address alone is not enough: a tunnel, and a site whose name was pointed here
    (DNS rebinding), come from loopback too; their Host is another.
    """
    caller = request.client.host if request.client else ""
    return caller in _LOOPBACK and (request.url.hostname or "") in _NAMES_OF_THIS_MACHINE


def cookies_are_secure(request: Request) -> bool:
    """Tell whether cookies may travel over TLS only: a proxy may have ended it before us."""
    public = urlsplit(get_context(request).settings.public_url)
    behind_tls = public.scheme == "https" and public.hostname == request.url.hostname
    return request.url.scheme == "https" or behind_tls


def wants_json(request: Request) -> bool:
    """Tell whether a program asks: the APIs always, others by their Accept header."""
    path = request.url.path
    if path.startswith(("/api/", "/agent/")):
        return True
    accept = request.headers.get("accept", "")
    return "text/html" not in accept and "application/json" in accept


def install_error_answers(app: FastAPI) -> None:
    """Answer every error with a sentence: a page for people, JSON for programs."""

    def answer(
        request: Request, status: int, code: str, message: str, place: str | None
    ) -> Response:
        if wants_json(request):
            return JSONResponse(
                {"code": code, "message": message, "place": place}, status_code=status
            )
        return render(request, "error.html", {"status": status, "message": message}, status=status)

    def domain(request: Request, error: Exception) -> Response:
        assert isinstance(error, errors.Parts3dError)  # noqa: S101 - registered for this kind only
        from parts3d.sentences import in_language

        message = in_language(error.message, gettext_of(get_language(request)))
        return answer(request, status_of(error), error.code, message, error.place)

    def validation(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
        first = error.errors()[0]
        place = ".".join(str(step) for step in first["loc"] if step != "body")
        if first["type"] == "json_invalid":
            _ = gettext_of(get_language(request))
            sentence = _(
                "This is no valid JSON; look near character {place}. "
                "Check brackets, quotes, commas."
            )
            return answer(request, 422, "invalid", sentence.format(place=place), place or None)
        message = f"{place or 'The request'}: {first['msg']}."
        return answer(request, 422, "invalid", message, place or None)

    def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101 - as above
        _ = gettext_of(get_language(request))
        sentences = {
            404: _(
                "There is nothing at this address. Go back to the shop and search for the part."
            ),
            405: _("This address does not work that way."),
            413: _("That is too large. Send a smaller file."),
        }
        message = sentences.get(error.status_code, str(error.detail))
        return answer(request, error.status_code, "http", message, None)

    def unforeseen(request: Request, error: Exception) -> Response:
        del error  # the server writes its traceback to the log, without any values
        _ = gettext_of(get_language(request))
        message = _("Something went wrong on our side. Nothing you entered is lost; try again.")
        return answer(request, 500, "internal", message, None)

    app.add_exception_handler(errors.Parts3dError, domain)
    app.add_exception_handler(RequestValidationError, validation)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(Exception, unforeseen)


def system_clock() -> datetime:
    """Return the present moment, in UTC."""
    return datetime.now(UTC)
