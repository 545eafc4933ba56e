"""Passwords, hashed with Argon2id by pwdlib's recommended parameters."""

from functools import cache

from pwdlib import PasswordHash

from parts3d.errors import Invalid

MIN_PASSWORD_LENGTH = 10
_hasher = PasswordHash.recommended()


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
    """Compare; takes the same time when the account has no password or does not exist."""
    if password_hash is None:
        _hasher.verify(password, _unmatched())
        return False
    return _hasher.verify(password, password_hash)


@cache
def _unmatched() -> str:
    return _hasher.hash("no account has this password")
