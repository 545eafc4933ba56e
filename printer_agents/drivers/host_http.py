"""Asking a printer host over HTTP; here, and only here, its failures become the agent's."""

from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

import httpx

from printer_agents.config import HostOptions
from printer_agents.errors import DriverFault, PrinterOffline, StartUnanswered

# Nobody needs a larger picture of a bed, and a Raspberry Pi has other uses for its memory.
PICTURE_BYTES = 1_000_000
LOOPBACK = {"localhost", "127.0.0.1", "::1"}
JPEG_START = b"\xff\xd8"


class HostHttp:
    """A host's HTTP side. Safe to use from several threads."""

    def __init__(
        self,
        brand: str,
        options: HostOptions,
        headers: Mapping[str, str],
        transport: httpx.BaseTransport | None = None,
        *,
        key_refused: frozenset[int] = frozenset({401, 403}),
    ) -> None:
        self.brand = brand
        self._key_refused = key_refused
        self.url = options.url
        self._upload_seconds = options.upload_seconds
        # A host of the shop's own network is never behind the proxy of some environment.
        self._http = httpx.Client(
            base_url=options.url,
            headers=dict(headers),
            timeout=options.request_seconds,
            trust_env=False,
            transport=transport,
        )

    def get(self, path: str, **query: str | int) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Return the JSON of an answer; None for 404.

        Raises:
            PrinterOffline: no usable answer.
            DriverFault: the host refuses the key, or the question.
        """
        answer = self.ask("GET", path, params=query)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.is_error:
            raise DriverFault(f"{self.brand} does not answer {path}: {_said(answer)}")
        return self.json(answer)

    def ask(
        self,
        method: str,
        path: str,
        *,
        accept: Collection[int] = (),
        **what: Any,  # noqa: ANN401  # httpx's own keywords
    ) -> httpx.Response:
        """Return an answer, refusals too, but for refused keys and broken hosts.

        ``accept`` are statuses that say something of this host, not that it is broken.
        """
        try:
            answer = self._http.request(method, path, **what)
        except httpx.HTTPError as fault:
            raise self._offline(fault) from fault
        return answer if answer.status_code in accept else self._usable(answer)

    def upload(self, path: str, **what: Any) -> httpx.Response:  # noqa: ANN401  # the same
        """Send a file, with more time than other requests have."""
        return self.ask("POST", path, timeout=self._upload_seconds, **what)

    def order_once(self, path: str, **what: Any) -> httpx.Response:  # noqa: ANN401  # the same
        """Send what must never be sent twice.

        Raises:
            PrinterOffline: it was not sent, for certain.
            StartUnanswered: it may have been received.
        """
        try:
            answer = self._http.post(path, **what)
        except (httpx.ConnectError, httpx.ConnectTimeout) as fault:
            raise self._offline(fault) from fault
        except httpx.HTTPError as fault:
            raise StartUnanswered(f"{self.brand} did not answer the start.") from fault
        if answer.is_server_error:
            raise StartUnanswered(f"{self.brand} failed at the start: {_said(answer)}")
        return self._usable(answer)

    def picture(self, address: str) -> bytes | None:
        """Return a snapshot of a camera at an address as the host sees it; None without one.

        Pictures that are no JPEG or larger than a megabyte are left where they are.
        """
        parts, own = urlsplit(urljoin(self.url + "/", address)), urlsplit(self.url)
        if parts.hostname in LOOPBACK and own.hostname not in LOOPBACK:
            # The host's own loopback is not ours.
            port = f":{parts.port}" if parts.port else ""
            parts = parts._replace(netloc=f"{own.hostname}{port}")
        try:
            with self._http.stream("GET", parts.geturl(), follow_redirects=True) as answer:
                if answer.is_error:
                    return None
                data = b""
                for piece in answer.iter_bytes():
                    data += piece
                    if len(data) > PICTURE_BYTES:
                        return None
        except httpx.HTTPError:
            return None
        return data if data.startswith(JPEG_START) else None

    def json(self, answer: httpx.Response) -> Any:  # noqa: ANN401  # whatever JSON holds
        """Return the JSON of an answer."""
        try:
            return answer.json()
        except ValueError as fault:
            raise PrinterOffline(
                f"What answers at {self.url} is not {self.brand}: it speaks no JSON."
            ) from fault

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def _usable(self, answer: httpx.Response) -> httpx.Response:
        if answer.status_code in self._key_refused:
            raise DriverFault(
                f"{self.brand} at {self.url} refuses the API key; look at api_key of this printer."
            )
        if answer.is_server_error:
            raise PrinterOffline(f"{self.brand} at {self.url} is in trouble: {_said(answer)}")
        return answer

    def _offline(self, fault: httpx.HTTPError) -> PrinterOffline:
        slow = isinstance(fault, httpx.TimeoutException)
        words = "takes too long to answer" if slow else "does not answer"
        return PrinterOffline(f"{self.brand} at {self.url} {words}.")


def quoted(name: str) -> str:
    """Return a file name as a part of a path."""
    return quote(name, safe="")


def sentence(words: str) -> str:
    """Return a host's words, of bounded length and with a full stop."""
    return f"{words.strip().rstrip('.')[:300]}."


def refusal(answer: httpx.Response) -> str:
    """Return a host's own words for its no."""
    return _said(answer)


def _said(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        body = None
    error = body.get("error", body.get("message")) if isinstance(body, dict) else None
    if isinstance(error, dict):
        error = error.get("message")
    return sentence(str(error) if error else f"HTTP {answer.status_code}")
