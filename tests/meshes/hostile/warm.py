"""A warm child that checks many hostile files, one after the other, shut in like the real one.

``python -m tests.meshes.hostile.warm`` reads numbers of files, a line each, and answers each with
a line of JSON. ``Warm`` is the parent's side: it starts children and watches over their time.
"""

import contextlib
import json
import os
import resource
import select
import subprocess
import sys
import time
import traceback
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from parts3d.errors import Unreadable
from parts3d.meshes.isolation.child import ChildOrders, lock_up
from parts3d.meshes.isolation.sandbox import DEFAULT_CHILD_LIMITS
from parts3d.meshes.reader import UPLOAD_LIMITS
from parts3d.meshes.report import report
from tests.meshes.hostile.files import hostile_file

ROOT = Path(__file__).parents[3]
_MEGABYTE = 1_000_000
_LIMITS = replace(UPLOAD_LIMITS, allow_step=True)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file: ``read``, ``refused``, ``crashed``, ``wrong`` or ``killed``."""

    number: int
    kind: str
    outcome: str
    words: str = ""
    seconds: float = 0.0
    peak_mb: float = 0.0


def main() -> None:
    """Check files until there are no more."""
    out = os.fdopen(os.dup(1), "w")
    limits = DEFAULT_CHILD_LIMITS
    lock_up(
        ChildOrders(
            errand="",
            orders="",
            parent_pid=os.getppid(),
            cpu_seconds=100_000,
            address_space_bytes=limits.address_space_bytes,
            data_bytes=limits.resident_bytes - 32 * _MEGABYTE,
            file_bytes=_MEGABYTE,
        )
    )
    warnings.simplefilter("error", RuntimeWarning)
    for line in sys.stdin:
        out.write(json.dumps(asdict(check_one(int(line)))) + "\n")
        out.flush()


def check_one(number: int) -> Outcome:
    """Make a file, check it, and say what became of it."""
    file = hostile_file(number)
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from here
    began = time.perf_counter()
    try:
        found = report("hostile", file.data, limits=_LIMITS)
    except Unreadable as refusal:
        outcome, words = ("wrong" if file.must_be_read else "refused"), refusal.code
    except MemoryError:
        outcome, words = "refused", "check_needs_too_much_memory"
    except Exception:  # noqa: BLE001 - that is what we are looking for
        outcome, words = "crashed", traceback.format_exc()
    else:
        right = file.triangles is None or file.triangles == found.triangles
        outcome = "read" if right else "wrong"
        words = f"{found.triangles} read, {file.triangles} counted"
    return Outcome(number, file.kind, outcome, words, time.perf_counter() - began, _peak_mb())


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    for line in status.splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024 / _MEGABYTE
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / _MEGABYTE


class Warm:
    """Starts warm children as needed and asks them; a dead or late one is replaced."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._child: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def check(self, number: int) -> Outcome:
        """Have one file checked."""
        child = self._child or self._start()
        assert child.stdin
        assert child.stdout
        began = time.monotonic()
        child.stdin.write(f"{number}\n".encode())
        child.stdin.flush()
        if select.select([child.stdout], [], [], self._seconds)[0]:
            line = child.stdout.readline()
            if line:
                return Outcome(**json.loads(line))
            words = f"the child ended with {child.wait()}"
            self._child = None
            outcome = "crashed"
        else:
            outcome, words = "killed", f"no answer in {self._seconds:g} s"
        self._end()
        kind = hostile_file(number).kind
        return Outcome(number, kind, outcome, words, time.monotonic() - began)

    def _start(self) -> subprocess.Popen[bytes]:
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tests.meshes.hostile.warm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"PATH": "", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        )
        return self._child

    def _end(self) -> None:
        if self._child is not None:
            self._child.kill()
            with self._child:  # closes its pipes, too
                pass
            self._child = None


if __name__ == "__main__":
    main()
