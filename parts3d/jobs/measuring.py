"""Measured print times: what printers really took against what the slice said.

Read from attempts, learned by ``slicing.correction_fit``, kept by ``slicing.corrections``: after
each ended print (found by the sweep) and once a night.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job, JobEvent
from parts3d.points.tables import Printer
from parts3d.slicing.correction import (
    NO_TRIES,
    FailureRate,
    Scope,
    failure_rate,
)
from parts3d.slicing.correction_fit import (
    HALF_LIFE_DAYS,
    MeasuredPrint,
    learn_model,
    learn_network,
)
from parts3d.slicing.correction_tables import PrintTimeLearning
from parts3d.slicing.corrections import Measured, current_corrections, keep
from parts3d.slicing.tables import Slice

# The newest prints of a model are enough, and fitted in about half a second.
MOST_PRINTS = 5000
WINDOW = timedelta(days=365)
_BRUSSELS = ZoneInfo("Europe/Brussels")
_NIGHT_HOUR = 3
# Two ends of prints may be committed in another order than they were heard.
_SETTLING = timedelta(seconds=2)
_STILL_RUNS = frozenset({JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.UNKNOWN})
_ON_THE_BED_OR_LATER = (JobStatus.PRINTED, JobStatus.PASSED, JobStatus.READY)
# How a started attempt can end; the others ended before the printer did anything.
_ENDED_WELL, _ENDED_BADLY = "printed", frozenset({"failed", "cancelled"})


@dataclass(frozen=True, slots=True)
class Tried:
    """One attempt on a printer of the model, as the learning needs it.

    Args:
        attempt_id: the row's.
        printer_id: where.
        revision_id: what.
        print: its time; None when it has none (failed, or a person settled it).
        ended_at: None while it runs.
        good: False when it failed or its part was rejected; None while it runs.
    """

    attempt_id: str
    printer_id: str
    revision_id: str
    print: MeasuredPrint | None
    ended_at: datetime | None
    good: bool | None


@dataclass(frozen=True, slots=True)
class LearnedRows:
    """What was learned of a model, by the key of the rows."""

    model: Measured
    printers: Mapping[str, Measured]
    parts: Mapping[str, Measured]


def models_due(session: Session, now: datetime) -> tuple[list[str], datetime, bool]:
    """Return the models to learn anew, until when prints are seen, and whether it is nightly.

    Those that a print ended on since the last time; once a night, all.
    """
    state = session.get(PrintTimeLearning, 1)
    nightly = state is None or state.whole_at is None or _night_of(now) > state.whole_at
    statement = (
        select(Printer.model, sa.func.max(Attempt.ended_at))
        .join(Attempt, col(Attempt.printer_id) == col(Printer.id))
        .where(col(Attempt.ended_at) > now - WINDOW)
        .group_by(col(Printer.model))
    )
    seen_until = state.seen_until if state else None
    if seen_until is not None and not nightly:
        statement = statement.where(col(Attempt.ended_at) > seen_until)
    ended = dict(session.exec(statement).all())
    newest = max((one for one in [*ended.values(), seen_until] if one is not None), default=now)
    return sorted(ended), min(newest, now - _SETTLING), nightly


def read_tries(
    session: Session, model: str, now: datetime, *, most: int = MOST_PRINTS
) -> list[Tried]:
    """Return the newest started attempts on printers of a model, running ones too."""
    rows = session.exec(
        select(Attempt, Job, Slice.print_seconds)
        .join(Printer, col(Printer.id) == col(Attempt.printer_id))
        .join(Job, col(Job.id) == col(Attempt.job_id))
        .join(Slice, col(Slice.id) == col(Attempt.slice_id))
        .where(
            Printer.model == model,
            col(Attempt.permitted_at).is_not(None),
            sa.or_(col(Attempt.ended_at).is_(None), col(Attempt.ended_at) > now - WINDOW),
        )
        .order_by(col(Attempt.leased_at).desc())
        .limit(most)
    ).all()
    rejected = _rejected(session, [job.id for _, job, _ in rows])
    return [_tried(attempt, job, seconds or 0, rejected, now) for attempt, job, seconds in rows]


def _tried(
    attempt: Attempt, job: Job, estimated: int, rejected: set[tuple[str, int]], now: datetime
) -> Tried:
    good: bool | None = None
    if attempt.outcome == _ENDED_WELL:
        good = (job.id, attempt.epoch) not in rejected
    elif attempt.outcome in _ENDED_BADLY:
        good = False
    seconds, complete = None, False
    if attempt.outcome == _ENDED_WELL:
        # A person's word that it was printed carries no time.
        seconds, complete = attempt.printed_seconds, True
    elif attempt.ended_at is None and job.attempt_id == attempt.id and job.status in _STILL_RUNS:
        seconds = attempt.running_seconds
    measured = None
    if seconds:
        age = (now - attempt.ended_at) if attempt.ended_at else timedelta()
        measured = MeasuredPrint(
            attempt.printer_id,
            job.revision_id,
            float(estimated),
            seconds,
            max(age / timedelta(days=1), 0.0),
            complete,
            paused=attempt.paused_at is not None,
        )
    return Tried(attempt.id, attempt.printer_id, job.revision_id, measured, attempt.ended_at, good)


def _rejected(session: Session, job_ids: Sequence[str]) -> set[tuple[str, int]]:
    """Return (job, epoch) of prints that came to the check and were rejected as a whole."""
    ids = list(dict.fromkeys(job_ids))
    found: set[tuple[str, int]] = set()
    for start in range(0, len(ids), 500):
        rows = session.exec(
            select(JobEvent.job_id, JobEvent.epoch).where(
                col(JobEvent.job_id).in_(ids[start : start + 500]),
                JobEvent.to_status == JobStatus.FAILED,
                col(JobEvent.from_status).in_(_ON_THE_BED_OR_LATER),
            )
        )
        found |= set(rows.all())
    return found


def learn_rows(tries: Collection[Tried], network: Measured, now: datetime) -> LearnedRows:
    """Learn what a model's attempts say of it, its printers and its parts. Pure."""
    learned = learn_model([one.print for one in tries if one.print], network.correction)
    since: dict[str, datetime] = {}
    for one in tries:
        if one.print and one.print.complete and one.ended_at:
            for key in ("", one.printer_id, one.revision_id):
                since[key] = min(since.get(key, one.ended_at), one.ended_at)
    by_printer: dict[str, list[Tried]] = defaultdict(list)
    for one in tries:
        by_printer[one.printer_id].append(one)
    of_model = _failures(tries, network.failures, now)
    # A printer that only ever failed has no time of its own.
    untimed = replace(
        learned.model,
        log_shift=0.0,
        log_error=learned.model.printer_spread,
        prints=0,
        running=0,
        left_out=0,
        weight=0.0,
    )
    return LearnedRows(
        Measured(learned.model, of_model, since.get("")),
        {
            key: Measured(
                learned.printers.get(key, untimed), _failures(some, of_model, now), since.get(key)
            )
            for key, some in by_printer.items()
        },
        {
            key: Measured(correction, NO_TRIES, since.get(key))
            for key, correction in learned.parts.items()
        },
    )


def _failures(tries: Collection[Tried], parent: FailureRate, now: datetime) -> FailureRate:
    total = bad = 0.0
    for one in tries:
        if one.good is None or one.ended_at is None:
            continue
        weight = 0.5 ** (max((now - one.ended_at) / timedelta(days=1), 0.0) / HALF_LIFE_DAYS)
        total += weight
        bad += 0.0 if one.good else weight
    return failure_rate(total, bad, parent)


def learn_of_model(session: Session, model: str, now: datetime) -> LearnedRows:
    """Read and learn a model; takes up to a second, so do it outside a writing unit.

    Its parent is what the other models say: with itself in it, every round would creep on.
    """
    known = current_corrections(session).models
    others = _network([one for name, one in known.items() if name != model])
    return learn_rows(read_tries(session, model, now), others, now)


def keep_rows(session: Session, learned: Mapping[str, LearnedRows], now: datetime) -> int:
    """Keep what was learned, by model, and the network's mean; returns how many rows are new."""
    _state(session)
    new = 0
    for model, rows in learned.items():
        new += keep(session, Scope.MODEL, model, {"": rows.model}, now)
        new += keep(session, Scope.PRINTER, model, rows.printers, now)
        new += keep(session, Scope.PART, model, rows.parts, now)
    models = current_corrections(session).models.values()
    return new + keep(session, Scope.NETWORK, "", {"": _network(list(models))}, now)


def _network(models: Sequence[Measured]) -> Measured:
    """Return what models have in common: what to expect of one more."""
    failures = failure_rate(
        sum(one.failures.tries for one in models), sum(one.failures.failures for one in models)
    )
    since = min((one.since for one in models if one.since), default=None)
    return Measured(learn_network([one.correction for one in models]), failures, since)


def note_learned(session: Session, seen_until: datetime, now: datetime, *, nightly: bool) -> None:
    """Note how far the ended prints were looked at."""
    state = _state(session)
    state.seen_until = seen_until
    if nightly:
        state.whole_at = now
    session.flush()


def _state(session: Session) -> PrintTimeLearning:
    """Return the one row, locked: one at a time writes corrections."""
    found = session.exec(select(PrintTimeLearning).with_for_update()).first()
    if found is None:
        found = PrintTimeLearning()
        session.add(found)
        session.flush()
    return found


def _night_of(now: datetime) -> datetime:
    """Return the last time it was three in the morning."""
    local = now.astimezone(_BRUSSELS)
    night = local.replace(hour=_NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return night if night <= local else night - timedelta(days=1)
