"""What a host tells by itself, heard over a websocket in a thread of its own.

A hint, never the news: the poll beside it stays the truth. It is also the only way to know that
nothing was missed at a host that keeps no count of its prints: while one connection stays open,
every start was heard; once it breaks, what happened in between is not known.
"""

import logging
import secrets
import threading
from collections.abc import Callable

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from printer_agents.clock import Backoff, steady_seconds
from printer_agents.errors import DriverFault

log = logging.getLogger("parts3d.agent")

# The staleness clock: a connection that does not answer a ping within this is given up, so a
# silent one is noticed after at most twice as long.
PING_SECONDS = 5.0
FIRST_CONNECT_SECONDS = 3.0
RETRY_FIRST_SECONDS = 0.5
RETRY_MOST_SECONDS = 30.0
# A host's first answer tells everything at once.
MESSAGE_BYTES = 16 * 1024 * 1024


class Push:
    """Keeps one connection to a host, and says for how long nothing was missed.

    ``address`` is asked before each connection, ``greet`` subscribes and returns once nothing
    can be missed any more, and ``hear`` gets each message; all in that thread. They may raise
    ``DriverFault``; ``hear`` must not fail on what it does not understand.
    """

    def __init__(
        self,
        name: str,
        address: Callable[[], str],
        greet: Callable[[ClientConnection], None],
        hear: Callable[[str], None],
    ) -> None:
        self._name = name
        self._address = address
        self._greet = greet
        self._hear = hear
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._tried = threading.Event()
        self._closed = threading.Event()
        self._connection: ClientConnection | None = None
        self._watch = secrets.token_hex(8)

    def begin(self) -> None:
        """Start to listen, once; wait a little for the first connection."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._run, name=f"push-{self._name}", daemon=True
                )
                self._thread.start()
        self._tried.wait(FIRST_CONNECT_SECONDS)

    @property
    def watch(self) -> str:
        """A word that stays the same as long as nothing can have been missed."""
        with self._lock:
            return self._watch

    @property
    def connected(self) -> bool:
        """Whether the host is listened to now."""
        with self._lock:
            return self._connection is not None

    def lost_memory(self) -> None:
        """What lies behind the host has forgotten: begin another watch."""
        with self._lock:
            self._watch = secrets.token_hex(8)

    def close(self) -> None:
        """End the connection and its thread."""
        self._closed.set()
        with self._lock:
            connection, thread = self._connection, self._thread
        if connection is not None:
            connection.close()  # which ends the loop that listens
        if thread is not None:
            thread.join(timeout=PING_SECONDS)

    def _run(self) -> None:
        backoff = Backoff(steady_seconds, RETRY_FIRST_SECONDS, RETRY_MOST_SECONDS)
        while not self._closed.is_set():
            try:
                with connect(
                    self._address(),
                    proxy=None,
                    compression=None,
                    open_timeout=PING_SECONDS,
                    ping_interval=PING_SECONDS,
                    ping_timeout=PING_SECONDS,
                    close_timeout=1,
                    max_size=MESSAGE_BYTES,
                ) as connection:
                    self._greet(connection)
                    backoff.worked()
                    self._listen(connection)
            except (OSError, WebSocketException, DriverFault, ValueError, LookupError) as fault:
                # The last two: what was said is not what this host says.
                log.debug("%s: no push: %s", self._name, fault)
            self._tried.set()
            backoff.failed()
            while not backoff.ready and not self._closed.wait(0.1):
                pass

    def _listen(self, connection: ClientConnection) -> None:
        self._change(connection)
        self._tried.set()
        try:
            for message in connection:
                self._hear(message if isinstance(message, str) else message.decode())
        finally:
            self._change(None)

    def _change(self, connection: ClientConnection | None) -> None:
        with self._lock:
            self._connection = connection
            self._watch = secrets.token_hex(8)
