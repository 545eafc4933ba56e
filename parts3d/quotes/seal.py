"""The seal of a quote: whoever changes a frozen price without our secret is found out. Pure."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from typing import Any

from parts3d.quotes.tables import Quote, QuoteLine


def seal_of(secret: bytes, quote: Quote, lines: Sequence[QuoteLine]) -> str:
    """Return the seal of a quote with its lines: HMAC-SHA-256, hex.

    Args:
        secret: the signing secret.
        quote: all its columns but the seal count, those that say something: a column that is
            added later breaks no seal.
        lines: in their order; all their columns count.
    """
    content = {
        "quote": _said(quote.model_dump(mode="json", exclude={"seal", "created_at", "expires_at"})),
        # As moments: their text differs between a fresh row and one that was read back.
        "from": quote.created_at.timestamp(),
        "until": quote.expires_at.timestamp(),
        "lines": [_said(line.model_dump(mode="json", exclude={"id"})) for line in lines],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, f"quote:{text}".encode(), hashlib.sha256).hexdigest()


def _said(columns: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in columns.items() if value}
