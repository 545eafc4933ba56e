"""Child processes that are started again when they die, and never outlive their parent."""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from parts3d.errors import Parts3dError

_log = logging.getLogger(__name__)

_CHILD = Path(__file__).with_name("child.py")
_FIRST_WAIT_SECONDS = 0.1
_LONGEST_WAIT_SECONDS = 10.0
_STEADY_SECONDS = 20.0
_LARGEST_LOG_BYTES = 10_000_000


def tied(command: Sequence[str]) -> list[str]:
    """Return the command wrapped so that its process dies with the one that starts it.

    The tie is to the *thread* that starts it: start it from one that lives as long.
    Use it for every program a child starts (a slicer under the worker, say).
    """
    return [sys.executable, "-IS", str(_CHILD), str(os.getpid()), *command]


@dataclass(frozen=True, slots=True)
class ChildSpec:
    """What to run.

    Args:
        name: unique in its supervisor; also the name of the log file.
        command: program and arguments.
        environment: variables added to the parent's own.
        ready: tells whether the child answers; None means as soon as it runs.
        prepare: run before each start (remove a stale socket, say).
        stop_seconds: how long it may take to end after SIGTERM before SIGKILL.
    """

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[], bool] | None = None
    prepare: Callable[[], None] | None = None
    stop_seconds: float = 5.0


class Child:
    """One child, kept alive by a thread of its own until it is stopped.

    The thread both starts and awaits the process: the parent-death signal follows the
    thread that started it, and waiting costs nothing.
    """

    def __init__(self, spec: ChildSpec, log_path: Path) -> None:
        self.spec = spec
        self.log_path = log_path
        self.starts = 0
        self.last_exit: int | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name=f"child {spec.name}", daemon=True)

    @property
    def pid(self) -> int | None:
        """Process id, or None between a death and the next start."""
        process = self._process
        return process.pid if process is not None and process.returncode is None else None

    def start(self) -> None:
        """Start it, and from now on again whenever it dies."""
        self._keeper.start()

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to the child alone; it will be started again."""
        with self._lock:
            if self._process is not None and self._process.returncode is None:
                self._process.send_signal(number)

    def stop(self) -> None:
        """End it and its whole process group: SIGTERM, then SIGKILL. Safe to call twice."""
        with self._lock:
            self._stopping.set()
            process = self._process
        if process is not None:
            _signal_group(process.pid, signal.SIGTERM)
            if self._keeper.is_alive():
                self._keeper.join(self.spec.stop_seconds)
            _signal_group(process.pid, signal.SIGKILL)
        if self._keeper.is_alive():
            self._keeper.join(self.spec.stop_seconds)

    def _keep(self) -> None:
        wait_seconds = _FIRST_WAIT_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                process = self._spawn()
            except (OSError, Parts3dError) as error:
                _log.error("%s cannot be started: %s", self.spec.name, error)
            else:
                if process is None:
                    return
                self.last_exit = process.wait()
                # What the dead child had started has nobody to answer to any more.
                _signal_group(process.pid, signal.SIGKILL)
            if self._stopping.is_set():
                return
            if time.monotonic() - began > _STEADY_SECONDS:
                wait_seconds = _FIRST_WAIT_SECONDS
            _log.warning(
                "%s ended (%s); started again in %.1f s, see %s",
                *(self.spec.name, self.last_exit, wait_seconds, self.log_path),
            )
            self._stopping.wait(wait_seconds)
            wait_seconds = min(wait_seconds * 2, _LONGEST_WAIT_SECONDS)

    def _spawn(self) -> subprocess.Popen[bytes] | None:
        if self.spec.prepare is not None:
            self.spec.prepare()
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        if self.log_path.exists() and self.log_path.stat().st_size > _LARGEST_LOG_BYTES:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        with self._lock, self.log_path.open("ab") as log:
            if self._stopping.is_set():
                return None
            self._process = subprocess.Popen(
                tied(self.spec.command),
                env={**os.environ, **self.spec.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # A session of its own: Ctrl-C reaches the parent only, which stops in order.
                start_new_session=True,
            )
            self.starts += 1
            return self._process


def _signal_group(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)
