"""What time alone does to jobs, done by the sweep."""

import threading
from datetime import UTC, datetime, timedelta

from parts3d.accounts.agents import forget_old_nonces
from parts3d.context import Context
from parts3d.jobs.channels import ring_order, ring_point
from parts3d.jobs.commands import expire_commands
from parts3d.jobs.learning import keep_found, learn, learning_due, note_spells
from parts3d.jobs.measuring import keep_rows, learn_of_model, models_due, note_learned
from parts3d.jobs.pictures import forget_old_pictures
from parts3d.jobs.silences import note_silences
from parts3d.jobs.sweeping import expire_leases, note_absent_printers, note_silence
from parts3d.jobs.tables import Job
from parts3d.tasks import sweeper, task

MEASURE = "jobs.measure"
LEARN = "jobs.learn"

# A permit is not judged silent sooner than this, whatever the setting says.
_LEAST_SILENCE = timedelta(seconds=1)

_measuring = threading.Lock()
_learning = threading.Lock()


@sweeper
def watch_jobs(context: Context, now: datetime) -> None:
    """Give expired leases back, and note silence; then ring the points and customers."""
    with context.database.unit_of_work() as work:
        moved = expire_leases(work.session, now)
        silence_seconds = max(context.settings.silence_seconds, _LEAST_SILENCE.total_seconds())
        moved += note_silence(work.session, now, silence_seconds)
        moved += expire_commands(work.session, now)
        note_absent_printers(work.session, now)
        work.after_commit(lambda: _ring(context, moved))


@sweeper
def ring_for_measuring(context: Context, now: datetime) -> None:
    """Ring when a print has ended that nothing was learned from, and once a night."""
    with context.database.reading() as session:
        models, _, nightly = models_due(session, now)
    if models or nightly:
        context.ring_task(MEASURE)


@task(MEASURE)
def measure_prints(context: Context) -> None:
    """Learn what prints really take; a second ring finds the turn taken and goes home."""
    if not _measuring.acquire(blocking=False):
        return
    try:
        learn_print_times(context, datetime.now(UTC))
    finally:
        _measuring.release()


def learn_print_times(context: Context, now: datetime) -> None:
    """Learn anew of the models that a print ended on; once a night, of all."""
    with context.database.reading() as session:
        models, seen_until, nightly = models_due(session, now)
        if not models and not nightly:
            return
        # Fitted here: while a unit of work is open, SQLite lets nobody else write.
        learned = {model: learn_of_model(session, model, now) for model in models}
    with context.database.unit_of_work() as work:
        keep_rows(work.session, learned, now)
        note_learned(work.session, seen_until, now, nightly=nightly)


@sweeper
def forget_pictures(context: Context, now: datetime) -> None:
    """Delete pictures of cameras past their age: the rows first, then files nobody names."""
    before = now - timedelta(days=context.settings.picture_days)
    with context.database.unit_of_work() as work:
        unnamed = forget_old_pictures(work.session, before)
    for picture_sha256 in unnamed:
        context.store.remove(picture_sha256)


@sweeper
def note_outages(context: Context, now: datetime) -> None:
    """Note which printers broke down or came back, and which agents fell silent or are heard."""
    with context.database.unit_of_work() as work:
        note_spells(work.session, now)
        note_silences(work.session, now)


@sweeper
def ring_for_learning(context: Context, now: datetime) -> None:
    """Ring when prints have ended that nothing was learned from, and once a night."""
    with context.database.reading() as session:
        due = learning_due(session, now)
    if due:
        context.ring_task(LEARN)


@task(LEARN)
def learn_from_rows(context: Context) -> None:
    """Learn staff's times, failures and outages; a second ring finds the turn taken."""
    if not _learning.acquire(blocking=False):
        return
    try:
        now = datetime.now(UTC)
        with context.database.reading() as session:
            found = learn(session, now) if learning_due(session, now) else None
        # Kept apart: while a unit of work is open, SQLite lets nobody else write.
        if found is not None:
            with context.database.unit_of_work() as work:
                keep_found(work.session, found, now)
    finally:
        _learning.release()


@sweeper
def forget_nonces(context: Context, now: datetime) -> None:
    """Keep the table of used nonces small."""
    with context.database.unit_of_work() as work:
        forget_old_nonces(work.session, now)


def _ring(context: Context, jobs: list[Job]) -> None:
    for job in jobs:
        ring_order(context.bell, job.order_id)
        ring_point(context.bell, job.point_id)
