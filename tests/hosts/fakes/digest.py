"""Digest access (RFC 7616) at the server's side, as far as PrusaLink has it."""

import hashlib
import secrets
from email.message import Message
from urllib.request import parse_http_list, parse_keqv_list


class Digest:
    """One user of one realm."""

    def __init__(self, realm: str, user: str, password: str) -> None:
        self._realm = realm
        self._user = user
        self._secret = _md5(f"{user}:{realm}:{password}")
        self._nonce = secrets.token_hex(8)

    def challenge(self) -> str:
        return f'Digest realm="{self._realm}", nonce="{self._nonce}", qop="auth", algorithm=MD5'

    def accepts(self, method: str, headers: Message) -> bool:
        kind, _, words = str(headers.get("Authorization") or "").partition(" ")
        if kind != "Digest":
            return False
        told = parse_keqv_list(parse_http_list(words))
        request = _md5(f"{method}:{told.get('uri')}")
        parts = (self._secret, self._nonce, told.get("nc"), told.get("cnonce"), "auth", request)
        return (
            told.get("username") == self._user
            and told.get("nonce") == self._nonce
            and told.get("response") == _md5(":".join(map(str, parts)))
        )


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
