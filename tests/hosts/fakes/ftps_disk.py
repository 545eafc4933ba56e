"""An implicit FTPS server over one folder, as printers have: small, and sometimes untrue.

Uploads may be cut short while the answer is "226 complete", as real ones do. A data connection
that does not go on with the control connection's TLS session is refused, as vsftpd does.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

USER = "bblp"
SECONDS = 60.0


class Disk:
    """Files in a folder, and what goes wrong with them."""

    def __init__(self, folder: Path, password: str) -> None:
        self.folder = folder
        self.password = password
        self.short_uploads = 0  # so many of the next uploads lose their end
        self.answers_426 = 0  # so many of the next whole uploads are called broken
        self.wants_session = True

    def path(self, name: str) -> Path:
        return self.folder / Path(name).name


def serve(disk: Disk, port: int, context: ssl.SSLContext) -> None:
    """Answer in threads of its own."""
    listener = socket.create_server(("127.0.0.1", port), backlog=32)

    def accept() -> None:
        while True:
            plain, _ = listener.accept()
            threading.Thread(target=_serve, args=(disk, plain, context), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


def _serve(disk: Disk, plain: socket.socket, context: ssl.SSLContext) -> None:
    plain.settimeout(SECONDS)
    with (
        contextlib.suppress(OSError),
        plain,
        context.wrap_socket(plain, server_side=True) as control,
    ):
        _Session(disk, control, context).run()


class _Session:
    """One client's connection."""

    def __init__(self, disk: Disk, control: ssl.SSLSocket, context: ssl.SSLContext) -> None:
        self._disk = disk
        self._control = control
        self._context = context
        self._allowed = False
        self._user = ""
        self._passive: socket.socket | None = None

    def run(self) -> None:
        self._say("220 printer")
        with self._control.makefile("r", encoding="utf-8", newline="\r\n") as lines:
            for line in lines:
                word, _, rest = line.strip().partition(" ")
                if word.upper() == "QUIT":
                    self._say("221 bye")
                    return
                self._do(word.upper(), rest)

    def _do(self, word: str, rest: str) -> None:
        if word == "USER":
            self._user = rest
            self._say("331 password")
        elif word == "PASS":
            self._allowed = (self._user, rest) == (USER, self._disk.password)
            self._say("230 welcome" if self._allowed else "530 login incorrect")
        elif not self._allowed:
            self._say("530 log in first")
        else:
            known: dict[str, Callable[[str], None]] = {
                "TYPE": lambda _: self._say("200 binary"),
                "PBSZ": lambda _: self._say("200 0"),
                "PROT": lambda _: self._say("200 private"),
                "PASV": self._pasv,
                "SIZE": self._size,
                "DELE": self._dele,
                "STOR": self._stor,
                "RETR": self._retr,
            }
            known.get(word, lambda _: self._say("502 not here"))(rest)

    def _pasv(self, _rest: str) -> None:
        self._passive = socket.create_server(("127.0.0.1", 0))
        self._passive.settimeout(SECONDS)
        high, low = divmod(self._passive.getsockname()[1], 256)
        self._say(f"227 passive (127,0,0,1,{high},{low})")

    def _size(self, name: str) -> None:
        path = self._disk.path(name)
        self._say(f"213 {path.stat().st_size}" if path.exists() else "550 no such file")

    def _dele(self, name: str) -> None:
        path = self._disk.path(name)
        if not path.exists():
            self._say("550 no such file")
            return
        path.unlink()
        self._say("250 gone")

    def _stor(self, name: str) -> None:
        with self._data() as data:
            if data is None:
                return
            body = bytearray()
            while chunk := data.recv(65_536):
                body += chunk
        if self._disk.short_uploads:
            self._disk.short_uploads -= 1
            del body[len(body) * 2 // 3 :]
        self._disk.path(name).write_bytes(body)
        if self._disk.answers_426:
            self._disk.answers_426 -= 1
            self._say("426 failure reading network stream")
        else:
            self._say("226 complete")

    def _retr(self, name: str) -> None:
        path = self._disk.path(name)
        if not path.exists():
            self._say("550 no such file")
            return
        with self._data() as data:
            if data is None:
                return
            data.sendall(path.read_bytes())
            with contextlib.suppress(OSError):
                data.unwrap()
        self._say("226 complete")

    @contextlib.contextmanager
    def _data(self):  # type: ignore[no-untyped-def] # noqa: ANN202
        assert self._passive is not None
        self._say("150 go")
        plain, _ = self._passive.accept()
        self._passive.close()
        plain.settimeout(SECONDS)
        with self._context.wrap_socket(plain, server_side=True) as data:
            if self._disk.wants_session and not data.session_reused:
                self._say("522 TLS session of the control connection wanted")
                yield None
            else:
                yield data

    def _say(self, line: str) -> None:
        self._control.sendall(f"{line}\r\n".encode())
