"""Who the printer is: its certificate, known by its SHA-256, checked before any secret is sent."""

import hashlib
import ssl
import threading
from typing import Any


class CertificateChanged(ssl.SSLError):
    """Another certificate than the one that is known."""


class Pin:
    """The SHA-256 of a printer's certificate; without one, the first that is met counts.

    A printer signs its certificate itself, so no authority vouches for it. What is met first is
    kept until the agent ends: somebody who comes between later is noticed.
    """

    def __init__(self, sha256: str | None) -> None:
        self._lock = threading.Lock()
        self.sha256 = sha256
        self.refused: str | None = None  # why, in words

    def check(self, certificate: bytes) -> None:
        """Compare a certificate (DER). Raises ``CertificateChanged``."""
        digest = hashlib.sha256(certificate).hexdigest()
        with self._lock:
            if self.sha256 is None:
                self.sha256 = digest
            self.refused = None
            if digest != self.sha256:
                self.refused = (
                    f"it shows another certificate (SHA-256 {digest}) than the one that is "
                    "known; if it was reset, put this one into the configuration"
                )
                raise CertificateChanged(self.refused)


def pinned_context(pin: Pin) -> ssl.SSLContext:
    """Return a context whose sockets check the pin as the last step of their handshake."""

    class PinnedSocket(ssl.SSLSocket):
        def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002 - ssl's own
            try:
                super().do_handshake(block)
                certificate: Any = self.getpeercert(binary_form=True)
                pin.check(certificate or b"")
            except OSError:
                self.close()  # not everybody who asks for a handshake does
                raise

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the pin is the check
    context.sslsocket_class = PinnedSocket
    return context
