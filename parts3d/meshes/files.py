"""Model files on a disk: find them, read them within limits, and check many side by side."""

import glob
import hashlib
import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import partial
from pathlib import Path
from time import perf_counter

from parts3d.errors import Unreadable
from parts3d.meshes.check import Question
from parts3d.meshes.formats.stl import HEADER_BYTES, is_binary, read_binary_blocks
from parts3d.meshes.isolation.sandbox import check_in_child
from parts3d.meshes.mesh import MM_PER_UNIT, Mesh, Unit
from parts3d.meshes.reader import DEFAULT_LIMITS, needs_child
from parts3d.meshes.report import (
    Examined,
    FileReport,
    Reading,
    examine,
    examine_read,
    unreadable_report,
)

SUFFIXES = frozenset({".stl", ".3mf", ".obj", ".step", ".stp"})


def find_files(names: Sequence[str]) -> list[Path]:
    """Return the files meant, each once: folders are searched, patterns filled in."""
    found: dict[Path, None] = {}
    for name in names:
        path = Path(name)
        if path.is_dir():
            inside = (entry for entry in path.rglob("*") if entry.suffix.lower() in SUFFIXES)
            found.update(dict.fromkeys(sorted(entry for entry in inside if entry.is_file())))
        elif not path.exists() and glob.has_magic(name):
            found.update(dict.fromkeys(map(Path, sorted(glob.glob(name, recursive=True)))))  # noqa: PTH207 - a pattern may be absolute, which Path.glob refuses
        else:
            found[path] = None
    return list(found)


def read_file(path: Path) -> bytes:
    """Read a file once its size was looked at.

    Raises:
        Unreadable: there is no such file, it is too large, or it cannot be opened.
    """
    _look_at_size(path)
    try:
        return path.read_bytes()
    except OSError as error:
        raise _cannot_open(error) from error


def read_binary_stl(
    path: Path, *, unit: Unit | None = None, on_block: Callable[[memoryview], object] = len
) -> Mesh | None:
    """Read a binary STL a block at a time, so that no second copy of it is in memory.

    Args:
        path: the file.
        unit: what a person said that one unit is; None takes millimetres.
        on_block: called with all the file's bytes in turn, to hash them.

    Returns:
        The mesh; None for a file of another kind.

    Raises:
        Unreadable: as ``read_file`` and ``reader.read`` do.
    """
    _look_at_size(path)
    try:
        with path.open("rb", buffering=0) as file:
            head = memoryview(file.read(HEADER_BYTES))
            if not is_binary(head, os.fstat(file.fileno()).st_size):
                return None
            on_block(head)
            scale = MM_PER_UNIT[unit or "mm"]
            corners = read_binary_blocks(file, head, DEFAULT_LIMITS, scale, on_block)
    except OSError as error:
        raise _cannot_open(error) from error
    return Mesh(corners, "stl_binary")


def _look_at_size(path: Path) -> None:
    if not path.is_file():
        raise Unreadable("There is no such file. Check its name.", code="no_such_file")
    size = path.stat().st_size
    if size > DEFAULT_LIMITS.max_bytes:
        raise Unreadable(
            f"The file has {size} bytes; at most {DEFAULT_LIMITS.max_bytes} are read. "
            "Export it with a coarser resolution.",
            code="too_many_bytes",
        )


def _cannot_open(error: OSError) -> Unreadable:
    return Unreadable(
        f"The file cannot be opened: {error.strerror}. Check its permissions.",
        code="cannot_open",
    )


class _Hash:
    """The SHA-256 of blocks, and the seconds it took, which are no part of reading."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()
        self.seconds = 0.0

    def update(self, block: memoryview) -> None:
        began = perf_counter()
        self._sha256.update(block)
        self.seconds += perf_counter() - began

    def hexdigest(self) -> str:
        return self._sha256.hexdigest()


def _examine_binary_stl(path: Path, *, unit: Unit | None, question: Question) -> Examined | None:
    """Read and check a binary STL block by block; None for a file of another kind."""
    began = perf_counter()
    sha256 = _Hash()
    mesh = read_binary_stl(path, unit=unit, on_block=sha256.update)
    if mesh is None:
        return None
    seconds = perf_counter() - began
    reading = Reading(mesh, sha256.hexdigest(), seconds - sha256.seconds, seconds)
    del mesh
    return examine_read(str(path), reading, unit=unit, question=question)


def examine_file(path: Path, *, unit: Unit | None, question: Question) -> Examined:
    """Read and check a file in this process; ``Unreadable`` where the gate refuses it."""
    return _examine_binary_stl(path, unit=unit, question=question) or examine(
        str(path), read_file(path), unit=unit, question=question
    )


def check_file(path: Path, *, unit: Unit | None, question: Question) -> FileReport:
    """Check a file; one that cannot be read gets a report as well."""
    began = perf_counter()
    try:
        if examined := _examine_binary_stl(path, unit=unit, question=question):
            return examined.report
        data = read_file(path)
        if needs_child(data):
            del data
            return _check_apart(path, unit=unit, question=question)
        return examine(str(path), data, unit=unit, question=question).report
    except Unreadable as refusal:
        return unreadable_report(
            str(path),
            refusal,
            sha256=_sha256_of(path),
            elapsed_ms=1000 * (perf_counter() - began),
        )


def _sha256_of(path: Path) -> str | None:
    """Hash a file that was refused, where it can be read at all."""
    try:
        return hashlib.sha256(read_file(path)).hexdigest()
    except Unreadable:
        return None


def _check_apart(path: Path, *, unit: Unit | None, question: Question) -> FileReport:
    """Check a file in a child of its own, whose end is an ordinary refusal."""
    began = perf_counter()
    data = b""
    try:
        data = read_file(path)
        return check_in_child(
            data, name=str(path), unit=unit, question=question, limits=DEFAULT_LIMITS
        )
    except Unreadable as refusal:
        return unreadable_report(
            str(path),
            refusal,
            sha256=hashlib.sha256(data).hexdigest() if data else None,
            elapsed_ms=1000 * (perf_counter() - began),
        )


def check_files(
    paths: Sequence[Path], *, unit: Unit | None, question: Question, processes: int | None = None
) -> Iterator[FileReport]:
    """Yield a report for each file, in their order.

    Args:
        paths: the files.
        unit: the unit a person gave.
        question: what they are checked for.
        processes: how many work side by side; None: as many as there are processors. One file
            is checked in this process.
    """
    check = partial(check_file, unit=unit, question=question)
    workers = min(processes or os.cpu_count() or 1, len(paths))
    if workers <= 1:
        yield from map(check, paths)
        return
    # Not forked from here: a copy of a process with threads waits for ever for a lock that one of
    # them held. A server without threads reads the libraries once and forks the workers.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_leave_ctrl_c_to_parent)
    try:
        tasks = [pool.submit(check, path) for path in paths]
        for path, task in zip(paths, tasks, strict=True):
            yield _result(task, path, unit=unit, question=question)
    except BaseException:
        for worker in multiprocessing.active_children():
            worker.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _result(
    task: Future[FileReport], path: Path, *, unit: Unit | None, question: Question
) -> FileReport:
    try:
        return task.result()
    except BrokenProcessPool:  # a worker was killed, perhaps by this very file
        return _check_apart(path, unit=unit, question=question)


def _leave_ctrl_c_to_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
