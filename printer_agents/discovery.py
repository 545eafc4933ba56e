"""Printers on the local network: who announces itself, and what an address turns out to be.

OctoPrint, Moonraker and PrusaLink announce themselves by multicast DNS; an announcement only
says where to ask, since Prusa's printers also call themselves OctoPrint for the sake of slicers.
Bambu Lab printers are known by their TLS certificate, which carries the serial number.
"""

import hashlib
import json
import re
import socket
import ssl
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from printer_agents.multicast_dns import ask

SERVICE_TYPES = ("_octoprint._tcp.local", "_moonraker._tcp.local", "_prusalink._tcp.local")
# Where hosts answer when an address says no port: Moonraker, a web server, OctoPrint.
HTTP_PORTS = (7125, 80, 5000)
BAMBU_PORT = 8883
ASK_SECONDS = 3.0
MOST_ANSWER_BYTES = 100_000
ASKED_AT_ONCE = 16
# The common name of a certificate: its object identifier, then a short string.
_COMMON_NAME = re.compile(rb"\x06\x03\x55\x04\x03[\x0c\x13\x16](.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Announced:
    """Something that announces itself: where to ask, and under which name."""

    name: str
    host: str
    port: int
    path: str = "/"


@dataclass(frozen=True, slots=True)
class Found:
    """A printer host that answered."""

    driver: str
    name: str
    # An http address; for a Bambu printer its host.
    address: str
    wants_key: bool = False
    serial: str | None = None
    certificate_sha256: str | None = None
    words: str = ""


def browse(seconds: float, interfaces: Sequence[int] | None = None) -> list[Announced]:
    """Listen for announcements by multicast DNS.

    Args:
        seconds: for how long.
        interfaces: indexes of network interfaces; None: all.

    Raises:
        OSError: there is no network to listen on.
    """
    found = []
    for service in ask(SERVICE_TYPES, seconds, interfaces):
        # The name outlives the address, which a router may give to another machine tomorrow.
        host = service.host if _resolves(service.host) else service.address
        label = service.instance.split("._")[0]
        found.append(Announced(label, host, service.port, service.text.get("path") or "/"))
    return found


def identify_all(announced: Iterable[Announced], asked: Iterable[str]) -> list[Found]:
    """Ask all of them at once what they are; each printer is told once, in the order asked."""
    wanted: list[Callable[[], list[Found]]] = []
    for one in announced:
        url = f"http://{one.host}:{one.port}".removesuffix(":80")
        path = one.path if one.path.startswith("/") else "/"
        wanted.append(lambda url=url, name=one.name, path=path: _ask(url, name, path))  # type: ignore[misc]
    wanted += [lambda address=address: identify(address) for address in asked]  # type: ignore[misc]
    if not wanted:
        return []
    with ThreadPoolExecutor(min(len(wanted), ASKED_AT_ONCE)) as pool:
        answers = list(pool.map(lambda ask: ask(), wanted))
    by_address = {found.address: found for answer in answers for found in answer}
    return list(by_address.values())


def identify(address: str) -> list[Found]:
    """Return the printer hosts at an address, as ``192.168.1.20``, ``host:port`` or a URL."""
    parts = urlsplit(address if "://" in address else f"//{address}")
    host = parts.hostname or ""
    if not host:
        return []
    name = f"[{host}]" if ":" in host else host
    if parts.scheme in {"http", "https"}:
        return _ask(address.rstrip("/"), host)
    if parts.port == BAMBU_PORT:
        return _bambu(host)
    ports = (parts.port,) if parts.port else HTTP_PORTS
    found = [
        answer
        for port in ports
        if _listens(host, port)
        for answer in _ask(f"http://{name}:{port}".removesuffix(":80"), host)
    ]
    if parts.port is None:
        found += _bambu(host)
    # A web server in front of Moonraker and Moonraker itself are one printer.
    drivers = {one.driver: one for one in reversed(found)}
    return list(reversed(drivers.values()))


def _ask(url: str, name: str, path: str = "/") -> list[Found]:
    base = f"{url}{path.rstrip('/')}" if path not in {"", "/"} else url
    with httpx.Client(base_url=base, timeout=ASK_SECONDS, follow_redirects=False) as client:
        for known in (_moonraker, _prusalink_or_octoprint):
            try:
                driver, wants_key, words = known(client)
            except (httpx.HTTPError, ValueError, UnicodeError):
                continue
            if driver:
                return [Found(driver, name, base, wants_key=wants_key, words=words)]
    return []


def _moonraker(client: httpx.Client) -> tuple[str, bool, str]:
    # First: Moonraker also answers at OctoPrint's address, for the sake of slicers.
    answer = client.get("/server/info")
    said = _json(answer)
    result = said.get("result")
    if answer.status_code == httpx.codes.OK and isinstance(result, dict):
        if "klippy_state" in result:
            version = result.get("moonraker_version", "")
            return "moonraker", False, f"Moonraker {version}".strip()
    elif answer.status_code == httpx.codes.UNAUTHORIZED and "error" in said:
        return "moonraker", True, "Moonraker"
    return "", False, ""


def _prusalink_or_octoprint(client: httpx.Client) -> tuple[str, bool, str]:
    answer = client.get("/api/version")
    closed = answer.status_code in {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN}
    text = str(_json(answer).get("text", ""))
    challenge = answer.headers.get("WWW-Authenticate", "")
    if text.startswith("PrusaLink") or "Printer API" in challenge:
        return "prusalink", closed, text or "PrusaLink"
    if text.startswith("OctoPrint"):
        return "octoprint", True, text  # everything beyond its version wants a key
    if closed and "octoprint" in client.get("/").text[:MOST_ANSWER_BYTES].casefold():
        return "octoprint", True, "OctoPrint"
    return "", False, ""


def _json(answer: httpx.Response) -> dict[str, object]:
    if len(answer.content) > MOST_ANSWER_BYTES:
        return {}
    try:
        said = json.loads(answer.content)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _bambu(host: str) -> list[Found]:
    # Its certificate is its own; what is read here is only proposed, and then pinned.
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((host, BAMBU_PORT), ASK_SECONDS) as plain,
            context.wrap_socket(plain) as secured,
        ):
            certificate = secured.getpeercert(binary_form=True) or b""
    except (OSError, ValueError):
        return []
    serial = common_name(certificate)
    if not serial or not re.fullmatch(r"[0-9A-Z]{10,20}", serial):
        return []
    sha256 = hashlib.sha256(certificate).hexdigest()
    return [
        Found(
            "bambu",
            host,
            host,
            True,
            serial,
            sha256,
            f"a Bambu Lab printer, serial number {serial}",
        )
    ]


def common_name(certificate: bytes) -> str | None:
    """Return the last common name in a certificate (DER): the subject's; its issuer stands first.

    Source: RFC 5280, 4.1: issuer, validity, subject; each name an AttributeTypeAndValue.
    """
    found = None
    for match in _COMMON_NAME.finditer(certificate):
        start, length = match.end(), match.group(1)[0]
        value = certificate[start : start + length]
        found = value.decode("utf-8", "replace")
    return found


def _resolves(host: str) -> bool:
    try:
        socket.getaddrinfo(host, None)
    except OSError:
        return False
    return True


def _listens(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port), ASK_SECONDS).close()
    except OSError:
        return False
    return True
