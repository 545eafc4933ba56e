"""Files by strangers are read and checked in a child process that may do nothing else.

The child has next to no environment, a folder of its own, limits on memory, processor and clock,
a filter on what it may ask the kernel for, and dies with its parent; where the machine has
bubblewrap, it sees no file but its own and its libraries'. Whatever happens to it, the caller gets
an answer or a refusal in words. Decision 0014 says why.
"""

import contextlib
import functools
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, Literal

from pydantic import ValidationError

import parts3d
from parts3d.errors import Unavailable, Unreadable
from parts3d.meshes.check import AS_IT_IS, Question
from parts3d.meshes.isolation import bubblewrap
from parts3d.meshes.isolation.child import ANSWER, INPUT, ORDERS, OUT, ChildAnswer, ChildOrders
from parts3d.meshes.isolation.child_folder import copy_kernels, environment_of
from parts3d.meshes.isolation.deaths import Death, by_exit_code, refusal
from parts3d.meshes.isolation.errands import CHECK, AnswerT, CheckOrders, Errand, OrdersT
from parts3d.meshes.isolation.watching import read_left, watch
from parts3d.meshes.mesh import Unit, Vector
from parts3d.meshes.reader import UPLOAD_LIMITS, Limits
from parts3d.meshes.report import FileReport

Isolation = Literal["best", "bubblewrap", "process"]

ANSWER_BYTES = 4_000_000
_LAST_WORDS_BYTES = 4000
# Resident, but no data: the code of Python and its libraries.
_CODE_BYTES = 32_000_000


@dataclass(frozen=True, slots=True)
class ChildLimits:
    """What a child may use; a mesh of 1 M triangles needs about half of each.

    ``resident_bytes`` is watched by the parent; the kernel refuses data beyond nearly as much, so
    that nothing can be allocated between two looks. ``address_space_bytes`` counts libraries too.
    The clock on the wall is generous: on a busy machine a sound file waits for its processor, and
    only a child that sleeps is to be ended by it.
    """

    wall_seconds: float = 60.0
    cpu_seconds: int = 10
    resident_bytes: int = 512 * 1024 * 1024
    address_space_bytes: int = 1_500_000_000


DEFAULT_CHILD_LIMITS = ChildLimits()


@dataclass(frozen=True, slots=True)
class ChildResult(Generic[AnswerT]):
    """What a child brought back: its answer, checked again, and the files it left, by name.

    ``resident_bytes`` is the most that was seen of it, 0 where it ended before the first look.
    """

    answer: AnswerT
    files: Mapping[str, bytes] = field(default_factory=dict)
    wall_seconds: float = 0.0
    resident_bytes: int = 0


def check_in_child(
    data: bytes,
    *,
    name: str = "upload",
    unit: Unit | None = None,
    beds_mm: Sequence[Vector] = (),
    question: Question = AS_IT_IS,
    limits: Limits = UPLOAD_LIMITS,
    child_limits: ChildLimits = DEFAULT_CHILD_LIMITS,
    isolation: Isolation = "best",
    on_stage: Callable[[str], None] | None = None,
) -> FileReport:
    """Read and check a file that nobody vouches for, in a child process.

    Args:
        data: the upload.
        name: how the report calls it.
        unit: the unit a person gave, None if nobody did.
        beds_mm: printable x, y, z of each printer model.
        question: what else it is checked for.
        limits: caps of the gate.
        child_limits: what the child may use.
        isolation: see ``run_in_child``.
        on_stage: is told what the child begins with: ``reading``, ``measuring``, ...

    Raises:
        Unreadable: the gate refused the file, or the child did not survive it.
        Unavailable: bubblewrap was asked for and does not work here.
    """
    if len(data) > limits.max_bytes:  # not worth a process
        raise Unreadable(
            f"The file has {len(data)} bytes; at most {limits.max_bytes} are read. "
            "Export it with a coarser resolution.",
            code="too_many_bytes",
            place=f"byte {limits.max_bytes}",
        )
    orders = CheckOrders(
        name=name,
        unit=unit,
        question=replace(question, beds_mm=tuple(beds_mm) or question.beds_mm),
        limits=limits,
    )
    result = run_in_child(
        CHECK, orders, data, limits=child_limits, isolation=isolation, on_stage=on_stage
    )
    return result.answer


def run_in_child(
    errand: Errand[OrdersT, AnswerT],
    orders: OrdersT,
    data: bytes,
    *,
    limits: ChildLimits = DEFAULT_CHILD_LIMITS,
    isolation: Isolation = "best",
    on_stage: Callable[[str], None] | None = None,
    visible: Sequence[Path] = (),
) -> ChildResult[AnswerT]:
    """Send a child on an errand with a file and wait for it.

    Args:
        errand: what to do.
        orders: how.
        data: the file.
        limits: what the child may use; beyond them it is killed.
        isolation: ``bubblewrap``; ``process``, without it; ``best``, with it where it works.
        on_stage: is told each stage as the child begins it; an error from it ends the child.
        visible: further folders with Python modules that the child may read.

    Raises:
        Unreadable: the errand refused the file, or the child did not survive it.
        Unavailable: bubblewrap was asked for and does not work here.
    """
    wrap = _bubblewrap(isolation)
    roots = [Path(parts3d.__file__).parent.parent, *visible]
    with TemporaryDirectory(prefix="parts3d-check-") as name:
        folder = Path(name)
        (folder / OUT).mkdir()
        (folder / INPUT).write_bytes(data)
        copy_kernels(len(data), folder)
        (folder / ORDERS).write_text(
            ChildOrders(
                errand=errand.at,
                orders=orders.model_dump_json(),
                parent_pid=None if wrap else os.getpid(),
                cpu_seconds=limits.cpu_seconds,
                address_space_bytes=limits.address_space_bytes,
                data_bytes=max(limits.resident_bytes - _CODE_BYTES, _CODE_BYTES),
                file_bytes=max([ANSWER_BYTES, *errand.files.values()]),
            ).model_dump_json(),
            encoding="utf-8",
        )
        words = [sys.executable, "-s", "-P", "-m", "parts3d.meshes.isolation.child", name]
        if wrap:
            seen = [Path(parts3d.__file__).parent, *visible]
            words = bubblewrap.command(wrap, folder=folder, visible=seen) + words
        watched = _run(words, folder, environment_of(folder, roots), limits, on_stage)
        if watched.death is not None:
            raise _refusal(watched.death, limits, folder)
        answer = _answer(errand, folder, limits)
        files = {
            file: content
            for file, most in errand.files.items()
            if (content := read_left(folder / OUT / file, most)) is not None
        }
    return ChildResult(answer, files, watched.wall_seconds, watched.resident_bytes)


@functools.cache
def bubblewrap_works() -> bool:
    """Whether this machine has bubblewrap and lets us use it; tried once, with a Python."""
    program = shutil.which("bwrap")
    if program is None:
        return False
    with TemporaryDirectory(prefix="parts3d-check-") as name:
        words = bubblewrap.command(Path(program), folder=Path(name), visible=[])
        try:
            tried = subprocess.run(
                [*words, sys.executable, "-ISc", "pass"],
                env={},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
    return tried.returncode == 0


def _bubblewrap(isolation: Isolation) -> Path | None:
    if isolation == "process":
        return None
    if bubblewrap_works():
        return Path(shutil.which("bwrap") or "bwrap")
    if isolation == "bubblewrap":
        raise Unavailable(
            "Uploads are to be checked inside bubblewrap, but it is not installed or may not be "
            "used here. Install it (Debian: apt install bubblewrap) or allow user namespaces.",
            code="no_bubblewrap",
        )
    return None


@dataclass(frozen=True, slots=True)
class _Watched:
    death: Death | None
    wall_seconds: float
    resident_bytes: int


def _run(
    words: Sequence[str],
    folder: Path,
    environment: Mapping[str, str],
    limits: ChildLimits,
    on_stage: Callable[[str], None] | None,
) -> _Watched:
    """Run the child to its end, whichever that is; nothing of it runs any more afterwards."""
    began = time.monotonic()
    with (
        (folder / "stderr").open("wb") as err,
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=err,
            cwd=folder,
            env=environment,
            start_new_session=True,
        ) as child,
    ):
        try:
            assert child.stdout is not None  # noqa: S101 - a pipe was asked for
            death, resident = watch(
                child.pid,
                child.stdout.fileno(),
                lambda: child.poll() is not None,
                until=began + limits.wall_seconds,
                resident_bytes=limits.resident_bytes,
                on_stage=on_stage,
            )
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    if death is None and child.returncode != 0:
        death = by_exit_code(child.returncode)
    return _Watched(death, time.monotonic() - began, resident)


def _answer(errand: Errand[OrdersT, AnswerT], folder: Path, limits: ChildLimits) -> AnswerT:
    """Return the answer that a child left; it is believed no more than the upload."""
    content = read_left(folder / OUT / ANSWER, ANSWER_BYTES)
    try:
        left = ChildAnswer.model_validate_json(content or b"")
        if left.refusal is None:
            return errand.answer.model_validate(left.answer or {}, strict=False)
    except ValidationError:
        raise _refusal(Death.CRASH, limits, folder) from None
    said = left.refusal
    raise Unreadable(said.message, code=said.code, place=said.place)


def _refusal(death: Death, limits: ChildLimits, folder: Path) -> Unreadable:
    """Return the refusal in words; the child's last words go with it, for the log."""
    why = refusal(death, limits.wall_seconds, limits.cpu_seconds)
    last_words = (folder / "stderr").read_bytes()[-_LAST_WORDS_BYTES:]
    why.__cause__ = RuntimeError(last_words.decode("utf-8", "replace"))
    return why
