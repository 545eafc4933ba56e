"""Numbers, links and codes of an order, all but the number derived from the signing secret.

What is derived need not be stored: a stolen database opens no order, and a mail that has to be
sent again carries the same link. Pure: the secret and the moment are arguments.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

from parts3d.errors import Expired, NotFound

# Crockford's base 32: no I, L, O, U, so that a number read out over a counter is understood.
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MISREAD = str.maketrans({"I": "1", "L": "1", "O": "0", "-": None, " ": None})
_PREFIX = "P3D"
_NUMBER_SIGNS = 8
_CODE_DIGITS = 6


def new_number() -> str:
    """Return a fresh order number, as P3D-7K4M-2Q9X: 40 random bits."""
    signs = "".join(secrets.choice(_CROCKFORD) for _ in range(_NUMBER_SIGNS))
    return f"{_PREFIX}-{signs[:4]}-{signs[4:]}"


def read_number(text: str) -> str | None:
    """Return an order number as it is stored, however it was typed; None when it is none."""
    signs = text.strip().upper().translate(_MISREAD).removeprefix(_PREFIX)
    if len(signs) != _NUMBER_SIGNS or any(sign not in _CROCKFORD for sign in signs):
        return None
    return f"{_PREFIX}-{signs[:4]}-{signs[4:]}"


def order_token(secret: bytes, order_id: str) -> str:
    """Return the secret part of the customer's link to her order (256 bits)."""
    return _text(_mac(secret, "order", order_id))


def token_hash(token: str) -> str:
    """Return what is stored of a link's secret."""
    return hashlib.sha256(token.encode()).hexdigest()


def confirmation_token(secret: bytes, order_id: str, expires_at: datetime) -> str:
    """Return the signed token of the mail that asks to confirm an address."""
    moment = str(int(expires_at.timestamp()))
    return f"{order_id}.{moment}.{_text(_mac(secret, 'confirm', order_id, moment))}"


def read_confirmation(secret: bytes, token: str, now: datetime) -> str:
    """Return the order's id that a confirmation token is for.

    Raises:
        NotFound: it was not signed by us.
        Expired: its time is over.
    """
    order_id, _, rest = token.partition(".")
    moment, _, mac = rest.partition(".")
    expected = _text(_mac(secret, "confirm", order_id, moment))
    if not hmac.compare_digest(mac.encode(), expected.encode()):
        raise NotFound(
            "This link is not one of ours, or it was cut in two. Copy the whole link of the mail.",
            code="unknown_link",
        )
    if now >= datetime.fromtimestamp(int(moment), UTC):
        raise Expired(
            "This link has expired, and the order was given up. Nothing was charged; "
            "order again from the shop.",
            code="link_expired",
        )
    return order_id


def collection_code(secret: bytes, order_id: str) -> str:
    """Return the six digits that a customer shows at the counter."""
    number = int.from_bytes(_mac(secret, "collect", order_id)[:8], "big")
    return f"{number % 10**_CODE_DIGITS:0{_CODE_DIGITS}d}"


def code_is_right(secret: bytes, order_id: str, code: str) -> bool:
    """Compare a code as typed (spaces do not matter), in constant time."""
    typed = "".join(code.split())
    return hmac.compare_digest(typed.encode(), collection_code(secret, order_id).encode())


def _mac(secret: bytes, *words: str) -> bytes:
    # The parts hold no colon themselves (hex ids, digits), so no two meanings share a text;
    # whatever a stranger sends is only compared, never signed.
    return hmac.new(secret, ":".join(words).encode(), hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
