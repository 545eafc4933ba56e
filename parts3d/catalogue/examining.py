"""Checks of uploads at a worker: claimed by one, told in stages, brought to an end.

The row is the truth and the task a doorbell. A worker claims a row by compare-and-set for as
long as its lease; ``tries`` fences out one that comes back too late. Running it twice is safe.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlmodel import Session, col

from parts3d.catalogue.checks import check_channel, load_of
from parts3d.catalogue.lifecycle import CHECK_LIFECYCLE, CheckStatus
from parts3d.catalogue.tables import ModelCheck
from parts3d.context import Context
from parts3d.errors import Conflict, Unavailable, Unreadable
from parts3d.meshes.examination import EXAMINE, MODEL, Examination, ExaminationOrders
from parts3d.meshes.isolation.sandbox import ChildLimits, ChildResult, run_in_child
from parts3d.meshes.mesh import Unit, Vector
from parts3d.meshes.reader import UPLOAD_LIMITS

# Pictures and orientations of a large mesh take longer than its check alone.
CHILD_LIMITS = ChildLimits(wall_seconds=45.0, cpu_seconds=45)
# What a child may take at most, and time to read and to store.
LEASE = timedelta(seconds=90)
MAX_TRIES = 3
_CUT_OFF = Unavailable(
    "The check was cut off several times. Try again, or send another file.", code="check_failed"
)


class Examine(Protocol):
    """Examines a file that nobody vouches for."""

    def __call__(
        self, data: bytes, orders: ExaminationOrders, *, on_stage: Callable[[str], None]
    ) -> ChildResult[Examination]:
        """Return what it comes to; raise ``Unreadable`` for a file that cannot be read."""
        ...


def examine_in_child(
    data: bytes, orders: ExaminationOrders, *, on_stage: Callable[[str], None]
) -> ChildResult[Examination]:
    """Examine a file in a child process under limits; see ``meshes.isolation.sandbox``."""
    return run_in_child(EXAMINE, orders, data, limits=CHILD_LIMITS, on_stage=on_stage)


def claim(session: Session, check_id: str, now: datetime) -> ModelCheck | None:
    """Take a check for this worker, or nothing: it is done, or another worker has it.

    One that workers died over ``MAX_TRIES`` times is given up.
    """
    row = session.get(ModelCheck, check_id, with_for_update=True)
    if row is None:
        return None
    left = row.claimed_until is not None and row.claimed_until < now
    if row.status is not CheckStatus.QUEUED and not (row.status is CheckStatus.CHECKING and left):
        return None
    if row.tries >= MAX_TRIES:
        row.status = CHECK_LIFECYCLE.move(row.status, CheckStatus.FAILED)
        row.refusal_code, row.refusal_message = _CUT_OFF.code, _CUT_OFF.message
        row.finished_at = now
        session.flush()
        return None
    row.status = CHECK_LIFECYCLE.move(row.status, CheckStatus.CHECKING)
    row.tries += 1
    row.claimed_until = now + LEASE
    row.stage = None
    session.flush()
    return row


def examine_check(
    context: Context,
    check_id: str,
    *,
    clock: Callable[[], datetime],
    beds_mm: Sequence[Vector],
    examine: Examine = examine_in_child,
) -> None:
    """Make a check: claim it, examine the file, keep what it left, say so in the row.

    Args:
        context: store, database and bell.
        check_id: the row.
        clock: the moment.
        beds_mm: printable x, y, z of each printer model.
        examine: examines the file; tests hand in their own.
    """
    with context.database.unit_of_work() as work:
        row = claim(work.session, check_id, clock())
        work.after_commit(lambda: context.bell.ring(check_channel(check_id)))
    if row is None:
        return
    mine = row.tries
    orders = ExaminationOrders(
        name=row.file_name,
        unit=row.unit,
        material=row.material,
        beds_mm=tuple(beds_mm),
        load_direction=load_of(row),
        max_bytes=min(context.settings.max_upload_bytes, UPLOAD_LIMITS.max_bytes),
    )
    changes: dict[str, Any]
    try:
        result = examine(
            context.store.read(row.model_sha256),
            orders,
            on_stage=lambda stage: _tell_stage(context, check_id, mine, stage),
        )
    except Unreadable as refusal:
        changes = {
            "status": CheckStatus.REFUSED,
            "refusal_code": refusal.code,
            "refusal_message": refusal.message,
            "refusal_place": refusal.place,
        }
    else:
        files = {name: context.store.put(content) for name, content in result.files.items()}
        changes = {
            "status": CheckStatus.DONE,
            "examination": result.answer.model_dump(mode="json"),
            "files": files,
            "stl_sha256": _stl_of(context, row, result.answer, files),
        }
    _end(context, check_id, mine, changes, clock())


def _end(
    context: Context, check_id: str, mine: int, changes: dict[str, Any], now: datetime
) -> None:
    with context.database.unit_of_work() as work:
        row = work.session.get_one(ModelCheck, check_id, with_for_update=True)
        if row.status is not CheckStatus.CHECKING or row.tries != mine:
            return  # a worker that came after us has it
        CHECK_LIFECYCLE.move(row.status, changes["status"])
        for name, value in changes.items():
            setattr(row, name, value)
        row.finished_at = now
        row.stage = None
        work.after_commit(lambda: context.bell.ring(check_channel(check_id)))


def _stl_of(context: Context, row: ModelCheck, found: Examination, files: dict[str, str]) -> str:
    """Return the hash of the mesh as an STL in mm: the upload itself where it is one."""
    if found.model_kept:
        return files[MODEL]
    if row.unit in {None, "mm"}:
        return row.model_sha256
    from parts3d.meshes.orient import write_stl
    from parts3d.meshes.reader import read

    unit: Unit = "inch" if row.unit == "inch" else "m"
    return context.store.put(write_stl(read(context.store.read(row.model_sha256), unit=unit)))


def _tell_stage(context: Context, check_id: str, mine: int, stage: str) -> None:
    """Write the step into the row. A database that is busy costs a word, not the check.

    Raises:
        Conflict: another worker has the check; this ends the child.
    """
    try:
        with context.database.unit_of_work() as work:
            told = work.session.execute(
                sa.update(ModelCheck)
                .where(
                    col(ModelCheck.id) == check_id,
                    col(ModelCheck.status) == CheckStatus.CHECKING,
                    col(ModelCheck.tries) == mine,
                )
                .values(stage=stage)
            )
            work.after_commit(lambda: context.bell.ring(check_channel(check_id)))
    except Unavailable:
        return
    if not told.rowcount:  # type: ignore[attr-defined]  # an update counts its rows
        raise Conflict("Another worker has this check.")
