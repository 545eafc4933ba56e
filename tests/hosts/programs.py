"""Host programs as processes of their own: started, waited for, killed, and never left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import httpx

from tests.hosts.rig import HostMissing

# A process tied to ours: when the tests die, however they die, it dies too.
_TIED = Path(__file__).parents[2] / "parts3d" / "embedded" / "child.py"


class Program:
    """One program of a host, with its words in a log file."""

    def __init__(self, words: Sequence[str | Path], folder: Path, log: Path) -> None:
        self._words = [str(word) for word in words]
        self._folder = folder
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it; a running one is left alone."""
        if self.runs:
            return
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-IS", str(_TIED), str(os.getpid()), *self._words],
                cwd=self._folder,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def runs(self) -> bool:
        """Whether it runs."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """SIGKILL it and what it has started."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Ask it to end; after a while, kill it."""
        self._end(signal.SIGTERM)

    def signal_fault(self) -> None:
        """Send SIGUSR1, by which a simulated part is told to fail."""
        if self._process is not None:
            os.kill(self._process.pid, signal.SIGUSR1)

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for attempt in (how, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, attempt)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=10)
                return

    def last_words(self) -> str:
        """Return the end of its log, for a message."""
        text = self._log.read_text(errors="replace") if self._log.exists() else ""
        return text[-1500:]


def wait_for(
    ready: Callable[[], bool], programs: Sequence[Program], what: str, seconds: float = 90.0
) -> None:
    """Wait until a host is ready.

    Raises:
        HostMissing: it ended, or is not ready in time; the message has its last words.
    """
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.HTTPError, OSError):
            if ready():
                return
        ended = [program for program in programs if not program.runs]
        if ended or time.monotonic() > deadline:
            words = "\n".join(program.last_words() for program in ended or programs)
            raise HostMissing(f"{what} does not get ready. Its last words:\n{words}")
        time.sleep(0.1)
