"""The printer's disk, by implicit FTPS. A "226 complete" is not believed: SIZE decides."""

import contextlib
import ftplib
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from printer_agents.config import BambuOptions
from printer_agents.drivers.bambu_tls import CertificateChanged
from printer_agents.errors import PrinterOffline, PrinterRefused, UploadCorrupt

USER = "bblp"
CHUNK_BYTES = 32 * 1024
# These printers may never answer the end of a TLS stream.
GOODBYE_SECONDS = 3.0
NOT_THERE = "550"

Done = TypeVar("Done")


class ImplicitFtps(ftplib.FTP_TLS):
    """FTP within TLS from the first byte; data connections go on with the same TLS session."""

    def __init__(self, context: ssl.SSLContext, seconds: float) -> None:
        super().__init__(context=context, timeout=seconds)
        self._data_seconds = seconds

    def open(self, host: str, port: int, data_seconds: float) -> None:
        """Connect; ``data_seconds`` is how long a transfer may stand still."""
        self.host, self.port = host, port
        plain = socket.create_connection((host, port), self.timeout)
        self.af = plain.family
        self.sock = self.context.wrap_socket(plain)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        self._data_seconds = data_seconds

    def ntransfercmd(
        self, cmd: str, rest: int | str | None = None
    ) -> tuple[socket.socket, int | None]:
        """Open a data connection within the session of the control connection."""
        plain, size = super(ftplib.FTP_TLS, self).ntransfercmd(cmd, rest)
        plain.settimeout(self._data_seconds)
        control: Any = self.sock
        return self.context.wrap_socket(plain, session=control.session), size

    def store(self, name: str, source: BinaryIO) -> None:
        """Send a file. Whether it arrived is not known from here: ask for its size."""
        self.voidcmd("TYPE I")
        with self.transfercmd(f"STOR {name}") as data:
            while chunk := source.read(CHUNK_BYTES):
                data.sendall(chunk)
            _say_goodbye(data)
        # Some answer 426 to a file that is whole, and 226 to one that is not.
        with contextlib.suppress(ftplib.error_temp):
            self.voidresp()

    def fetch(self, name: str, target: BinaryIO) -> None:
        """Fetch a file; whether it is whole is seen by its hash."""
        self.voidcmd("TYPE I")
        with self.transfercmd(f"RETR {name}") as data:
            while chunk := data.recv(CHUNK_BYTES):
                target.write(chunk)
            _say_goodbye(data)
        with contextlib.suppress(ftplib.error_temp):
            self.voidresp()


class Disk:
    """Files on the printer. Each call is a connection of its own: the printer has few."""

    def __init__(self, options: BambuOptions, context: ssl.SSLContext) -> None:
        self._options = options
        self._context = context

    def put(self, path: Path, name: str) -> int | None:
        """Send a file and return the size that lies there now."""

        def send(ftps: ImplicitFtps) -> None:
            with path.open("rb") as source:
                ftps.store(name, source)

        with contextlib.suppress(_Broken):
            self._with_connection(send)
        return self.size(name)

    def size(self, name: str) -> int | None:
        """Return the size of a file, or None when it is not there."""

        def ask(ftps: ImplicitFtps) -> int | None:
            ftps.voidcmd("TYPE I")
            return ftps.size(name)

        try:
            return self._with_connection(ask)
        except _Broken as fault:
            raise PrinterOffline(str(fault)) from fault

    def fetch(self, name: str, target: Path) -> bool:
        """Fetch a file back; False when the printer does not hand it out whole."""

        def read(ftps: ImplicitFtps) -> bool:
            with target.open("wb") as file:
                ftps.fetch(name, file)
            return True

        try:
            return bool(self._with_connection(read))
        except _Broken:
            return False

    def delete(self, name: str) -> None:
        """Remove a file; a missing one is fine."""
        try:
            self._with_connection(lambda ftps: ftps.delete(name))
        except _Broken as fault:
            raise PrinterOffline(str(fault)) from fault

    def _with_connection(self, work: Callable[[ImplicitFtps], Done]) -> Done | None:
        """Do something in one connection; None when the file is not there.

        Raises:
            PrinterOffline: it does not answer, or is somebody else.
            PrinterRefused: the access code is wrong.
            _Broken: it broke off on the way.
        """
        options = self._options
        ftps = ImplicitFtps(self._context, options.request_seconds)
        address = f"{options.host}:{options.ftps_port}"
        try:
            ftps.open(options.host, options.ftps_port, options.upload_seconds)
            ftps.login(USER, options.access_code)
            ftps.prot_p()
        except CertificateChanged as fault:
            ftps.close()
            raise PrinterOffline(f"The disk at {address} is not trusted: {fault}.") from fault
        except ftplib.error_perm as fault:
            ftps.close()
            raise PrinterRefused(
                f"The disk at {address} does not accept the access code: read it from the "
                "printer's screen (Settings, LAN only mode)."
            ) from fault
        except ftplib.all_errors as fault:
            ftps.close()
            raise PrinterOffline(
                f"The disk at {address} does not answer ({_short(fault)})."
            ) from fault
        try:
            return work(ftps)
        except ftplib.error_perm as fault:
            if str(fault).startswith(NOT_THERE):
                return None
            raise UploadCorrupt(f"The printer's disk refuses: {_short(fault)}.") from fault
        except ftplib.all_errors as fault:
            raise _Broken(f"The disk at {address} broke off ({_short(fault)}).") from fault
        finally:
            with contextlib.suppress(*ftplib.all_errors):
                if ftps.sock is not None:
                    ftps.sock.settimeout(GOODBYE_SECONDS)
                ftps.quit()
            ftps.close()


class _Broken(Exception):
    """A transfer that ended midway."""


def _say_goodbye(data: socket.socket) -> None:
    """End a TLS stream in order, but do not wait long for the printer to do the same."""
    if isinstance(data, ssl.SSLSocket):
        data.settimeout(GOODBYE_SECONDS)
        with contextlib.suppress(OSError):
            data.unwrap()


def _short(fault: BaseException) -> str:
    return (str(fault) or type(fault).__name__).strip().rstrip(".")[:120]
