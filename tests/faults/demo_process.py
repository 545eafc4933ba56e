"""`parts3d demo` as its user runs it: a program of its own, in a folder of its own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_START_SECONDS = 120.0
ADDRESSES = 5


@dataclass
class Demo:
    """A running demo."""

    data_dir: Path
    process: subprocess.Popen[str]
    out: Path

    def lines(self) -> list[str]:
        """Return what it has written so far."""
        return self.out.read_text(encoding="utf-8").splitlines()

    @property
    def addresses(self) -> list[str]:
        """The last lines: the shop's address and four logins."""
        return self.lines()[-ADDRESSES:]

    @property
    def url(self) -> str:
        """The shop's address without its last slash."""
        return self.addresses[0].rstrip("/")

    @property
    def family(self) -> dict[int, str]:
        """Its processes, however deep, with their command lines."""
        return family_of(self.process.pid)

    def wait(self) -> None:
        """Wait until it has written its addresses.

        Raises:
            AssertionError: it ended, or took too long.
        """
        deadline = time.monotonic() + _START_SECONDS
        while sum(line.startswith("http") for line in self.lines()) < ADDRESSES:
            assert self.process.poll() is None, self.lines()
            assert time.monotonic() < deadline, self.lines()
            time.sleep(0.1)

    def interrupt(self) -> None:
        """Press Ctrl-C, impatiently, and wait for the end."""
        for _ in range(20):
            self.process.send_signal(signal.SIGINT)
        assert self.process.wait(30) == 0, self.lines()


@contextmanager
def demo(data_dir: Path, port: int) -> Iterator[Demo]:
    """Start a demo, and wait for its addresses; it is killed in the end if it still runs."""
    out = data_dir.with_suffix(".out")
    with out.open("w") as file:
        started = Demo(data_dir, start_demo(data_dir, port, file), out)
    try:
        started.wait()
        yield started
    finally:
        started.process.kill()
        started.process.wait()


def family_of(pid: int) -> dict[int, str]:
    """Return a process's children and theirs, with their command lines."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parents[int(folder.name)] = int(
                (folder / "stat").read_text().rpartition(")")[2].split()[1]
            )
    found: dict[int, str] = {}
    wanted = [pid]
    while wanted:
        parent = wanted.pop()
        for child in [one for one, its in parents.items() if its == parent]:
            with contextlib.suppress(OSError):
                command = Path(f"/proc/{child}/cmdline").read_bytes().replace(b"\0", b" ")
                found[child] = command.decode(errors="replace")
            wanted.append(child)
    return found


def start_demo(data_dir: Path, port: int, out: IO[str]) -> "subprocess.Popen[str]":
    """Start the program; what it says goes into a file, as if into a pipe."""
    command = [sys.executable, "-m", "parts3d", "demo"]
    return subprocess.Popen(
        [*command, "--data-dir", str(data_dir), "--port", str(port), "--speed", "600"],
        stdout=out,
        stderr=subprocess.DEVNULL,
        # Whatever happens to be on this machine: the engine that everybody has.
        env={**os.environ, "PARTS3D_SLICER": "cura", "PARTS3D_BROKER": "wheel"},
        text=True,
    )
