"""The one tree of errors. Every message is a sentence for a person.

::

    Parts3dError
    ├── Invalid            the input is wrong; says what, where and what to do
    │   └── Unreadable     a file that cannot be read at all
    ├── NotSignedIn        nobody is signed in, or the signature is wrong
    ├── Forbidden          signed in, but not for this
    ├── NotFound           it does not exist, or not for you (never says which)
    ├── Conflict           the state of things does not allow it now
    │   ├── StaleEpoch     an attempt that is no longer the current one spoke
    │   └── Expired        it was possible, and is no longer (quote, hold, link)
    ├── TooManyTries       wait, or ask a person
    ├── TooLarge           a file or a body beyond the limit
    └── Unavailable        an outside program or service is away; try again

The HTTP status of each kind is decided once, in ``web.py``.
"""

from typing import ClassVar


class Parts3dError(Exception):
    """Base of all errors that are meant for a person.

    Args:
        message: one or two sentences: what was wrong, where, what to do.
        code: a stable word for programs; defaults to the kind's own.
        place: where in the input the fault is (a field, line, facet), if known.
    """

    kind: ClassVar[str] = "error"

    def __init__(self, message: str, *, code: str | None = None, place: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or self.kind
        self.place = place


class Invalid(Parts3dError):
    """The input is wrong."""

    kind = "invalid"


class Unreadable(Invalid):
    """A file that cannot be read at all."""

    kind = "unreadable"


class NotSignedIn(Parts3dError):
    """Nobody is signed in, or a signature does not verify."""

    kind = "not_signed_in"


class Forbidden(Parts3dError):
    """Signed in, but not allowed to do this."""

    kind = "forbidden"


class NotFound(Parts3dError):
    """It does not exist, or not for the one who asks."""

    kind = "not_found"


class Conflict(Parts3dError):
    """The present state does not allow it."""

    kind = "conflict"


class StaleEpoch(Conflict):
    """A message about an attempt that is no longer the current one."""

    kind = "stale_epoch"


class Expired(Conflict):
    """It was possible, and is no longer."""

    kind = "expired"


class TooManyTries(Parts3dError):
    """Tried too often; wait, or ask a person."""

    kind = "too_many_tries"


class TooLarge(Parts3dError):
    """A file or a body beyond the limit."""

    kind = "too_large"


class Unavailable(Parts3dError):
    """An outside program or service is away; trying again may help."""

    kind = "unavailable"
