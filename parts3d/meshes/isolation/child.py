"""The child of ``sandbox``: locks itself in, then does one errand with one file.

Run as ``python -m parts3d.meshes.isolation.child FOLDER``. The folder holds ``orders.json`` and
``input``; the child writes ``out/answer.json`` and the errand's files beside it, and the stages it
reaches to standard output. The limits are set here, before a byte of the upload is read, because a
``preexec_fn`` is not safe in a threaded parent.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from parts3d.errors import Unreadable
from parts3d.meshes.isolation.errands import Desk, Errand
from parts3d.meshes.isolation.system_calls import refuse_what_a_check_never_needs

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
ORDERS, INPUT, OUT, ANSWER = "orders.json", "input", "out", "answer.json"


class ChildOrders(BaseModel):
    """What the parent wants, and the limits that the child sets itself.

    ``parent_pid`` is None where bubblewrap watches over the parent's life instead.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    errand: str
    orders: str
    parent_pid: int | None
    cpu_seconds: int
    address_space_bytes: int
    data_bytes: int
    file_bytes: int


class Refusal(BaseModel):
    """An ``Unreadable`` on the wire."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str
    message: str
    place: str | None


class ChildAnswer(BaseModel):
    """Exactly one of the two is set; ``answer`` is what the errand's type says."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    answer: dict[str, object] | None = None
    refusal: Refusal | None = None


def main() -> int:
    """Lock up, read, do the errand, leave the answer."""
    folder = Path(sys.argv[1])
    # What a library prints is no stage: the pipe moves away from standard output.
    stage_fd = os.dup(1)
    os.dup2(2, 1)
    orders = ChildOrders.model_validate_json((folder / ORDERS).read_bytes())
    lock_up(orders)
    errand = find(orders.errand)
    desk = Desk(folder / OUT, errand.files, stage_fd=stage_fd)
    answer = _do(errand, orders.orders, folder / INPUT, desk)
    (folder / OUT / ANSWER).write_text(answer.model_dump_json(), encoding="utf-8")
    return 0


def find(at: str) -> Errand[Any, Any]:
    """Return the errand that stands at ``module:NAME``."""
    module, _, name = at.partition(":")
    errand = getattr(import_module(module), name)
    if not isinstance(errand, Errand):
        raise TypeError(f"{at} is no errand.")
    return errand


def lock_up(orders: ChildOrders) -> None:
    """Give up, for good, whatever a check does not need."""
    libc = ctypes.CDLL(None, use_errno=True)
    if orders.parent_pid is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != orders.parent_pid:  # the parent died before it could be watched
            raise SystemExit(1)
        # No network, where the kernel lets an ordinary process have a namespace of its own.
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    # The first is a signal that says why, the second could be anything.
    resource.setrlimit(resource.RLIMIT_CPU, (orders.cpu_seconds, orders.cpu_seconds + 1))
    for kind, most in (
        (resource.RLIMIT_AS, orders.address_space_bytes),
        (resource.RLIMIT_DATA, orders.data_bytes),
        (resource.RLIMIT_FSIZE, orders.file_bytes),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(kind, (most, most))
    refuse_what_a_check_never_needs()


def _do(errand: Errand[Any, Any], orders: str, path: Path, desk: Desk) -> ChildAnswer:
    try:
        data = path.read_bytes()
        result = errand.run(data, errand.orders.model_validate_json(orders), desk)
        return ChildAnswer(answer=json.loads(result.model_dump_json()))
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
