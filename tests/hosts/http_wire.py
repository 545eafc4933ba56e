"""The network between an agent and a host that speaks HTTP: it can be cut, slowed and lose things.

A proxy on loopback, one thread a connection, one request a connection; a websocket is let
through byte by byte.
"""

import contextlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field

_CHUNK = 64 * 1024
_HEAD_END = b"\r\n\r\n"


@dataclass
class _Troubles:
    slow_seconds: float = 0.0
    muted: bool = False
    # Requests ("METHOD /path") that meet with something, once.
    lose_answer: re.Pattern[str] | None = None
    swallow: re.Pattern[str] | None = None
    damage: re.Pattern[str] | None = None


@dataclass
class _Request:
    line: str
    head: bytes
    body: bytes
    upgrade: bool = field(default=False)


class HttpWire:
    """Listens on a port of its own from the start, and passes on to the host's port."""

    def __init__(self, host_port: int) -> None:
        self.host_port = host_port
        self._troubles = _Troubles()
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        self._cut = False
        self._closed = False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        """The address that the agent is told."""
        return f"http://127.0.0.1:{self.port}"

    def cut(self) -> None:
        """Break every connection; new ones are broken at once."""
        self._cut = True
        self._break_all()

    def slow_down(self, seconds: float) -> None:
        """Hold every answer back for so long."""
        self._troubles.slow_seconds = seconds

    def mute(self) -> None:
        """Let nothing more come through the websockets that are open; they stay open."""
        self._troubles.muted = True

    def mend(self) -> None:
        """Undo ``cut``, ``slow_down`` and ``mute``, and forget what was to be lost."""
        if self._troubles.muted:
            self._break_all()  # what was lost in between cannot come later
        self._cut = False
        self._troubles = _Troubles()

    def lose_answer(self, request: str) -> None:
        """Pass the next such request ("METHOD /path", a pattern) on, and lose its answer."""
        self._troubles.lose_answer = re.compile(request)

    def swallow(self, request: str) -> None:
        """Lose the next such request."""
        self._troubles.swallow = re.compile(request)

    def damage(self, request: str) -> None:
        """Change a byte in the middle of the next such request's body."""
        self._troubles.damage = re.compile(request)

    def close(self) -> None:
        """Listen no more."""
        self._closed = True
        self._server.close()
        self._break_all()

    def _break_all(self) -> None:
        with self._lock:
            for end in self._open:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while not self._closed:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with self._keeping(client), contextlib.suppress(OSError):
            if self._cut:
                return
            request = _read_request(client)
            if request is None or self._struck(request.line, "swallow"):
                return
            lost = self._struck(request.line, "lose_answer")
            body = request.body
            if self._struck(request.line, "damage"):
                middle = len(body) // 2
                body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
            upstream = socket.create_connection(("127.0.0.1", self.host_port), timeout=60)
            with self._keeping(upstream):
                upstream.settimeout(None)
                upstream.sendall(request.head + body)
                if request.upgrade:
                    threading.Thread(target=_pump, args=(client, upstream), daemon=True).start()
                    self._pump_back(upstream, client)
                    return
                answer = _read_all(upstream)
                time.sleep(self._troubles.slow_seconds)
                if not lost and not self._cut:
                    client.sendall(answer)

    def _struck(self, line: str, trouble: str) -> bool:
        with self._lock:
            pattern: re.Pattern[str] | None = getattr(self._troubles, trouble)
            if pattern is None or not pattern.search(line):
                return False
            setattr(self._troubles, trouble, None)
            return True

    def _pump_back(self, upstream: socket.socket, client: socket.socket) -> None:
        troubles = self._troubles
        with contextlib.suppress(OSError):
            while data := upstream.recv(_CHUNK):
                if not troubles.muted:
                    client.sendall(data)
        with contextlib.suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)

    @contextlib.contextmanager
    def _keeping(self, end: socket.socket):  # type: ignore[no-untyped-def] # noqa: ANN202
        with self._lock:
            self._open.add(end)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(end)
            end.close()


def _read_request(client: socket.socket) -> _Request | None:
    """Read one whole request, and ask in it for one answer only."""
    data = b""
    while _HEAD_END not in data:
        if not (more := client.recv(_CHUNK)):
            return None
        data += more
    head, _, body = data.partition(_HEAD_END)
    lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
    method, path, _ = lines[0].split(" ", 2)
    upgrade = headers.get("upgrade", "").lower() == "websocket"
    if not upgrade:
        kept = [x for x in lines if not x.lower().startswith("connection:")]
        head = "\r\n".join([*kept, "Connection: close"]).encode("latin-1")
    wanted = int(headers.get("content-length", "0"))
    chunked = headers.get("transfer-encoding", "").lower() == "chunked"
    while len(body) < wanted or (chunked and not body.endswith(b"0" + _HEAD_END)):
        if not (more := client.recv(_CHUNK)):
            return None
        body += more
    return _Request(f"{method} {path}", head + _HEAD_END, body, upgrade)


def _read_all(upstream: socket.socket) -> bytes:
    parts = []
    while data := upstream.recv(_CHUNK):
        parts.append(data)
    return b"".join(parts)


def _pump(source: socket.socket, target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(_CHUNK):
            target.sendall(data)
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)
