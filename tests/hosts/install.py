"""Install the printer hosts that are put on trial, each in an environment of its own.

``python -m tests.hosts.install [name ...]``; without a name, all. They are programs under the
GPL and the AGPL: they run as processes of their own and are never imported. Each is pinned with
its hashes in ``<name>.lock``; an environment that fits its lock is left as it is.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.hosts.rig import HostMissing

_HERE = Path(__file__).parent
_ROOT = _HERE.parents[1]
# A place to share between checkouts, for those who have several.
HOSTS = Path(os.environ.get("PARTS3D_HOSTS_FOLDER") or _ROOT / ".make" / "printer-hosts")
LOCKS = {path.stem: path for path in sorted(_HERE.glob("*.lock"))}
# These bring C code along that newer Pythons no longer compile; uv fetches this one if need be.
PYTHON = "3.11"


def program(host: str, name: str) -> Path:
    """Return the path of an installed host's program.

    Raises:
        HostMissing: it is not installed, or not as its lock says.
    """
    path = HOSTS / host / "bin" / name
    if not path.exists() or not _fits(host):
        raise HostMissing(f"{host} is not installed as its lock says; make test-hosts installs it.")
    return path


def install(host: str) -> None:
    """Install one host, unless it is there as its lock says.

    Raises:
        HostMissing: it cannot be installed; the message says why and what helps.
    """
    if _fits(host):
        return
    print(f"Installing {host} for the tests of its driver ...", flush=True)  # noqa: T201
    folder = HOSTS / host
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    uv = shutil.which("uv")
    python = str(folder / "bin" / "python")
    lock = ["--require-hashes", "-r", str(LOCKS[host])]
    if uv:
        steps = [
            [uv, "venv", "-q", "--python", PYTHON, str(folder)],
            [uv, "pip", "install", "-q", "--python", python, *lock],
        ]
    else:
        steps = [
            [sys.executable, "-m", "venv", str(folder)],
            [python, "-m", "pip", "install", "-q", "--disable-pip-version-check", *lock],
        ]
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise HostMissing(
                f"{host} cannot be installed ({' '.join(step[:4])} ...):\n"
                f"{done.stderr.strip()[-1500:]}\n"
                f"It wants Python {PYTHON}, its headers and a C compiler (Debian: apt install "
                "python3-dev python3-venv gcc), and a way to the package index."
            )
    (folder / "lock.sha256").write_text(_digest(host))


def _fits(host: str) -> bool:
    stamp = HOSTS / host / "lock.sha256"
    return stamp.exists() and stamp.read_text() == _digest(host)


def _digest(host: str) -> str:
    return hashlib.sha256(LOCKS[host].read_bytes()).hexdigest()


def main(names: list[str]) -> int:
    """Install what is named; return how many could not be."""
    missing = 0
    for host in names or LOCKS:
        try:
            install(host)
        except HostMissing as fault:
            print(fault, file=sys.stderr)  # noqa: T201
            missing += 1
    return missing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
