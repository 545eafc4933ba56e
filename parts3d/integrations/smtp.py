"""Sending one mail by SMTP, with the standard library.

Why not asynchronously: ``docs/decisions/0011-mail-is-sent-synchronously.md``.
"""

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from parts3d.errors import Invalid

_ANSWER_SECONDS = 15.0
_PERMANENT = 500
_PORTS = {"smtp": 25, "smtps": 465}


@dataclass(frozen=True, slots=True)
class Delivery:
    """What the mail server said.

    Args:
        accepted: it took the mail.
        permanent: it refused it for good; trying again will not help.
        reason: its words, without the mail's content.
    """

    accepted: bool
    permanent: bool = False
    reason: str = ""


def deliver(smtp_url: str, message: EmailMessage) -> Delivery:
    """Hand a mail to the server; never raises for what the server or the network does.

    Args:
        smtp_url: ``smtp://user:password@host:port`` (upgraded by STARTTLS where offered) or
            ``smtps://``.
        message: with From, To and Message-ID.

    Raises:
        Invalid: the address of the server cannot be read.
    """
    parsed = urlsplit(smtp_url)
    if parsed.scheme not in _PORTS or not parsed.hostname:
        raise Invalid(
            "The mail server's address cannot be read. Write it as smtp://user:password@host:587.",
            place="smtp_url",
        )
    port = parsed.port or _PORTS[parsed.scheme]
    try:
        with _connect(parsed.scheme, parsed.hostname, port) as server:
            if parsed.username:
                server.login(unquote(parsed.username), unquote(parsed.password or ""))
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()))
        return _refused(code, words)
    except smtplib.SMTPResponseException as error:
        return _refused(error.smtp_code, error.smtp_error)
    except (smtplib.SMTPException, OSError) as error:
        return Delivery(accepted=False, reason=f"{type(error).__name__}: {error}")
    return Delivery(accepted=True)


def _connect(scheme: str, host: str, port: int) -> smtplib.SMTP:
    if scheme == "smtps":
        return smtplib.SMTP_SSL(
            host, port, timeout=_ANSWER_SECONDS, context=ssl.create_default_context()
        )
    server = smtplib.SMTP(host, port, timeout=_ANSWER_SECONDS)
    try:
        server.ehlo()
        if server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
    except BaseException:
        server.close()
        raise
    return server


def _refused(code: int, words: bytes | str) -> Delivery:
    text = words.decode("utf-8", "replace") if isinstance(words, bytes) else words
    # A wrong password is ours to mend; the mail itself is fine.
    permanent = code >= _PERMANENT and code not in _OURS
    return Delivery(accepted=False, permanent=permanent, reason=f"{code} {text}"[:500])


_OURS = frozenset({530, 534, 535, 538})
