"""The people who work in the network: the operator adds them and gives them passwords."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from fastapi.responses import Response
from sqlmodel import Session, col, select

from parts3d.accounts.guards import OperatorDep
from parts3d.accounts.passwords import hash_password
from parts3d.accounts.service import add_account
from parts3d.accounts.shell import done, page, say
from parts3d.accounts.tables import Account, Role, SignIn
from parts3d.context import Context
from parts3d.errors import Conflict, NotFound, Parts3dError
from parts3d.points.tables import Point
from parts3d.web import ContextDep, NowDep, ReadDep, get_language, gettext_of, status_of

router = APIRouter(prefix="/people", include_in_schema=False)
Text = Annotated[str, Form(max_length=254)]


@router.get("")
def list_people(request: Request, operator: OperatorDep, session: ReadDep) -> Response:
    """Show everybody who may sign in, and a form for one more."""
    return _people_page(request, session, operator.id)


@router.post("")
def add_person(
    request: Request,
    operator: OperatorDep,
    context: ContextDep,
    now: NowDep,
    email: Text = "",
    name: Text = "",
    role: Text = "",
    point: Text = "",
    password: Text = "",
) -> Response:
    """Add an account with its first password."""
    _ = gettext_of(get_language(request))
    typed = {"email": email, "name": name, "role": role, "point": point}
    faults = {}
    if not name.strip():
        faults["name"] = _("Fill this in.")
    if role not in set(Role):
        faults["role"] = _("Choose what this person does.")
    if faults:
        return _refused(request, context, operator.id, typed, faults, 422)
    try:
        with context.database.unit_of_work() as work:
            if role == Role.STAFF and point and work.session.get(Point, point) is None:
                raise NotFound("There is no such point.", place="point")
            add_account(
                work.session,
                email=email,
                name=name,
                role=Role(role),
                now=now,
                password=password,
                point_id=point or None if role == Role.STAFF else None,
            )
    except Parts3dError as error:
        faults = {error.place or "email": say(request, error.message)}
        return _refused(request, context, operator.id, typed, faults, status_of(error))
    said = _("%(name)s may sign in now. Hand over the password in person.") % {"name": name.strip()}
    return done(request, "/operator/people", said)


@router.post("/{account_id}/password")
def set_password(
    request: Request,
    account_id: str,
    operator: OperatorDep,
    context: ContextDep,
    password: Text = "",
) -> Response:
    """Give a person a new password, and end her sign-ins."""
    _ = gettext_of(get_language(request))
    try:
        with context.database.unit_of_work() as work:
            account = _account(work.session, account_id)
            account.password_hash = hash_password(password)
            account.failed_logins = 0
            account.locked_until = None
            if account.id != operator.id:
                _end_sign_ins(work.session, account.id)
            name = account.name
    except NotFound:
        raise
    except Parts3dError as error:
        faults = {f"password-{account_id}": say(request, error.message)}
        return _refused(request, context, operator.id, {}, faults, status_of(error))
    return done(request, "/operator/people", _("%(name)s has a new password.") % {"name": name})


@router.post("/{account_id}/disable")
def disable_person(
    request: Request, account_id: str, operator: OperatorDep, context: ContextDep, now: NowDep
) -> Response:
    """Let a person sign in no more, and end her sign-ins. Twice is once."""
    _ = gettext_of(get_language(request))
    if account_id == operator.id:
        raise Conflict("You cannot shut yourself out. Another operator can.")
    with context.database.unit_of_work() as work:
        account = _account(work.session, account_id)
        account.disabled_at = account.disabled_at or now
        _end_sign_ins(work.session, account.id)
        name = account.name
    return done(request, "/operator/people", _("%(name)s can no longer sign in.") % {"name": name})


def _account(session: Session, account_id: str) -> Account:
    account = session.get(Account, account_id)
    if account is None:
        raise NotFound("There is no such person.")
    return account


def _end_sign_ins(session: Session, account_id: str) -> None:
    for row in session.exec(select(SignIn).where(SignIn.account_id == account_id)).all():
        session.delete(row)
    session.flush()


def _refused(
    request: Request,
    context: Context,
    operator_id: str,
    typed: dict[str, str],
    faults: dict[str, str],
    status: int,
) -> Response:
    with context.database.reading() as session:
        return _people_page(request, session, operator_id, typed, faults, status=status)


def _people_page(
    request: Request,
    session: Session,
    operator_id: str,
    typed: dict[str, str] | None = None,
    faults: dict[str, str] | None = None,
    *,
    status: int = 200,
) -> Response:
    points = session.exec(select(Point).order_by(Point.name)).all()
    values: dict[str, Any] = {
        "people": session.exec(
            select(Account)
            .where(col(Account.disabled_at).is_(None))
            .order_by(Account.role, Account.name)
        ).all(),
        "point_options": [(point.id, point.name) for point in points],
        "point_names": {point.id: point.name for point in points},
        "operator_id": operator_id,
        "typed": typed or {},
        "faults": faults or {},
    }
    return page(request, Role.OPERATOR, "accounts/people.html", values, status=status)
