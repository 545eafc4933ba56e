"""The slice cache: what is wished for, who makes it, what is ready.

A wish is a row. A worker takes the most urgent one, slices outside any transaction, stores the
G-code, and only then calls the row ready. A worker that dies leaves a row that is taken again.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from pydantic import ValidationError
from sqlalchemy import func
from sqlmodel import Session, col, select

from parts3d.catalogue.lifecycle import RevisionStatus
from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.tables import Revision
from parts3d.db import Database
from parts3d.errors import Parts3dError
from parts3d.slicing.engines.base import Engine, SliceResult
from parts3d.slicing.profiles import Profile, materials, printer_models, profile
from parts3d.slicing.tables import SLICE_LIFECYCLE, Slice, SliceStatus
from parts3d.store import FileStore

_log = logging.getLogger(__name__)

# Longer than any engine may run (its own limit kills it first): the worker must have died.
_WORKER_DIED_AFTER = timedelta(minutes=4)
_MAX_TRIES = 3
PRIORITY_WANTED_NOW = 0
PRIORITY_USUAL = 100


def wish_slices(session: Session, engine: Engine, now: datetime) -> list[Slice]:
    """Wish for every slice that an approved revision lacks with this engine; returns the new rows.

    One for each printer model that prints the revision's material.
    """
    present = {
        (row.model_sha256, row.recipe_sha256, row.printer_model, row.profile_sha256)
        for row in session.exec(
            select(Slice).where(Slice.engine == engine.name, Slice.engine_version == engine.version)
        ).all()
    }
    approved = session.exec(
        select(Revision).where(Revision.status == RevisionStatus.APPROVED)
    ).all()
    fresh: list[Slice] = []
    for revision in approved:
        try:
            recipe = Recipe.model_validate(revision.recipe)
        except ValidationError:
            # One recipe that is no longer understood must not keep all others from the queue.
            _log.warning("The recipe of revision %s cannot be read; it waits.", revision.id)
            continue
        for model in printer_models():
            printer = profile(model)
            key = (revision.model_sha256, revision.recipe_sha256, model, printer.sha256)
            if key in present or not _prints(printer, recipe.material):
                continue
            present.add(key)
            fresh.append(
                Slice(
                    model_sha256=revision.model_sha256,
                    recipe_sha256=revision.recipe_sha256,
                    printer_model=model,
                    profile_sha256=printer.sha256,
                    material=recipe.material,
                    engine=engine.name,
                    engine_version=engine.version,
                    recipe_json=recipe.model_dump_json(),
                    status=SliceStatus.WAITING,
                    priority=PRIORITY_USUAL,
                    created_at=now,
                )
            )
    session.add_all(fresh)
    session.flush()
    return fresh


def _prints(printer: Profile, material: str) -> bool:
    try:
        printer.temperatures_for(material)
    except Parts3dError:
        return False
    return True


def hurry(session: Session, revision: Revision) -> None:
    """Put a revision's slices first: somebody waits for them."""
    for row in slices_of(session, revision):
        if row.status is SliceStatus.WAITING:
            row.priority = PRIORITY_WANTED_NOW
    session.flush()


def slices_of(session: Session, revision: Revision) -> Sequence[Slice]:
    """Return all slices of a revision's model and recipe, the newest first."""
    return session.exec(
        select(Slice)
        .where(
            Slice.model_sha256 == revision.model_sha256,
            Slice.recipe_sha256 == revision.recipe_sha256,
        )
        .order_by(col(Slice.created_at).desc())
    ).all()


def progress(session: Session) -> dict[SliceStatus, int]:
    """Return how many slices stand where."""
    rows = session.exec(select(Slice.status, func.count()).group_by(Slice.status)).all()
    counts = {SliceStatus(status): count for status, count in rows}
    return {status: counts.get(status, 0) for status in SliceStatus}


def take_next(session: Session, now: datetime) -> Slice | None:
    """Take the most urgent wish for this worker, or none."""
    row = session.exec(
        select(Slice)
        .where(Slice.status == SliceStatus.WAITING)
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


def take_back_abandoned(session: Session, now: datetime) -> int:
    """Return wishes whose worker died to the queue; after three tries they count as failed."""
    abandoned = session.exec(
        select(Slice)
        .where(
            Slice.status == SliceStatus.SLICING,
            col(Slice.started_at) < now - _WORKER_DIED_AFTER,
        )
        .with_for_update(skip_locked=True)
    ).all()
    for row in abandoned:
        if row.tries >= _MAX_TRIES:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.FAILED)
            row.failure = f"The worker died {row.tries} times while slicing this."
        else:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.WAITING)
    session.flush()
    return len(abandoned)


def make_slice(
    database: Database, store: FileStore, engine: Engine, wish: Slice, now: datetime
) -> Slice:
    """Make a slice that was taken: read, slice, store, and only then say so in the row.

    A failure of the engine is a result like any other: it stands in the row, in words.
    """
    result: SliceResult | None = None
    failure: str | None = None
    try:
        result = engine.slice(
            store.read(wish.model_sha256),
            profile(wish.printer_model),
            materials()[wish.material],
            Recipe.model_validate_json(wish.recipe_json),
        )
        gcode_sha256 = store.put(result.gcode)
    except Parts3dError as error:
        failure = error.message
    with database.unit_of_work() as work:
        row = work.session.get_one(Slice, wish.id, with_for_update=True)
        if row.status is not SliceStatus.SLICING:
            return row  # another worker was faster after a long pause of ours; same content
        if result is None:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.FAILED)
            row.failure = failure
        else:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.READY)
            row.gcode_sha256 = gcode_sha256
            row.gcode_bytes = len(result.gcode)
            row.print_seconds = (
                result.print_seconds + profile(wish.printer_model).preparation_seconds
            )
            row.filament_mm = result.filament_mm
            row.filament_mg = result.filament_mg
            row.layers = result.layers
        row.finished_at = now
        return row
