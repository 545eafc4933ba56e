"""Who makes a slice: a worker takes the most urgent wish, slices, stores, then says so.

It slices outside any transaction and calls the row ready only once the G-code is stored. A
worker that dies leaves a row that is taken again. A worker takes only wishes for its own
engine and version and for profiles as it knows them: anything else would stand under a wrong
name for ever.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.catalogue.recipe import Recipe
from parts3d.db import Database
from parts3d.errors import Parts3dError
from parts3d.slicing.engines.base import Engine, SliceResult
from parts3d.slicing.missing import EngineName
from parts3d.slicing.profiles import materials, profile
from parts3d.slicing.serving import present_profiles
from parts3d.slicing.tables import SLICE_LIFECYCLE, Slice, SliceStatus
from parts3d.store import FileStore

# Longer than any engine may run (its own limit kills it first) and its G-code is read: the
# worker must have died.
WORKER_DIED_AFTER = timedelta(minutes=10)
_MAX_TRIES = 3
_TOO_LARGE = frozenset({"does_not_fit", "beyond_the_plate"})


def take_next(
    session: Session,
    engine: EngineName,
    now: datetime,
    *,
    within: Sequence[sa.ColumnElement[bool]] = (),
) -> Slice | None:
    """Take the most urgent wish for this worker, or none.

    Args:
        session: of a unit of work.
        engine: the worker's.
        now: the moment.
        within: take only one of which these hold too.
    """
    row = session.exec(
        select(Slice)
        .where(*_to_do(engine), *within)
        .order_by(col(Slice.priority), col(Slice.created_at), col(Slice.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if row is None:
        return None
    row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.SLICING)
    row.started_at = now
    row.tries += 1
    session.flush()
    return row


def give_back(session: Session, slice_id: str, started_at: datetime | None) -> None:
    """Return a wish that its worker will not make, unless it is no longer that worker's."""
    session.execute(
        sa.update(Slice)
        .where(
            col(Slice.id) == slice_id,
            col(Slice.status) == SliceStatus.SLICING,
            col(Slice.started_at) == started_at,
        )
        .values(status=SliceStatus.WAITING, tries=col(Slice.tries) - 1)
    )


def take_back_abandoned(session: Session, now: datetime) -> int:
    """Return wishes whose worker died to the queue; after three tries they count as failed."""
    abandoned = session.exec(
        select(Slice)
        .where(
            Slice.status == SliceStatus.SLICING,
            col(Slice.started_at) < now - WORKER_DIED_AFTER,
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in abandoned:
        if row.tries >= _MAX_TRIES:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.FAILED)
            row.failure = f"The worker died {row.tries} times while slicing this."
            row.finished_at = now
        else:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.WAITING)
    session.flush()
    return len(abandoned)


def is_anything_waiting(session: Session, engine: EngineName) -> bool:
    """Tell whether a worker with this engine has something to do."""
    return session.exec(select(Slice.id).where(*_to_do(engine)).limit(1)).first() is not None


def _to_do(engine: EngineName) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(Slice.status) == SliceStatus.WAITING,
        col(Slice.engine) == engine.name,
        col(Slice.engine_version) == engine.version,
        col(Slice.profile_sha256).in_(present_profiles()),
    )


def make_slice(
    database: Database,
    store: FileStore,
    engine: Engine,
    wish: Slice,
    clock: Callable[[], datetime],
) -> Slice:
    """Make a slice that was taken: read, slice, store, and only then say so in the row.

    A failure of the engine is a result like any other: it stands in the row, in words. So does
    that the part is too large for the printer, which is no failure.
    """
    result: SliceResult | None = None
    failure: str | None = None
    otherwise = SliceStatus.FAILED
    gcode_sha256: str | None = None
    try:
        result = engine.slice(
            store.read(wish.model_sha256),
            profile(wish.printer_model),
            materials()[wish.material],
            Recipe.model_validate_json(wish.recipe_json),
            wish.copies,
        )
        gcode_sha256 = store.put(result.gcode)
    except Parts3dError as error:
        failure = error.message
        if error.code in _TOO_LARGE:
            otherwise = SliceStatus.UNFIT
    with database.unit_of_work() as work:
        row = work.session.get_one(Slice, wish.id, with_for_update=True)
        if row.status is not SliceStatus.SLICING or row.started_at != wish.started_at:
            return row  # another worker was faster after a long pause of ours; same content
        if result is None or gcode_sha256 is None:
            row.status = SLICE_LIFECYCLE.move(row.status, otherwise)
            row.failure = failure
        else:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.READY)
            row.failure = None
            _write_down(row, result, gcode_sha256)
        row.finished_at = clock()
        return row


def _write_down(row: Slice, result: SliceResult, gcode_sha256: str) -> None:
    if gcode_sha256 != row.gcode_sha256:
        row.layers_sha256 = row.first_layer_sha256 = None  # these were drawn from other G-code
    row.gcode_sha256 = gcode_sha256
    row.gcode_bytes = len(result.gcode)
    row.print_seconds = result.print_seconds + profile(row.printer_model).preparation_seconds
    row.filament_mm = result.filament_mm
    row.filament_mg = result.filament_mg
    row.layers = result.layers
    row.part_x_mm, row.part_y_mm, row.part_z_mm = result.part_mm
