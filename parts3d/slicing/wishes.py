"""What is to be sliced: a wish is a row that waits.

Wishes are made by every worker's sweep and by web requests at once; equal ones meet in the
unique key of their content and become one, quietly. One query finds what is missing, so a
sweep over a catalogue where nothing is costs as much as one with nothing new.
"""

import logging
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col, select

from parts3d.catalogue.recipe import Recipe
from parts3d.catalogue.tables import Revision
from parts3d.db import new_id
from parts3d.errors import Conflict, Invalid
from parts3d.slicing.missing import EngineName, missing_slices, outdated_plates
from parts3d.slicing.placement import rotation_matrix
from parts3d.slicing.plates import Size, copies_per_plate
from parts3d.slicing.profiles import printer_models, profile
from parts3d.slicing.serving import part_size, ready_plates
from parts3d.slicing.tables import SLICE_LIFECYCLE, Slice, SliceStatus

_log = logging.getLogger(__name__)

PRIORITY_WANTED_NOW = 0
# A printer of this model stands at a point: it is ordered from these.
PRIORITY_IN_USE = 50
PRIORITY_USUAL = 100
# An older slice serves meanwhile: these wait until nothing else does.
PRIORITY_RENEWAL = 1000
# One transaction must not hold SQLite's writers up for long; the next sweep goes on.
MOST_AT_ONCE = 4000
_ROWS_A_STATEMENT = 500
# Plates that nobody asked for since are not worth slicing again before somebody does.
_PLATES_OF_LATE = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class NamedEngine:
    """An engine by its name alone, for who wishes and does not slice."""

    name: str
    version: str


def engine_of_slice(row: Slice) -> NamedEngine:
    """Return the engine that made a slice, so that its plates are made by the same one."""
    return NamedEngine(row.engine, row.engine_version)


def wish_slices(
    session: Session, engine: EngineName, now: datetime, *, models: Collection[str] = ()
) -> list[Slice]:
    """Wish for what approved revisions lack with this engine; returns the new rows.

    One for each printer model (of ``models``, where some are named) that prints the revision's
    material; and one for each plate of the last weeks that another version made. Where an older
    slice serves, the wish has the lowest priority. At most ``MOST_AT_ONCE``: ask again until
    nothing comes.
    """
    missing = list(session.execute(missing_slices(engine, models).limit(MOST_AT_ONCE)).all())
    room = MOST_AT_ONCE - len(missing)
    missing += session.execute(outdated_plates(engine, now - _PLATES_OF_LATE).limit(room)).all()
    recipes = _recipes(session, {row.revision_id for row in missing})
    wishes = [
        _wish(
            engine,
            recipes[row.revision_id],
            now,
            model_sha256=row.model_sha256,
            recipe_sha256=row.recipe_sha256,
            printer_model=row.printer_model,
            copies=row.copies,
            priority=PRIORITY_RENEWAL if row.is_served else PRIORITY_USUAL,
        )
        for row in missing
        if row.revision_id in recipes
    ]
    return _add(session, wishes)


def prefer(session: Session, models: Collection[str]) -> None:
    """Put what waits for models that are in use before what waits for the others."""
    usual = (col(Slice.status) == SliceStatus.WAITING, col(Slice.priority) == PRIORITY_USUAL)
    session.execute(
        sa.update(Slice)
        .where(*usual, col(Slice.printer_model).in_(list(models)))
        .values(priority=PRIORITY_IN_USE)
    )


def wish_plate(
    session: Session,
    revision: Revision,
    copies: int,
    engine: EngineName,
    now: datetime,
    *,
    in_use: Collection[str] | None = None,
) -> list[Slice]:
    """Wish at once for a plate of several copies, on every printer model whose bed takes it.

    Models that are not in use come later; None: all are.

    Returns:
        The plate's rows with this engine, old and new, in whatever state they are; empty
        where no bed takes so many. Somebody waits for them, so they come first; where an
        earlier version's plate serves, nobody does.

    Raises:
        Invalid: fewer than one copy, or a recipe that can no longer be read.
    """
    if copies < 1:
        raise Invalid(f"{copies} copies cannot be printed. Choose 1 or more.", place="quantity")
    try:
        recipe = Recipe.model_validate(revision.recipe)
    except ValidationError as error:
        raise Invalid(
            "The recipe of this part cannot be read any more; upload a new revision."
        ) from error
    served = ready_plates(session, revision, copies, printer_models())
    size = part_size(session, revision) or _size_at_most(revision, recipe)
    wishes = [
        _wish(
            engine,
            recipe,
            now,
            model_sha256=revision.model_sha256,
            recipe_sha256=revision.recipe_sha256,
            printer_model=model,
            copies=copies,
            priority=_plate_priority(model, served, in_use),
        )
        for model in _models_for(recipe.material)
        if size is None or copies <= copies_per_plate(size, profile(model), recipe.brim_mm)
    ]
    _add(session, wishes)
    rows = session.exec(
        select(Slice)
        .where(
            Slice.model_sha256 == revision.model_sha256,
            Slice.recipe_sha256 == revision.recipe_sha256,
            Slice.copies == copies,
            Slice.engine == engine.name,
            Slice.engine_version == engine.version,
            col(Slice.profile_sha256).in_([wish["profile_sha256"] for wish in wishes]),
        )
        .order_by(col(Slice.printer_model))
    ).all()
    for row in rows:
        if row.status is SliceStatus.WAITING and row.printer_model not in served:
            row.priority = PRIORITY_WANTED_NOW
    session.flush()
    return list(rows)


def hurry(session: Session, revision: Revision) -> None:
    """Put a revision's slices first: somebody waits for them."""
    session.execute(
        sa.update(Slice)
        .where(
            col(Slice.model_sha256) == revision.model_sha256,
            col(Slice.recipe_sha256) == revision.recipe_sha256,
            col(Slice.status) == SliceStatus.WAITING,
        )
        .values(priority=PRIORITY_WANTED_NOW)
        .execution_options(synchronize_session="fetch")
    )


def try_again(session: Session, row: Slice) -> None:
    """Put a failed slice back into the queue, first: a maintainer waits for it.

    One that waits already keeps waiting: two clicks are one.

    Raises:
        Conflict: it has not failed.
    """
    if row.status in (SliceStatus.SLICING, SliceStatus.READY, SliceStatus.UNFIT):
        raise Conflict("This slice has not failed; there is nothing to try again.")
    row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.WAITING)
    row.failure = None
    row.tries = 0
    row.priority = PRIORITY_WANTED_NOW
    session.flush()


def _recipes(session: Session, revision_ids: Iterable[str]) -> dict[str, Recipe]:
    """Return the recipes that can be read, by revision."""
    found: dict[str, Recipe] = {}
    wanted = sorted(revision_ids)
    for at in range(0, len(wanted), _ROWS_A_STATEMENT):
        some = wanted[at : at + _ROWS_A_STATEMENT]
        rows = session.exec(
            select(Revision.id, Revision.recipe).where(col(Revision.id).in_(some))
        ).all()
        for revision_id, recipe in rows:
            try:
                found[revision_id] = Recipe.model_validate(recipe)
            except ValidationError:
                # One recipe that is no longer understood must not keep others from the queue.
                _log.warning("The recipe of revision %s cannot be read; it waits.", revision_id)
    return found


def _wish(
    engine: EngineName,
    recipe: Recipe,
    now: datetime,
    *,
    model_sha256: str,
    recipe_sha256: str,
    printer_model: str,
    priority: int,
    copies: int = 1,
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "model_sha256": model_sha256,
        "recipe_sha256": recipe_sha256,
        "printer_model": printer_model,
        "profile_sha256": profile(printer_model).sha256,
        "material": recipe.material,
        "engine": engine.name,
        "engine_version": engine.version,
        "copies": copies,
        "recipe_json": recipe.model_dump_json(),
        "status": SliceStatus.WAITING,
        "priority": priority,
        "tries": 0,
        "created_at": now,
    }


def _add(session: Session, wishes: list[dict[str, Any]]) -> list[Slice]:
    """Insert wishes; what somebody else has wished for already is left as it is."""
    is_sqlite = session.get_bind().dialect.name == "sqlite"
    added: list[Slice] = []
    for at in range(0, len(wishes), _ROWS_A_STATEMENT):
        some = wishes[at : at + _ROWS_A_STATEMENT]
        statement = (sqlite.insert if is_sqlite else postgresql.insert)(Slice)
        session.execute(statement.on_conflict_do_nothing(), some)
        ids = [wish["id"] for wish in some]
        added += session.exec(select(Slice).where(col(Slice.id).in_(ids))).all()
    return added


def _plate_priority(model: str, served: Collection[str], in_use: Collection[str] | None) -> int:
    if model in served:
        return PRIORITY_RENEWAL
    return PRIORITY_WANTED_NOW if in_use is None or model in in_use else PRIORITY_USUAL


def _models_for(material: str) -> list[str]:
    return [model for model in printer_models() if material in profile(model).temperatures]


def _size_at_most(revision: Revision, recipe: Recipe) -> Size | None:
    """Return a box that holds the turned part: its checked box, turned. None: not checked."""
    box = revision.check_result.get("bounds_mm")
    if not box:
        return None
    x, y, z = np.abs(rotation_matrix(recipe.orientation_deg)) @ np.array(box, dtype=np.float64)
    return float(x), float(y), float(z)
