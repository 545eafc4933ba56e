"""Passwords, hashed with Argon2id by pwdlib's recommended parameters."""

import threading
from functools import cache

from pwdlib import PasswordHash

from parts3d.errors import Invalid, TooManyTries

MIN_PASSWORD_LENGTH = 10
_hasher = PasswordHash.recommended()
# Each comparison takes 64 MB on purpose: a flood of them must not take all that there is.
_turns = threading.BoundedSemaphore(4)
_LONGEST_WAIT_SECONDS = 5.0


def hash_password(password: str) -> str:
    """Return the hash to store.

    Raises:
        Invalid: the password is too short.
    """
    if len(password) < MIN_PASSWORD_LENGTH:
        raise Invalid(
            f"A password needs at least {MIN_PASSWORD_LENGTH} characters.", place="password"
        )
    return _hasher.hash(password)


def password_is_right(password: str, password_hash: str | None) -> bool:
    """Compare; takes the same time when the account has no password or does not exist.

    Raises:
        TooManyTries: too many are compared at this moment.
    """
    if not _turns.acquire(timeout=_LONGEST_WAIT_SECONDS):
        raise TooManyTries("Too many people sign in at this moment. Try again in a minute.")
    try:
        right = _hasher.verify(password, password_hash or _unmatched())
    finally:
        _turns.release()
    return right and password_hash is not None


@cache
def _unmatched() -> str:
    return _hasher.hash("no account has this password")
