"""A transport that tries again while nobody answers: what a person does who reloads the page."""

import time

import httpx

_REST_SECONDS = 0.2


class PatientTransport(httpx.BaseTransport):
    """Repeats a request, as it is, when its connection fails; ``failures`` counts how often.

    A request that was cut may have had its effect: repeating it here is the very test that
    twice is once.
    """

    def __init__(self, seconds: float = 40) -> None:
        self._inner = httpx.HTTPTransport()
        self._seconds = seconds
        self.failures = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send it, and read the answer to its end, which may be cut as well."""
        until = time.monotonic() + self._seconds
        while True:
            try:
                answer = self._inner.handle_request(request)
                answer.read()
            except httpx.TransportError:
                self.failures += 1
                if time.monotonic() > until:
                    raise
                time.sleep(_REST_SECONDS)
            else:
                return answer

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
