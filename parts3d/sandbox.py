"""Run a program that we do not trust with our memory, our time or our environment.

The program gets an almost empty environment, one folder of its own, no network where the
kernel allows it, and limits on CPU seconds, wall-clock seconds, file size and resident
memory. Memory is bound by watching the resident size (Linux), not the address space: Node
reserves gigabytes that it never touches and dies under ``ulimit -v``. The whole process
group is killed at the end, whatever happened, and the kernel kills the program if we die.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from parts3d.errors import Unavailable

Reason = Literal["missing", "wall_time", "cpu_time", "memory", "file_size", "crashed", "refused"]

_LAUNCHER = Path(__file__).with_name("sandbox_launch.py")
_PAGE_BYTES = resource.getpagesize()
_NOT_STARTED = 127


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use. ``rss_bytes`` counts the program and its children."""

    wall_seconds: float = 120.0
    cpu_seconds: int = 120
    rss_bytes: int = 1024 * 1024 * 1024
    file_bytes: int = 256 * 1024 * 1024
    kept_output_bytes: int = 64 * 1024
    nice: int = 5


@dataclass(frozen=True, slots=True)
class Finished:
    """A program that ended by itself with exit code 0."""

    stdout: str
    stderr: str
    wall_seconds: float
    peak_rss_bytes: int


class ProgramFailed(Unavailable):
    """A program did not end well; ``reason`` says how, ``stderr`` holds its last words."""

    kind = "program_failed"

    def __init__(self, message: str, *, reason: Reason, stderr: str = "") -> None:
        super().__init__(message, code=f"program_{reason}")
        self.reason = reason
        self.stderr = stderr


def run(
    argv: Sequence[str],
    *,
    folder: Path,
    limits: Limits | None = None,
    environment: Mapping[str, str] | None = None,
) -> Finished:
    """Run a program in ``folder`` and wait for its end.

    Args:
        argv: the program's absolute path and its arguments.
        folder: its working folder, home and place for temporary files; the caller owns it.
        limits: what it may use.
        environment: variables besides PATH, HOME, TMPDIR and LANG.

    Raises:
        ProgramFailed: it is missing, crashed, ended with another code than 0, or passed a
            limit. Nothing of it runs any more by then.
    """
    limits = limits or Limits()
    name = Path(argv[0]).name
    order = {
        "argv": list(argv),
        "limits": {
            "parent_pid": os.getpid(),
            "cpu_seconds": limits.cpu_seconds,
            "file_bytes": limits.file_bytes,
            "nice": limits.nice,
        },
    }
    clean = {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        **(environment or {}),
    }
    out_path, err_path = folder / ".stdout", folder / ".stderr"
    started = time.monotonic()
    with out_path.open("wb") as out, err_path.open("wb") as err:
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCHER), json.dumps(order)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            env=clean,
            cwd=folder,
            start_new_session=True,
            close_fds=True,
        )
        try:
            peak, stopped = _watch(process, started, limits)
        finally:
            # The group, also after a good end: a child of the program may have stayed.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    stderr = _tail(err_path, limits.kept_output_bytes)
    if stopped is None and process.returncode == 0:
        wall = time.monotonic() - started
        return Finished(_tail(out_path, limits.kept_output_bytes), stderr, wall, peak)
    raise _failure(name, stopped, process.returncode, limits, stderr)


def _watch(
    process: subprocess.Popen[bytes], started: float, limits: Limits
) -> tuple[int, Reason | None]:
    """Wait for the end or for a limit; return the peak resident size and the limit passed."""
    peak = 0
    while True:
        try:
            process.wait(timeout=0.05)
        except subprocess.TimeoutExpired:
            peak = max(peak, _resident_bytes(process.pid))
            if peak > limits.rss_bytes:
                return peak, "memory"
            if time.monotonic() - started > limits.wall_seconds:
                return peak, "wall_time"
        else:
            return peak, None


def _resident_bytes(pid: int) -> int:
    """Resident size of a process and its descendants; 0 where there is no /proc."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError, ValueError):
        return 0
    return pages * _PAGE_BYTES + sum(_resident_bytes(int(child)) for child in children)


def _tail(path: Path, size: int) -> str:
    """Return the last bytes of an output file as text."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read().decode("utf-8", "replace")


def _failure(
    name: str, stopped: Reason | None, code: int, limits: Limits, stderr: str
) -> ProgramFailed:
    """Say in words how a program ended."""
    last = _last_line(stderr)
    reason, words = stopped, ""
    if stopped == "memory":
        words = f"used more than {limits.rss_bytes // 1_000_000} MB of memory and was stopped"
    elif stopped == "wall_time":
        words = f"did not end within {limits.wall_seconds:g} s and was stopped"
    elif code in (-signal.SIGXCPU, -signal.SIGKILL):
        # At the hard CPU limit the kernel sends SIGKILL; so it does when memory runs out.
        reason = "cpu_time"
        words = (
            f"was killed: more than {limits.cpu_seconds} s of CPU time, "
            "or the machine ran out of memory"
        )
    elif code == -signal.SIGXFSZ:
        reason = "file_size"
        words = f"wrote a file of more than {limits.file_bytes // 1_000_000} MB"
    elif code < 0:
        reason, words = "crashed", f"crashed with signal {_signal_name(-code)}{last}"
    elif code == _NOT_STARTED:
        reason, words = "missing", f"cannot be started{last}"
    else:
        reason, words = "refused", f"ended with exit code {code}{last}"
    return ProgramFailed(f"{name} {words}.", reason=reason or "crashed", stderr=stderr)


def _last_line(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f": {lines[-1][:300].rstrip('.')}" if lines else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
