"""The child of ``sandbox``: locks itself in, then reads one file from stdin and reports on it.

Run as ``python -m parts3d.meshes.child ORDERS``, with the orders as JSON. The limits are set here,
before a byte of the upload is read, because a ``preexec_fn`` is not safe in a threaded parent.
"""

import ctypes
import os
import resource
import signal
import sys

from pydantic import BaseModel, ConfigDict

from parts3d.errors import Unreadable
from parts3d.meshes.mesh import Unit, Vector
from parts3d.meshes.reader import Limits
from parts3d.meshes.report import FileReport, report

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER_AND_NET = 0x10000000 | 0x40000000
ANSWER_BYTES = 1_000_000


class ChildOrders(BaseModel):
    """What the parent wants checked, and the limits the child sets itself."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    parent_pid: int
    name: str
    unit: Unit | None
    beds_mm: tuple[Vector, ...]
    max_bytes: int
    max_triangles: int
    max_line_bytes: int
    cpu_seconds: int
    address_space_bytes: int


class Refusal(BaseModel):
    """An ``Unreadable`` on the wire."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    message: str
    place: str | None


class ChildAnswer(BaseModel):
    """Exactly one of the two is set."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    report: FileReport | None = None
    refusal: Refusal | None = None


def main() -> int:
    """Lock up, read, check, answer on stdout."""
    orders = ChildOrders.model_validate_json(sys.argv[1])
    _lock_up(orders)
    sys.stdout.write(_answer(orders).model_dump_json())
    return 0


def _lock_up(orders: ChildOrders) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != orders.parent_pid:  # the parent died before it could be watched
        raise SystemExit(1)
    # No network, where the kernel lets an ordinary process have a namespace of its own.
    libc.unshare(_CLONE_NEWUSER_AND_NET)
    for kind, soft in (
        (resource.RLIMIT_CPU, orders.cpu_seconds),
        (resource.RLIMIT_AS, orders.address_space_bytes),
        (resource.RLIMIT_FSIZE, ANSWER_BYTES),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (soft, soft))


def _answer(orders: ChildOrders) -> ChildAnswer:
    limits = Limits(orders.max_bytes, orders.max_triangles, orders.max_line_bytes)
    try:
        data = sys.stdin.buffer.read()
        return ChildAnswer(
            report=report(
                orders.name, data, unit=orders.unit, beds_mm=orders.beds_mm, limits=limits
            )
        )
    except Unreadable as refusal:
        return ChildAnswer(
            refusal=Refusal(code=refusal.code, message=refusal.message, place=refusal.place)
        )
    except MemoryError:
        return ChildAnswer(
            refusal=Refusal(
                code="check_needs_too_much_memory",
                message="The check of this file needs more memory than it may have. "
                "Export the model with a coarser resolution.",
                place=None,
            )
        )


if __name__ == "__main__":
    raise SystemExit(main())
