"""A real mosquitto with TLS and passwords, as the one within a Bambu Lab printer."""

import shutil
import socket
import subprocess
from pathlib import Path

from tests.hosts.programs import Program, wait_for
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
        self._program: Program | None = None

    def start(self) -> None:
        if self._program is None:
            self._program = self._prepared()
        if not self._program.runs:
            self._program.start()
            wait_for(self._answers, [self._program], "mosquitto", START_SECONDS)

    def _answers(self) -> bool:
        socket.create_connection(("127.0.0.1", self.port), 1).close()
        return True

    def _prepared(self) -> Program:
        """Write its passwords and its configuration."""
        mosquitto = find_program("mosquitto")
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
        return Program([mosquitto, "-c", config], self._folder, self._folder / "mosquitto.log")

    def kill(self) -> None:
        """SIGKILL."""
        if self._program is not None:
            self._program.kill()
