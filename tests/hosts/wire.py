"""The network between agent and host, which a test may cut or slow down: a TCP relay."""

import contextlib
import secrets
import socket
import threading
import time

CHUNK_BYTES = 65_536
_LOWEST_PORT, _OUTGOING_FROM = 10_000, 32_768


class Wire:
    """Relays a port of its own to a host's port, bytes as they are."""

    def __init__(self, host_port: int) -> None:
        self._host_port = host_port
        self._listener: socket.socket | None = None
        self._sockets: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.delay_seconds = 0.0  # before each answer of the host
        self.port = free_port()
        self.mend()

    def cut(self) -> None:
        """Refuse connections, and break those that are open."""
        with self._lock:
            listener, self._listener = self._listener, None
            broken, self._sockets = self._sockets, set()
        for end in [listener, *broken]:
            if end is not None:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()

    def mend(self) -> None:
        """Carry again, without delay."""
        self.delay_seconds = 0.0
        if self._listener is not None:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(64)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(("127.0.0.1", self._host_port), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            with self._lock:
                if self._listener is not listener:
                    near.close()
                    far.close()
                    return
                self._sockets |= {near, far}
            threading.Thread(target=self._carry, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(far, near, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, answers: bool) -> None:  # noqa: FBT001
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK_BYTES):
                if answers and self.delay_seconds:
                    time.sleep(self.delay_seconds)
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        with self._lock:
            self._sockets -= {source, target}


def free_port() -> int:
    """Return a port that nobody listens on just now, nor any outgoing connection will take.

    Linux takes those from 32,768 on: a host that restarts finds its port as it left it.
    """
    while True:
        port = _LOWEST_PORT + secrets.randbelow(_OUTGOING_FROM - _LOWEST_PORT)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
