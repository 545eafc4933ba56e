"""What a child process can be sent to do with a file by a stranger: the errands.

An errand is data and one function. The parent names it, the child looks it up under that name and
runs it; the answer and the files that it may leave behind are fixed here, with their sizes. To add
one, write ``NAME = Errand(at="parts3d.meshes.<file>:NAME", ...)`` anywhere the child can import.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from parts3d.meshes.check import AS_IT_IS, Question
from parts3d.meshes.mesh import Unit
from parts3d.meshes.reader import UPLOAD_LIMITS, Limits
from parts3d.meshes.report import FileReport, examine

OrdersT = TypeVar("OrdersT", bound=BaseModel)
AnswerT = TypeVar("AnswerT", bound=BaseModel)


class Desk:
    """Where an errand says how far it is and leaves its files.

    Args:
        folder: where files may be left.
        files: the names that may be left, with the bytes that each may have.
        stage_fd: open pipe to the parent; None says nothing.
    """

    def __init__(
        self, folder: Path, files: Mapping[str, int], *, stage_fd: int | None = None
    ) -> None:
        self._folder = folder
        self._files = files
        self._stage_fd = stage_fd

    def stage(self, name: str) -> None:
        """Say what begins now, in one lower-case word: ``reading``, ``walls``, ``picture``."""
        if self._stage_fd is not None:
            os.write(self._stage_fd, f"{name}\n".encode())

    def keep(self, name: str, data: bytes) -> None:
        """Leave a file for the parent.

        Raises:
            ValueError: the errand has no file of that name, or not of that size.
        """
        if len(data) > self._files.get(name, -1):
            raise ValueError(f"This errand leaves no {name} of {len(data)} bytes.")
        (self._folder / name).write_bytes(data)


@dataclass(frozen=True, slots=True)
class Errand(Generic[OrdersT, AnswerT]):
    """One thing that a child can do with a file.

    Args:
        at: where the child finds this very object: ``module:NAME``.
        orders: what the parent wants, beside the file.
        answer: what comes back, checked by the parent again.
        run: does it, in the child: file, orders, desk -> answer. May raise ``Unreadable``.
        files: names that may come back beside the answer, with the most bytes of each.
    """

    at: str
    orders: type[OrdersT]
    answer: type[AnswerT]
    run: Callable[[bytes, OrdersT, Desk], AnswerT]
    files: Mapping[str, int] = field(default_factory=dict)


class CheckOrders(BaseModel):
    """What to check a file for.

    ``unit`` is what a person said, None if nobody did. STEP may be read here, and only here.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = "upload"
    unit: Unit | None = None
    question: Question = AS_IT_IS
    limits: Limits = UPLOAD_LIMITS


def _check(data: bytes, orders: CheckOrders, desk: Desk) -> FileReport:
    return examine(
        orders.name,
        data,
        unit=orders.unit,
        question=orders.question,
        limits=replace(orders.limits, allow_step=True),
        on_stage=desk.stage,
    ).report


CHECK = Errand(
    at="parts3d.meshes.isolation.errands:CHECK", orders=CheckOrders, answer=FileReport, run=_check
)
