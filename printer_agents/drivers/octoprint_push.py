"""What OctoPrint tells by itself: events over SockJS, remembered as far as they are a proof."""

import contextlib
import json
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from websockets.sync.client import ClientConnection

from printer_agents.clock import steady_seconds
from printer_agents.drivers.base import JobOutcome, JobSeen
from printer_agents.drivers.host_http import HostHttp
from printer_agents.drivers.push import PING_SECONDS, Push
from printer_agents.errors import DriverFault

ENDS_KEPT = 50
# Events after which whoever drives the printer should look at once.
TELLING = ("Print", "Connect", "Disconnect", "Error", "FileDeselected", "PrinterStateChanged")


class OctoPrintEars:
    """Hears OctoPrint's events: wakes, counts starts, and remembers how jobs ended."""

    def __init__(self, name: str, url: str, http: HostHttp) -> None:
        self._http = http
        self._address = f"ws{url.removeprefix('http')}/sockjs"
        self._user = ""
        self._push = Push(name, self._session_address, self._greet, self._hear)
        self._lock = threading.Lock()
        self._wake: Callable[[], None] | None = None
        self._counted_in = ""
        self._started = 0
        self._running: str | None = None
        self._ended: OrderedDict[str, JobSeen] = OrderedDict()

    def begin(self) -> None:
        """Start to listen, once."""
        self._push.begin()

    def wake_by(self, wake: Callable[[], None]) -> None:
        """From now on call ``wake`` when something happened."""
        self._wake = wake
        self._push.begin()

    def watch(self) -> tuple[str, int | None]:
        """Return the watch, and the starts heard in it; None while nobody listens."""
        with self._lock:
            watch = self._push.watch
            self._enter(watch)
            return watch, self._started if self._push.connected else None

    def ended(self, file_name: str) -> JobSeen | None:
        """How a job was heard to end."""
        with self._lock:
            return self._ended.get(file_name)

    def close(self) -> None:
        """Listen no more."""
        self._push.close()

    def _session_address(self) -> str:
        answer = self._http.ask("POST", "/api/login", json={"passive": True})
        user = self._http.json(answer)
        if not isinstance(user, dict) or not user.get("session") or not user.get("name"):
            raise DriverFault("OctoPrint gives this key no session: it wants a user's key.")
        self._user = f"{user['name']}:{user['session']}"
        # Server and session of SockJS are the client's choice, and must differ each time.
        return f"{self._address}/{secrets.randbelow(1000):03d}/{secrets.token_hex(4)}/websocket"

    def _greet(self, connection: ClientConnection) -> None:
        _say(connection, {"auth": self._user})
        # The history is the answer by which we know that from now on events are heard; then
        # temperatures and the like are polled, and the socket brings events alone.
        _say(connection, {"subscribe": {"state": True, "events": True, "plugins": False}})
        _await_history(connection)
        _say(connection, {"subscribe": {"state": False, "events": True, "plugins": False}})

    def _hear(self, frame: str) -> None:
        if not frame.startswith("a"):
            return  # SockJS's own: open, heartbeat, close
        try:
            messages = json.loads(frame[1:])
        except ValueError:
            return
        for message in messages:
            event = message.get("event") if isinstance(message, dict) else None
            if isinstance(event, dict):
                payload = event.get("payload")
                self._event(
                    str(event.get("type", "")), payload if isinstance(payload, dict) else {}
                )

    def _event(self, kind: str, payload: dict[str, Any]) -> None:
        name = str(payload.get("path") or payload.get("name") or "")
        with self._lock:
            self._enter(self._push.watch)
            match kind:
                case "PrintStarted":
                    self._started += 1
                    self._running = name
                    self._ended.pop(name, None)
                case "PrintDone":
                    self._end(name, JobOutcome.COMPLETED, payload)
                case "PrintCancelled":
                    self._end(name, JobOutcome.CANCELLED, payload)
                case "PrintFailed" if payload.get("reason") != "cancelled":
                    self._end(name, JobOutcome.FAILED, payload)
                case "Disconnected" | "Error" if self._running:
                    # OctoPrint deselects the file and, if it was paused, writes no history.
                    self._end(self._running, JobOutcome.FAILED, payload)
                case _:
                    pass
        if self._wake is not None and kind.startswith(TELLING):
            self._wake()

    def _end(self, name: str, outcome: JobOutcome, payload: dict[str, Any]) -> None:
        progress = payload.get("progress")
        detail = payload.get("error") or payload.get("reason")
        self._ended[name] = JobSeen(
            outcome,
            1.0 if outcome is JobOutcome.COMPLETED else _share(progress),
            detail=str(detail)[:300] if detail and outcome is JobOutcome.FAILED else None,
        )
        if self._running == name:
            self._running = None
        while len(self._ended) > ENDS_KEPT:
            self._ended.popitem(last=False)

    def _enter(self, watch: str) -> None:
        """In another watch, count from nothing: what was missed is not known."""
        if watch != self._counted_in:
            self._counted_in, self._started = watch, 0


def _say(connection: ClientConnection, order: dict[str, Any]) -> None:
    connection.send(json.dumps([json.dumps(order)]))


def _await_history(connection: ClientConnection) -> None:
    deadline = steady_seconds() + PING_SECONDS
    while (left := deadline - steady_seconds()) > 0:
        with contextlib.suppress(TimeoutError):
            if '{"history"' in str(connection.recv(timeout=left)):
                return
    raise DriverFault("OctoPrint does not let this key listen.")


def _share(progress: object) -> float:
    if not isinstance(progress, int | float):
        return 0.0
    # OctoPrint says 0 to 1 in some events and 0 to 100 in others.
    return min(max(float(progress) / (100 if progress > 1 else 1), 0.0), 1.0)
