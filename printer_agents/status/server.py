"""The status page's small server: loopback only, and only for pages of this machine.

A site elsewhere could point its name at 127.0.0.1 (DNS rebinding) or post a form here: the Host
header must name this machine, and an act needs the token that only the page itself holds.
"""

import json
import logging
import secrets
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from printer_agents.errors import DriverFault
from printer_agents.status.drawing import draw_now, draw_page
from printer_agents.status.look import AgentLook
from printer_agents.status.words import language_of, say

log = logging.getLogger("parts3d.agent")

HERE = Path(__file__).resolve().parent
FILES = {"/style.css": "text/css", "/refresh.js": "text/javascript"}
NAMES = ("127.0.0.1", "localhost", "[::1]")
MOST_FORM_BYTES = 2_000
REQUEST_SECONDS = 10
STOPPED, NOT_STOPPED, CLEARED, NOT_CLEARED = "stopped", "failed", "cleared", "at work"
TOLD = {
    STOPPED: "{name} was told to stop at once. Look at the printer.",
    NOT_STOPPED: "{name} could not be stopped: {reason} Switch it off by hand.",
    CLEARED: "Thank you. The network hears that the bed of {name} is clear.",
    NOT_CLEARED: "{name} is at work: its bed can be confirmed when that has ended.",
}
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Look = Callable[[], AgentLook]
Stop = Callable[[str], None]
Confirm = Callable[[str], bool]


class StatusPage:
    """Serves until closed, in threads of its own.

    Args:
        look: gathers what is shown.
        stop: stops a printer at once; raises ``DriverFault`` in words when it cannot.
        confirm: takes somebody's word that a printer's bed is clear; False: it is at work.
        port: on 127.0.0.1; 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """

    def __init__(self, look: Look, stop: Stop, confirm: Confirm, port: int) -> None:
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.look, self._server.stop, self._server.confirm = look, stop, confirm
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="status page", daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    look: Look
    stop: Stop
    confirm: Confirm

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self.token = secrets.token_urlsafe(24)
        # What the last act said, for the page that follows it.
        self.told: dict[str, tuple[str, str, str]] = {}

    def handle_error(self, request: object, client_address: object) -> None:
        """A browser that went away is no news; nor is what it sent."""
        del request, client_address
        log.debug("The status page could not answer.")


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "parts3d-agent"
    sys_version = ""
    timeout = REQUEST_SECONDS

    def do_GET(self) -> None:
        if not self._is_for_us():
            return
        path = urlsplit(self.path).path
        if path in FILES:
            self._answer((HERE / path.removeprefix("/")).read_text("utf-8"), FILES[path])
        elif path == "/":
            self._answer(self._page())
        elif path == "/now":
            self._answer(draw_now(self.server.look(), self._language, self.server.token))
        elif path == "/status.json":
            self._answer(json.dumps(self.server.look().as_json()), "application/json")
        else:
            self._answer("There is nothing at this address.", "text/plain", HTTPStatus.NOT_FOUND)

    def do_POST(self) -> None:
        if not self._is_for_us():
            return
        length = self.headers.get("Content-Length", "0")
        if not length.isdecimal() or int(length) > MOST_FORM_BYTES:
            self._answer("That is too large.", "text/plain", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
            return
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"))
        token = (form.get("token") or [""])[0]
        if self._comes_from_elsewhere() or not secrets.compare_digest(
            token.encode(), self.server.token.encode()
        ):
            self._answer(
                "This was not sent by the status page as it is now. Open it again.",
                "text/plain",
                HTTPStatus.FORBIDDEN,
            )
            return
        _, _, printer_id, act = (*urlsplit(self.path).path.split("/"), "", "", "", "")[:4]
        looks = {printer.id: printer for printer in self.server.look().printers}
        if act not in {"stop", "clear"} or printer_id not in looks:
            self._answer("There is no such printer.", "text/plain", HTTPStatus.NOT_FOUND)
            return
        do = self._stop if act == "stop" else self._confirm
        key = secrets.token_urlsafe(8)
        self.server.told = {key: do(printer_id, looks[printer_id].label)}
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", f"/?told={key}")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _confirm(self, printer_id: str, label: str) -> tuple[str, str, str]:
        log.info("%s: its bed is clear, says the status page.", printer_id)
        return (CLEARED if self.server.confirm(printer_id) else NOT_CLEARED), label, ""

    def _stop(self, printer_id: str, label: str) -> tuple[str, str, str]:
        log.warning("%s: emergency stop, asked for on the status page.", printer_id)
        try:
            self.server.stop(printer_id)
        except DriverFault as fault:
            log.error("%s: the emergency stop failed: %s", printer_id, fault)  # noqa: TRY400
            return NOT_STOPPED, label, str(fault)
        return STOPPED, label, ""

    def _page(self) -> str:
        key = (parse_qs(urlsplit(self.path).query).get("told") or [""])[0]
        outcome, label, reason = self.server.told.pop(key, ("", "", ""))
        words = TOLD.get(outcome, "")
        said = say(self._language, words, name=label, reason=reason) if words else ""
        good = outcome in {STOPPED, CLEARED}
        done, fault = (said, "") if good else ("", said)
        return draw_page(
            self.server.look(), self._language, self.server.token, done=done, fault=fault
        )

    @property
    def _language(self) -> str:
        return language_of(self.headers.get("Accept-Language", ""))

    def _is_for_us(self) -> bool:
        port = self.server.server_port
        if self.headers.get("Host", "") in {f"{name}:{port}" for name in NAMES}:
            return True
        self._answer(
            f"Open this page as http://127.0.0.1:{port}", "text/plain", HTTPStatus.FORBIDDEN
        )
        return False

    def _comes_from_elsewhere(self) -> bool:
        site = self.headers.get("Sec-Fetch-Site")
        if site is not None:
            return site not in {"same-origin", "none"}
        origin = self.headers.get("Origin")
        return origin is not None and urlsplit(origin).netloc != self.headers.get("Host")

    def _answer(
        self, text: str, kind: str = "text/html", status: HTTPStatus = HTTPStatus.OK
    ) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name there
        """Be quiet: a page that refreshes itself would fill the log."""
