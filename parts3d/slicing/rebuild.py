"""Slicing on demand, beside the workers: what is missing, what failed, what was lost.

The rows are the plan: each slice is taken, made and written down like a worker's, so any number
of these may run beside workers, be stopped at any moment, and be started again to go on. A slice
that is ready and whose G-code is in the store is never made again: equal content gives equal
moves.
"""

import threading
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Part, Revision
from parts3d.db import Database
from parts3d.errors import NotFound
from parts3d.slicing.engines.base import Engine
from parts3d.slicing.making import give_back, make_slice, take_back_abandoned, take_next
from parts3d.slicing.missing import EngineName
from parts3d.slicing.profiles import profile
from parts3d.slicing.serving import present_profiles
from parts3d.slicing.tables import SLICE_LIFECYCLE, Slice, SliceStatus
from parts3d.slicing.wishes import wish_slices
from parts3d.store import FileStore

Condition = sa.ColumnElement[bool]


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be made: everything, one part, one printer model; with or without failures."""

    part: str | None = None
    printer_model: str | None = None
    failed: bool = False

    def conditions(self, engine: EngineName) -> tuple[Condition, ...]:
        """Return the conditions of the slices meant, for this engine as it is now."""
        found: list[Condition] = [
            col(Slice.engine) == engine.name,
            col(Slice.engine_version) == engine.version,
            col(Slice.profile_sha256).in_(present_profiles()),
        ]
        if self.printer_model is not None:
            found.append(col(Slice.printer_model) == self.printer_model)
        if self.part is not None:
            found.append(
                sa.exists().where(
                    col(Revision.model_sha256) == col(Slice.model_sha256),
                    col(Revision.recipe_sha256) == col(Slice.recipe_sha256),
                    col(Revision.part_id) == col(Part.id),
                    col(Part.slug) == self.part,
                )
            )
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Plan:
    """What there is to do: slices that wait, that failed, and whose G-code is gone."""

    waiting: int
    failed: int
    lost: int

    @property
    def total(self) -> int:
        """How many slices will be made."""
        return self.waiting + self.failed + self.lost


class Made:
    """Counts what has been made, for whoever watches; safe to read from any thread."""

    def __init__(self) -> None:
        self.ready = 0
        self.failed = 0
        self.unfit = 0
        self._lock = threading.Lock()
        self._under_way: dict[str, datetime | None] = {}

    @property
    def count(self) -> int:
        """How many this process has finished."""
        return self.ready + self.failed + self.unfit

    @property
    def under_way(self) -> dict[str, datetime | None]:
        """What is being sliced now, by id, and since when."""
        with self._lock:
            return dict(self._under_way)

    def begins(self, row: Slice) -> None:
        """Note that a slice was taken."""
        with self._lock:
            self._under_way[row.id] = row.started_at

    def ends(self, row: Slice) -> None:
        """Note how it came out."""
        with self._lock:
            self._under_way.pop(row.id, None)
            if row.status is SliceStatus.FAILED:
                self.failed += 1
            elif row.status is SliceStatus.UNFIT:
                self.unfit += 1
            else:
                self.ready += 1


def plan_rebuild(
    database: Database,
    store: FileStore,
    engine: EngineName,
    scope: Scope,
    now: datetime,
    *,
    models: Collection[str] = (),
) -> Plan:
    """Wish for what is missing, and count what there is to do; nothing that exists is changed.

    Args:
        database: where the wishes stand.
        store: where the G-code lies.
        engine: what slices.
        scope: what is to be made.
        now: the moment.
        models: printer models that the network slices for; none: all known.

    Raises:
        NotFound: no such part, or no such printer model.
    """
    if scope.printer_model is not None:
        profile(scope.printer_model)
    with database.reading() as session:
        if scope.part is not None and not _part_exists(session, scope.part):
            raise NotFound(f"There is no part {scope.part!r}. Its name is the one in its address.")
    while True:
        with database.unit_of_work() as work:
            take_back_abandoned(work.session, now)
            if not wish_slices(work.session, engine, now, models=models):
                break
    with database.reading() as session:
        failed = len(_failed(session, engine, scope)) if scope.failed else 0
        lost = len(_lost(session, store, engine, scope))
        return Plan(count_waiting(session, engine, scope), failed, lost)


def begin_rebuild(database: Database, store: FileStore, engine: EngineName, scope: Scope) -> None:
    """Put back into the queue what failed (where asked) and what was lost from the store."""
    with database.unit_of_work() as work:
        rows = _lost(work.session, store, engine, scope)
        rows += _failed(work.session, engine, scope) if scope.failed else []
        for row in rows:
            row.status = SLICE_LIFECYCLE.move(row.status, SliceStatus.WAITING)
            row.tries, row.failure = 0, None


def count_waiting(session: Session, engine: EngineName, scope: Scope) -> int:
    """Return how many slices of the scope wait."""
    waiting = (
        select(sa.func.count())
        .select_from(Slice)
        .where(Slice.status == SliceStatus.WAITING, *scope.conditions(engine))
    )
    return session.exec(waiting).one()


def make_waiting(
    database: Database,
    store: FileStore,
    engine: Engine,
    scope: Scope,
    *,
    made: Made,
    stop: threading.Event,
    clock: Callable[[], datetime],
) -> None:
    """Make slices of the scope, one after another, until none waits or ``stop`` is set."""
    conditions = scope.conditions(engine)
    while not stop.is_set():
        with database.unit_of_work() as work:
            taken = take_next(work.session, engine, clock(), within=conditions)
        if taken is None:
            return
        made.begins(taken)
        made.ends(make_slice(database, store, engine, taken, clock))


def give_all_back(database: Database, made: Made) -> int:
    """Return to the queue what this process has under way and will not finish."""
    under_way = made.under_way
    with database.unit_of_work() as work:
        for slice_id, started_at in under_way.items():
            give_back(work.session, slice_id, started_at)
    return len(under_way)


def _part_exists(session: Session, slug: str) -> bool:
    return session.exec(select(Part.id).where(Part.slug == slug)).first() is not None


def _failed(session: Session, engine: EngineName, scope: Scope) -> list[Slice]:
    return _rows(session, SliceStatus.FAILED, scope.conditions(engine))


def _lost(session: Session, store: FileStore, engine: EngineName, scope: Scope) -> list[Slice]:
    return [
        row
        for row in _rows(session, SliceStatus.READY, scope.conditions(engine))
        if row.gcode_sha256 is None or not store.exists(row.gcode_sha256)
    ]


def _rows(session: Session, status: SliceStatus, conditions: Sequence[Any]) -> list[Slice]:
    return list(session.exec(select(Slice).where(Slice.status == status, *conditions)))
