"""Signing in and out. In demo mode a link signs in by one GET, from this machine only."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from sqlmodel import select

from parts3d.accounts.guards import HOME_OF
from parts3d.accounts.passwords import password_is_right
from parts3d.accounts.service import (
    SIGN_IN_LASTS,
    count_try,
    forget_tries,
    sign_in,
    sign_out,
)
from parts3d.accounts.tables import Account, Role
from parts3d.errors import NotFound
from parts3d.web import (
    SIGN_IN_COOKIE,
    ContextDep,
    LanguageDep,
    NowDep,
    WorkDep,
    asked_on_this_machine,
    cookies_are_secure,
    gettext_of,
    render,
)

router = APIRouter(include_in_schema=False)


@router.get("/login")
def show_login(request: Request) -> HTMLResponse:
    """Show the form for staff, maintainers and the operator."""
    return render(request, "accounts/login.html", {"email": "", "error": None})


@router.post("/login")
def log_in(
    request: Request,
    email: Annotated[str, Form(max_length=254)],
    password: Annotated[str, Form(max_length=200)],
    context: ContextDep,
    now: NowDep,
    language: LanguageDep,
) -> Response:
    """Sign in and go to the role's home; a wrong password shows the form again."""
    with context.database.unit_of_work() as work:
        account = count_try(work.session, email=email, now=now)
    # Between two commits: a password takes its time on purpose, and nobody may wait for that.
    right = password_is_right(password, account.password_hash if account else None)
    if account is None or not right:
        _ = gettext_of(language)
        error = _("E-mail address or password is wrong. Check both and try again.")
        return render(request, "accounts/login.html", {"email": email, "error": error}, status=422)
    with context.database.unit_of_work() as work:
        forget_tries(work.session, account.id)
        token = sign_in(work.session, account, now)
    return _enter(request, account, token)


@router.post("/logout")
def log_out(request: Request, work: WorkDep) -> RedirectResponse:
    """Sign out and go to the shop."""
    sign_out(work.session, request.cookies.get(SIGN_IN_COOKIE, ""))
    answer = RedirectResponse("/", status_code=303)
    answer.delete_cookie(SIGN_IN_COOKIE)
    return answer


@router.get("/demo/login/{role}")
def log_in_to_the_demo(
    request: Request, role: Role, work: WorkDep, context: ContextDep, now: NowDep
) -> RedirectResponse:
    """Sign in as the demo's person of a role; any number of times, from this machine only."""
    if not context.settings.demo or not asked_on_this_machine(request):
        raise NotFound("There is nothing at this address.")
    account = work.session.exec(
        select(Account).where(Account.role == role).order_by(Account.created_at)  # type: ignore[arg-type]
    ).first()
    if account is None:
        raise NotFound("The demo has no such person yet. Wait until it has started.")
    return _enter(request, account, sign_in(work.session, account, now))


def _enter(request: Request, account: Account, token: str) -> RedirectResponse:
    answer = RedirectResponse(HOME_OF[account.role], status_code=303)
    answer.set_cookie(
        SIGN_IN_COOKIE,
        token,
        max_age=int(SIGN_IN_LASTS.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=cookies_are_secure(request),
    )
    return answer
