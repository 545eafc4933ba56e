"""A real mosquitto with TLS and passwords, as the one within a Bambu Lab printer."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

from tests.hosts.fakes.program import TIED
from tests.hosts.rig import HostMissing
from tests.hosts.wire import free_port

START_SECONDS = 20.0
# Debian puts it where only root looks.
PLACES = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def find_program(name: str) -> str:
    """Return where a program is, or say how it is had."""
    found = shutil.which(name) or shutil.which(name, path=PLACES)
    if found is None:
        package = "openssl" if name == "openssl" else "mosquitto"
        raise HostMissing(f"{name} is not installed. Install it (Debian: apt install {package}).")
    return found


def make_certificate(folder: Path) -> None:
    """Make a self-signed certificate and its key, once."""
    if (folder / "certificate.pem").exists():
        return
    subprocess.run(
        [
            *(find_program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes"),
            *("-days", "30", "-subj", "/CN=01P00A000000001"),
            *("-keyout", str(folder / "key.pem"), "-out", str(folder / "certificate.pem")),
        ],
        check=True,
        capture_output=True,
    )


class Broker:
    """One mosquitto."""

    def __init__(self, folder: Path, users: dict[str, str]) -> None:
        self.port = free_port()
        self._folder = folder
        self._users = users
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if self._process is not None and self._process.poll() is None:
            return
        program = find_program("mosquitto")
        make_certificate(self._folder)
        passwords = self._folder / "passwords"
        if not passwords.exists():
            passwords.touch(mode=0o600)
            for user, password in self._users.items():
                subprocess.run(
                    [find_program("mosquitto_passwd"), "-b", str(passwords), user, password],
                    check=True,
                    capture_output=True,
                )
        config = self._folder / "mosquitto.conf"
        config.write_text(
            f"listener {self.port} 127.0.0.1\n"
            f"certfile {self._folder / 'certificate.pem'}\n"
            f"keyfile {self._folder / 'key.pem'}\n"
            f"password_file {passwords}\n"
            "allow_anonymous false\n"
            "user root\n"
            "persistence false\n",
            encoding="utf-8",
        )
        with (self._folder / "mosquitto.log").open("ab") as log:
            tied = (sys.executable, "-IS", str(TIED), str(os.getpid()))
            self._process = subprocess.Popen(
                [*tied, program, "-c", str(config)], stdout=log, stderr=log
            )
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """SIGKILL."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None
