"""How PrusaLink is asked: key or digest, and its failures in one place."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from printer_agents.config import PrusaLinkOptions
from printer_agents.errors import PrinterOffline, PrinterRefused, StartUnanswered

CHUNK_BYTES = 64 * 1024


class FileStream:
    """The bytes of a file, as often as they are wanted: digest may ask for them twice."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __iter__(self) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk


class Web:
    """One PrusaLink over HTTP."""

    def __init__(self, options: PrusaLinkOptions, transport: httpx.BaseTransport | None) -> None:
        self._options = options
        headers = {"Accept": "application/json"}
        if options.api_key is not None:
            headers["X-Api-Key"] = options.api_key
        auth = None
        if options.password is not None:
            auth = httpx.DigestAuth(options.username, options.password)
        self._client = httpx.Client(
            base_url=options.url,
            auth=auth,
            headers=headers,
            timeout=options.request_seconds,
            transport=transport,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        content: FileStream | None = None,
        seconds: float | None = None,
        connected_means_sent: bool = False,
    ) -> httpx.Response:
        """Ask once; any answer but "not allowed" and "not ready yet" is the caller's.

        Raises:
            PrinterOffline: no connection, or the host is starting.
            PrinterRefused: the key or the password is wrong.
            StartUnanswered: with ``connected_means_sent``: it was sent and no answer came.
        """
        wait = self._options.request_seconds
        try:
            answer = self._client.request(
                method,
                path,
                headers=headers,
                content=content,
                timeout=httpx.Timeout(seconds or wait, connect=wait),
            )
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as fault:
            raise PrinterOffline(self._away(fault)) from fault
        except httpx.HTTPError as fault:
            if connected_means_sent:
                raise StartUnanswered("The printer did not answer the start.") from fault
            raise PrinterOffline(self._away(fault)) from fault
        if answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}:
            raise PrinterRefused(
                f"PrusaLink at {self._options.url} does not accept the key or password: "
                "copy it from the printer's menu (Settings, Network, PrusaLink)."
            )
        if answer.status_code == httpx.codes.SERVICE_UNAVAILABLE and not connected_means_sent:
            raise PrinterOffline(f"PrusaLink at {self._options.url} is not ready yet.")
        return answer

    def json(self, method: str, path: str) -> dict[str, Any]:
        """Ask for an object; an empty answer (204) is an empty object."""
        answer = self.request(method, path)
        if answer.status_code == httpx.codes.NO_CONTENT:
            return {}
        if not answer.is_success:
            raise PrinterOffline(f"PrusaLink at {self._options.url} answers {answer.status_code}.")
        try:
            told = answer.json()
        except ValueError as fault:
            raise PrinterOffline(f"{self._options.url} does not talk like PrusaLink.") from fault
        return told if isinstance(told, dict) else {}

    def read(self, path: str, take: Callable[[bytes], object], seconds: float) -> bool:
        """Hand a body on, piece by piece; False when the host does not hand it out."""
        wait = self._options.request_seconds
        try:
            with self._client.stream(
                "GET", path, timeout=httpx.Timeout(seconds, connect=wait)
            ) as answer:
                if not answer.is_success:
                    return False
                for chunk in answer.iter_bytes():
                    take(chunk)
        except httpx.HTTPError as fault:
            raise PrinterOffline(self._away(fault)) from fault
        return True

    def small_body(self, path: str, most_bytes: int) -> bytes | None:
        """Return a body, or None when there is none or it is larger than that."""
        body = bytearray()
        try:
            with self._client.stream("GET", path) as answer:
                if answer.status_code != httpx.codes.OK:
                    return None
                for chunk in answer.iter_bytes():
                    body += chunk
                    if len(body) > most_bytes:
                        return None
        except httpx.HTTPError as fault:
            raise PrinterOffline(self._away(fault)) from fault
        return bytes(body)

    def close(self) -> None:
        """Give the connections back."""
        self._client.close()

    def _away(self, fault: httpx.HTTPError) -> str:
        return f"PrusaLink at {self._options.url} does not answer ({type(fault).__name__})."
