"""Slicing in the background: wishes for what is approved, one slice after the other."""

import ctypes
import gc
import threading
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from parts3d.catalogue.tables import Revision
from parts3d.context import Context
from parts3d.promises.queries import orderable_models
from parts3d.settings import Settings
from parts3d.slicing.choose import engine_for
from parts3d.slicing.drawing import DRAW_TASK, draw_slice
from parts3d.slicing.engines.base import Engine
from parts3d.slicing.making import (
    is_anything_waiting,
    make_slice,
    take_back_abandoned,
    take_next,
)
from parts3d.slicing.missing import drop_superseded
from parts3d.slicing.wishes import hurry, prefer, wish_plate, wish_slices
from parts3d.tasks import sweeper, task

# At most so many engines at a time in this process, whatever the pool's size.
_turns: dict[int, threading.Semaphore] = {}
_turns_lock = threading.Lock()


@cache
def _engine(preference: str, path: str | None) -> Engine:
    return engine_for(
        preference,  # type: ignore[arg-type]  # the setting is closed to these words
        prusaslicer_program=Path(path) if path else None,
    )


def engine_of(settings: Settings) -> Engine:
    """Return the engine of this process's settings; looked for once.

    Raises:
        Unavailable: the engine that is set is not there.
    """
    return _engine(settings.slicer, settings.slicer_path)


@task("slicing.wish")
def wish(context: Context) -> None:
    """Wish for what approved revisions lack, and ring for each wish."""
    engine = engine_of(context.settings)
    with context.database.unit_of_work() as work:
        models = context.settings.models_to_slice()
        fresh = wish_slices(work.session, engine, datetime.now(UTC), models=models)
        prefer(work.session, orderable_models(work.session))
        if fresh:
            work.after_commit(lambda: context.ring_task("slicing.slice"))


@task("slicing.hurry")
def hurry_revision(context: Context, revision_id: str) -> None:
    """Slice a revision before all others: somebody waits for it."""
    with context.database.unit_of_work() as work:
        revision = work.session.get(Revision, revision_id)
        if revision is not None:
            hurry(work.session, revision)
            work.after_commit(lambda: context.ring_task("slicing.slice"))


@task("slicing.plate")
def plate_wanted(context: Context, revision_id: str, copies: int) -> None:
    """Slice a plate of several copies before all else: somebody waits for its price."""
    with context.database.unit_of_work() as work:
        revision = work.session.get(Revision, revision_id)
        if revision is not None:
            wish_plate(
                work.session,
                revision,
                copies,
                engine_of(context.settings),
                datetime.now(UTC),
                in_use=orderable_models(work.session),
            )
            work.after_commit(lambda: context.ring_task("slicing.slice"))


@task(DRAW_TASK)
def draw_layers(context: Context, slice_id: str) -> None:
    """Draw a slice's layers for who looks at them; its page asks again until they are there."""
    draw_slice(context.database, context.store, slice_id)


@task("slicing.slice")
def slice_waiting(context: Context) -> None:
    """Slice what waits, the most urgent first, until nothing waits.

    A second ring finds the turn taken and goes home: the one that works looks again itself.
    """
    turn = _turn(context.settings.slicing_threads)
    if not turn.acquire(blocking=False):
        return
    try:
        engine = engine_of(context.settings)
        while True:
            with context.database.unit_of_work() as work:
                taken = take_next(work.session, engine, datetime.now(UTC))
            if taken is None:
                _give_memory_back()
                return
            make_slice(context.database, context.store, engine, taken, lambda: datetime.now(UTC))
            context.bell.ring("slices")
    finally:
        turn.release()


@sweeper
def look_after_slices(context: Context, now: datetime) -> None:
    """Take back what dead workers left, wish for what is missing, ring for what waits."""
    engine = engine_of(context.settings)
    with context.database.unit_of_work() as work:
        take_back_abandoned(work.session, now)
        wish_slices(work.session, engine, now, models=context.settings.models_to_slice())
        prefer(work.session, orderable_models(work.session))
        drop_superseded(work.session, engine, now)
        if is_anything_waiting(work.session, engine):
            work.after_commit(lambda: context.ring_task("slicing.slice"))


def _turn(threads: int) -> threading.Semaphore:
    with _turns_lock:
        return _turns.setdefault(threads, threading.Semaphore(threads))


def _give_memory_back() -> None:
    """Return freed memory to the system: G-code of some MB leaves glibc's heap full of holes."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # glibc's alone
    if trim is not None:
        trim(0)
