"""The shell of signed-in pages: the sections of a role, and a notice after a redirect."""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse

from parts3d.accounts.tables import Role
from parts3d.sentences import in_language
from parts3d.web import cookies_are_secure, get_language, gettext_of, render

_NOTICE_COOKIE = "parts3d_notice"
_NOTICE_LASTS_SECONDS = 60
_MAX_NOTICE_LENGTH = 500


def page(
    request: Request,
    role: Role,
    template: str,
    values: Mapping[str, Any],
    *,
    status: int = 200,
) -> HTMLResponse:
    """Answer with a page of a role: its sections, and the notice of what was just done."""
    done_words = _read_notice(request.cookies.get(_NOTICE_COOKIE))
    shown = {
        "sections": _sections(request, role),
        "done": done_words,
        "fault": None,
        "say": lambda sentence: say(request, sentence),
        **values,
    }
    answer = render(request, template, shown, status=status)
    answer.headers["Cache-Control"] = "no-store"
    if done_words:
        answer.delete_cookie(_NOTICE_COOKIE)
    return answer


def say(request: Request, sentence: str) -> str:
    """Return a finished sentence of the domain in the reader's language."""
    return in_language(sentence, gettext_of(get_language(request)))


def done(request: Request, url: str, sentence: str | None = None) -> RedirectResponse:
    """Go on to a page after a form was accepted; it tells what was done."""
    answer = RedirectResponse(url, status_code=303)
    if sentence:
        answer.set_cookie(
            _NOTICE_COOKIE,
            base64.urlsafe_b64encode(sentence[:_MAX_NOTICE_LENGTH].encode()).decode().rstrip("="),
            max_age=_NOTICE_LASTS_SECONDS,
            httponly=True,
            samesite="lax",
            secure=cookies_are_secure(request),
        )
    return answer


def _read_notice(cookie: str | None) -> str | None:
    if not cookie:
        return None
    try:
        return base64.urlsafe_b64decode(cookie + "=" * (-len(cookie) % 4)).decode()
    except (binascii.Error, ValueError):
        return None


def _sections(request: Request, role: Role) -> list[dict[str, Any]]:
    _ = gettext_of(get_language(request))
    of_role = {
        Role.STAFF: [
            ("/counter", _("To do")),
            ("/counter/timeline", _("Timeline")),
            ("/counter/hand-over", _("Hand over")),
            ("/counter/confirm", _("Confirm")),
            ("/agents", _("Agents")),
        ],
        Role.MAINTAINER: [
            ("/maintainer", _("Revisions")),
            ("/maintainer/upload", _("Upload a part")),
        ],
        Role.OPERATOR: [
            ("/operator", _("Orders and jobs")),
            ("/operator/promises", _("Promises")),
            ("/operator/closures", _("Closures")),
            ("/operator/print-times", _("Print times")),
            ("/operator/prices", _("Prices")),
            ("/operator/vouchers", _("Vouchers")),
            ("/operator/royalties", _("Royalties")),
            ("/operator/points", _("Points")),
            ("/agents", _("Agents")),
            ("/operator/people", _("People")),
        ],
    }[role]
    path = request.url.path
    current = max((href for href, _label in of_role if path.startswith(href)), default="", key=len)
    return [{"href": href, "label": label, "current": href == current} for href, label in of_role]
