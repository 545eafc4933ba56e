"""What Moonraker tells by itself: notifications over its websocket."""

import json
from collections.abc import Callable
from itertools import count

from websockets.sync.client import ClientConnection

from printer_agents.drivers.push import PING_SECONDS, Push
from printer_agents.errors import DriverFault

SUBSCRIBED = {
    "webhooks": ["state"],
    "print_stats": ["state", "filename"],
    "pause_resume": ["is_paused"],
}
# Klipper's memory of its print is gone after these.
FORGETTING = {"notify_klippy_disconnected", "notify_klippy_shutdown"}
TELLING = {*FORGETTING, "notify_klippy_ready", "notify_status_update", "notify_history_changed"}


class MoonrakerEars:
    """Hears Moonraker's notifications: wakes, and says for how long nothing was missed."""

    def __init__(self, name: str, url: str, api_key: str | None) -> None:
        self._key = api_key
        self._address = f"ws{url.removeprefix('http')}/websocket"
        self._numbers = count(1)
        self._connection: ClientConnection | None = None
        self._wake: Callable[[], None] | None = None
        self._push = Push(name, lambda: self._address, self._greet, self._hear)

    def begin(self) -> None:
        """Start to listen, once."""
        self._push.begin()

    @property
    def watch(self) -> str:
        """A word that stays the same as long as nothing can have been missed."""
        return self._push.watch

    def wake_by(self, wake: Callable[[], None]) -> None:
        """From now on call ``wake`` when something happened."""
        self._wake = wake
        self._push.begin()

    def close(self) -> None:
        """Listen no more."""
        self._push.close()

    def _greet(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ask(
            "server.connection.identify",
            client_name="parts3d",
            version="1",
            type="agent",
            url="https://localhost",
            **({"api_key": self._key} if self._key else {}),
        )
        self._await_answer(connection)
        self._subscribe()

    def _await_answer(self, connection: ClientConnection) -> None:
        for _ in range(20):  # notifications may come in between
            try:
                answer = json.loads(connection.recv(timeout=PING_SECONDS))
            except (ValueError, TimeoutError) as fault:
                raise DriverFault("Moonraker's websocket does not answer.") from fault
            if isinstance(answer, dict) and "id" in answer:
                if "error" in answer:
                    raise DriverFault("Moonraker does not let this agent listen.")
                return
        raise DriverFault("Moonraker's websocket does not answer.")

    def _subscribe(self) -> None:
        self._ask("printer.objects.subscribe", objects=SUBSCRIBED)

    def _ask(self, method: str, **parameters: object) -> None:
        if self._connection is not None:
            order = {
                "jsonrpc": "2.0",
                "method": method,
                "params": parameters,
                "id": next(self._numbers),
            }
            self._connection.send(json.dumps(order))

    def _hear(self, text: str) -> None:
        try:
            method = json.loads(text).get("method")
        except (ValueError, AttributeError):
            return
        if method in FORGETTING:
            self._push.lost_memory()
        if method == "notify_klippy_ready":
            # Klipper forgets its subscribers with everything else.
            self._subscribe()
        if method in TELLING and self._wake is not None:
            self._wake()
