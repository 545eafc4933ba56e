"""Accounts and sign-ins."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.accounts.passwords import hash_password
from parts3d.accounts.tables import Account, Role, SignIn
from parts3d.errors import Conflict, Invalid, NotSignedIn, TooManyTries

SIGN_IN_LASTS = timedelta(days=14)
_MAX_FAILURES = 5
_LOCKED_FOR = timedelta(minutes=15)
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def fold_email(email: str) -> str:
    """Return an address as it is stored and compared.

    Raises:
        Invalid: it is no address.
    """
    folded = email.strip().casefold()
    if len(folded) > 254 or not _EMAIL.match(folded):  # noqa: PLR2004 - RFC 5321's limit
        raise Invalid("This is no e-mail address. Write it as name@example.be.", place="email")
    return folded


def add_account(
    session: Session,
    *,
    email: str,
    name: str,
    role: Role,
    now: datetime,
    password: str | None = None,
    point_id: str | None = None,
) -> Account:
    """Add an account.

    Raises:
        Invalid: bad address or password, or staff without a point.
        Conflict: the address has an account already.
    """
    folded = fold_email(email)
    if role is Role.STAFF and point_id is None:
        raise Invalid("Staff work at a point: say which.", place="point")
    if session.exec(select(Account).where(Account.email == folded)).first():
        raise Conflict(f"{folded} has an account already.", place="email")
    account = Account(
        email=folded,
        name=name.strip() or folded,
        role=role,
        point_id=point_id,
        password_hash=hash_password(password) if password is not None else None,
        created_at=now,
    )
    session.add(account)
    session.flush()
    return account


def count_try(session: Session, *, email: str, now: datetime) -> Account | None:
    """Count a try to sign in before its password is looked at; returns the account it is for.

    Counted first and committed, so that guesses sent side by side cannot all be the first.
    The row stays locked until the commit: compare the password after it.

    Raises:
        TooManyTries: five in a row were wrong; locked for a quarter of an hour.
    """
    account = session.exec(
        select(Account).where(Account.email == email.strip().casefold()).with_for_update()
    ).first()
    if account is None or account.disabled_at is not None:
        return None
    if account.locked_until and account.locked_until > now:
        raise TooManyTries("Too many wrong passwords. Try again in a quarter of an hour.")
    account.failed_logins += 1
    if account.failed_logins >= _MAX_FAILURES:
        account.locked_until = now + _LOCKED_FOR
        account.failed_logins = 0
    session.flush()
    return account


def forget_tries(session: Session, account_id: str) -> None:
    """Count from zero again: the password was right."""
    account = session.get_one(Account, account_id, with_for_update=True)
    account.failed_logins = 0
    account.locked_until = None
    session.flush()


def sign_in(session: Session, account: Account, now: datetime) -> str:
    """Open a sign-in and return its cookie's value; only a hash is stored."""
    token = secrets.token_urlsafe(32)
    session.add(
        SignIn(
            token_sha256=_hash(token),
            account_id=account.id,
            created_at=now,
            expires_at=now + SIGN_IN_LASTS,
        )
    )
    session.flush()
    return token


def signed_in(session: Session, token: str | None, now: datetime) -> Account:
    """Return whose sign-in a cookie is.

    Raises:
        NotSignedIn: no cookie, an unknown or an expired one, or a disabled account.
    """
    account = session.exec(
        select(Account)
        .join(SignIn, col(SignIn.account_id) == Account.id)
        .where(SignIn.token_sha256 == _hash(token or ""), SignIn.expires_at > now)
        .where(col(Account.disabled_at).is_(None))
    ).first()
    if account is None:
        raise NotSignedIn("Please sign in.")
    return account


def sign_out(session: Session, token: str) -> None:
    """End a sign-in; ending it twice is fine."""
    row = session.get(SignIn, _hash(token))
    if row is not None:
        session.delete(row)
        session.flush()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
