"""Files by strangers are read and checked in a child process that may do nothing else.

The child has next to no environment, a temporary folder of its own, limits on memory, processor
and clock, and dies with its parent. Whatever happens to it, the caller gets a report or a refusal.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from pydantic import ValidationError

import parts3d
from parts3d.errors import Unreadable
from parts3d.meshes.child import ANSWER_BYTES, ChildAnswer, ChildOrders
from parts3d.meshes.mesh import Unit, Vector
from parts3d.meshes.reader import UPLOAD_LIMITS, Limits
from parts3d.meshes.report import FileReport

DEFAULT_WALL_SECONDS = 30.0
DEFAULT_CPU_SECONDS = 20
DEFAULT_ADDRESS_SPACE_BYTES = 1_500_000_000


def check_in_child(
    data: bytes,
    *,
    name: str = "upload",
    unit: Unit | None = None,
    beds_mm: Sequence[Vector] = (),
    limits: Limits = UPLOAD_LIMITS,
    wall_seconds: float = DEFAULT_WALL_SECONDS,
    cpu_seconds: int = DEFAULT_CPU_SECONDS,
    address_space_bytes: int = DEFAULT_ADDRESS_SPACE_BYTES,
) -> FileReport:
    """Read and check a file that nobody vouches for, in a child process.

    Args:
        data: the upload.
        name: how the report calls it.
        unit: the unit a person gave, None if nobody did.
        beds_mm: printable x, y, z of each printer model.
        limits: caps of the gate.
        wall_seconds: the child is killed after so long.
        cpu_seconds: and after so much processor time.
        address_space_bytes: its virtual memory, libraries included (they take about 0.4 GB).

    Raises:
        Unreadable: the gate refused the file, or the child did not survive it.
    """
    if len(data) > limits.max_bytes:  # not worth a process
        raise Unreadable(
            f"The file has {len(data)} bytes; at most {limits.max_bytes} are read. "
            "Export it with a coarser resolution.",
            code="too_many_bytes",
            place=f"byte {limits.max_bytes}",
        )
    orders = ChildOrders(
        parent_pid=os.getpid(),
        name=name,
        unit=unit,
        beds_mm=tuple(beds_mm),
        max_bytes=limits.max_bytes,
        max_triangles=limits.max_triangles,
        max_line_bytes=limits.max_line_bytes,
        cpu_seconds=cpu_seconds,
        address_space_bytes=address_space_bytes,
    )
    code, answer = _run(orders, data, wall_seconds)
    if code != 0:
        raise _killed(code)
    try:
        result = ChildAnswer.model_validate_json(answer)
    except ValidationError:
        raise _killed(1) from None
    if result.refusal is not None:
        refusal = result.refusal
        raise Unreadable(refusal.message, code=refusal.code, place=refusal.place)
    if result.report is None:
        raise _killed(1)
    return result.report


def _run(orders: ChildOrders, data: bytes, wall_seconds: float) -> tuple[int, bytes]:
    """Run the child; its exit code (negative: the signal that ended it) and its answer."""
    with TemporaryDirectory(prefix="parts3d-check-") as folder:
        answer = Path(folder, "answer")
        environment = {
            "PYTHONPATH": str(Path(parts3d.__file__).parent.parent),
            "PYTHONDONTWRITEBYTECODE": "1",
            "TMPDIR": folder,
            "LANG": "C.UTF-8",
            # Each thread of a BLAS reserves address space; the check uses none of them.
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
        with answer.open("wb") as out:
            child = subprocess.Popen(
                [
                    sys.executable,
                    "-s",
                    "-P",
                    "-m",
                    "parts3d.meshes.child",
                    orders.model_dump_json(),
                ],
                stdin=subprocess.PIPE,
                stdout=out,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=environment,
                start_new_session=True,
            )
            with child:
                try:
                    child.communicate(data, timeout=wall_seconds)
                except subprocess.TimeoutExpired:
                    child.kill()
                    child.wait()
                    return -signal.SIGXCPU, b""
                except BaseException:
                    child.kill()
                    raise
        with answer.open("rb") as result:
            return child.returncode, result.read(ANSWER_BYTES)


def _killed(code: int) -> Unreadable:
    """Put into words how a child ended that gave no answer."""
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return Unreadable(
            "The check of this file took too long and was stopped. Export the model again with a "
            "coarser resolution.",
            code="check_took_too_long",
        )
    return Unreadable(
        "The check of this file stopped halfway; the file is damaged in an unusual way. Export "
        "the model again from the drawing program.",
        code="check_stopped",
    )
