"""Learning from rows: staff, failures, outages, silences, loads. Nightly, and as prints end.

Print times have a measuring of their own (``jobs.measuring``).
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.loads import read_loads
from parts3d.jobs.measuring import WINDOW
from parts3d.jobs.silences import read_silences
from parts3d.jobs.tables import Attempt, Job, JobEvent
from parts3d.points.hours import BRUSSELS, Hours
from parts3d.points.spell_tables import AgentSilence, PrinterSpell
from parts3d.points.tables import Point, Printer
from parts3d.promises.decision_tables import Learning
from parts3d.promises.learned import LearnedKind, forget_learned, keep_learned
from parts3d.promises.learning.hazards import OUTAGES, SILENCES, Hazard, Spell, learn_hazard
from parts3d.promises.learning.loads import Loads, learn_loads
from parts3d.promises.learning.misses import Misses, learn_misses
from parts3d.promises.learning.rates import Ended, Rates, Try, learn_rates
from parts3d.promises.learning.staff_times import Clearing, StaffTimes, learn_staff_times
from parts3d.promises.outcomes import settled_since
from parts3d.slicing.tables import Slice

MOST_ROWS = 20_000
_RECENT = timedelta(days=90)
_NIGHT_HOUR = 3
_AT_THE_CHECK = (JobStatus.PRINTED, JobStatus.PASSED, JobStatus.READY)
_A_MINUTE, _AN_HOUR, _A_DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
_OUTCOMES = {"printed": Ended.GOOD, "failed": Ended.FAILED, "cancelled": Ended.LOST}


def learning_due(session: Session, now: datetime) -> bool:
    """Tell whether something ended that nothing was learned from, or the night has come."""
    state = session.get(Learning, 1)
    if state is None or state.whole_at is None or _night_of(now) > state.whole_at:
        return True
    newest = session.exec(select(sa.func.max(Attempt.ended_at))).one()
    # At most once in a quarter of an hour by day: the estimates move slowly.
    rested = state.seen_until is None or now - state.seen_until > timedelta(minutes=15)
    return newest is not None and rested and newest > (state.seen_until or newest - _A_MINUTE)


@dataclass(frozen=True, slots=True)
class Found:
    """What was learned, each with how much it was learned from."""

    staff: StaffTimes
    clearings: int
    rates: Rates
    tries: int
    outages: Hazard
    spells: int
    silences: Hazard
    silent: int
    misses: Misses
    loads: Loads
    standing: int


def learn(session: Session, now: datetime) -> Found:
    """Read and learn; takes up to some seconds on years of rows, so do it while reading."""
    clearings = read_clearings(session, now)
    tries = read_failures(session, now)
    spells, hours = read_outages(session, now)
    silent, heard = read_silences(session, now)
    taken, staffed = read_loads(session, clearings, now)
    return Found(
        learn_staff_times(clearings),
        sum(one.done for one in clearings),
        learn_rates(tries),
        len(tries),
        learn_hazard(OUTAGES, spells, hours),
        len(spells),
        learn_hazard(SILENCES, silent, heard),
        len(silent),
        learn_misses(settled_since(session, now - WINDOW, now)),
        learn_loads(taken, staffed),
        len(staffed),
    )


def keep_found(session: Session, found: Found, now: datetime) -> None:
    """Keep what was learned as the current rows; one at a time writes them."""
    state = session.exec(select(Learning).with_for_update()).first()
    if state is None:
        state = Learning()
        session.add(state)
        session.flush()
    keep_learned(session, LearnedKind.STAFF, found.staff, found.clearings, now)
    keep_learned(session, LearnedKind.FAILURES, found.rates, found.tries, now)
    keep_learned(session, LearnedKind.OUTAGES, found.outages, found.spells, now)
    keep_learned(session, LearnedKind.SILENCES, found.silences, found.silent, now)
    keep_learned(session, LearnedKind.MISSES, found.misses, found.misses.counted, now)
    keep_learned(session, LearnedKind.LOADS, found.loads, found.standing, now)
    forget_learned(session, now)
    old = col(PrinterSpell.ended_at) < now - WINDOW
    session.execute(sa.delete(PrinterSpell).where(old))
    past = col(AgentSilence.ended_at) < now - WINDOW
    session.execute(sa.delete(AgentSilence).where(past))
    state.seen_until = now
    state.whole_at = now
    session.flush()


def read_clearings(session: Session, now: datetime) -> list[Clearing]:
    """Return how many staffed minutes prints waited until they were checked; open ones too."""
    points = {one.id: one for one in session.exec(select(Point)).all()}
    hours = {key: Hours.parse(one.staffed_hours) for key, one in points.items()}
    events = session.exec(
        select(JobEvent, Job.point_id)
        .join(Job, col(Job.id) == col(JobEvent.job_id))
        .where(
            col(JobEvent.at) > now - _RECENT,
            sa.or_(
                col(JobEvent.to_status) == JobStatus.PRINTED,
                col(JobEvent.from_status) == JobStatus.PRINTED,
            ),
        )
        .order_by(col(JobEvent.at), col(JobEvent.id))
        .limit(MOST_ROWS)
    ).all()
    printed: dict[tuple[str, int], tuple[datetime, str]] = {}
    busy_until: dict[str, datetime] = {}
    found = []
    for event, point_id in events:
        key = (event.job_id, event.epoch)
        if event.to_status == JobStatus.PRINTED:
            printed[key] = (event.at, point_id)
            continue
        begun, at = printed.pop(key, (None, ""))
        if begun is None:
            continue
        # One person: what lay there before came first.
        since = max(begun, busy_until.get(at, begun))
        busy_until[at] = event.at
        found.append(_clearing(hours[at], at, since, event.at, now, done=True))
    for begun, at in printed.values():
        since = max(begun, busy_until.get(at, begun))
        found.append(_clearing(hours[at], at, since, now, now, done=False))
    return [one for one in found if one.staffed_minutes > 0]


def _clearing(
    hours: Hours, point_id: str, since: datetime, until: datetime, now: datetime, *, done: bool
) -> Clearing:
    minutes = hours.open_time(since, until) / _A_MINUTE
    begins = hours.next_open(since) or since
    return Clearing(
        point_id, begins.astimezone(BRUSSELS).hour, minutes, done, max((now - until) / _A_DAY, 0.0)
    )


def read_failures(session: Session, now: datetime) -> list[Try]:
    """Return the started attempts and how each ended; running ones too."""
    rejected = set(
        session.exec(
            select(JobEvent.job_id, JobEvent.epoch).where(
                JobEvent.to_status == JobStatus.FAILED,
                col(JobEvent.from_status).in_(_AT_THE_CHECK),
                col(JobEvent.at) > now - WINDOW,
            )
        )
    )
    rows = session.exec(
        select(Attempt, Printer.model, Slice.print_seconds)
        .join(Printer, col(Printer.id) == col(Attempt.printer_id))
        .join(Slice, col(Slice.id) == col(Attempt.slice_id))
        .where(
            col(Attempt.started_at).is_not(None),
            sa.or_(col(Attempt.ended_at).is_(None), col(Attempt.ended_at) > now - WINDOW),
        )
        .order_by(col(Attempt.leased_at).desc())
        .limit(MOST_ROWS)
    ).all()
    return [_try(attempt, model, seconds or 0, rejected, now) for attempt, model, seconds in rows]


def _try(
    attempt: Attempt, model: str, seconds: int, rejected: set[tuple[str, int]], now: datetime
) -> Try:
    ended = _OUTCOMES.get(attempt.outcome or "", Ended.RUNNING)
    if attempt.ended_at is not None and ended is Ended.RUNNING:
        ended = Ended.LOST
    if ended is Ended.GOOD and (attempt.job_id, attempt.epoch) in rejected:
        ended = Ended.REJECTED
    until = attempt.ended_at or now
    begun = attempt.started_at or until
    lasted = attempt.printed_seconds or attempt.running_seconds
    hours = lasted / 3600 if lasted else max((until - begun) / _AN_HOUR, 0.0)
    age = max((now - until) / _A_DAY, 0.0) if attempt.ended_at else 0.0
    return Try(model, attempt.printer_id, hours, max(seconds / 3600, hours), ended, age)


def read_outages(session: Session, now: datetime) -> tuple[list[Spell], dict[str, float]]:
    """Return the outages of printers, and the hours in which each could have had one."""
    begin = now - WINDOW
    spells: list[Spell] = []
    away: dict[str, float] = defaultdict(float)
    for row in session.exec(
        select(PrinterSpell).where(col(PrinterSpell.began_at) > begin).limit(MOST_ROWS)
    ):
        hours = ((row.ended_at or now) - row.began_at) / _AN_HOUR
        away[row.printer_id] += hours
        spells.append(Spell(row.printer_id, hours, over=row.ended_at is not None))
    standing: Sequence[Printer] = session.exec(
        select(Printer).where(col(Printer.withdrawn_at).is_(None))
    ).all()
    working = {
        one.id: max((now - max(one.created_at, begin)) / _AN_HOUR - away[one.id], 1.0)
        for one in standing
    }
    known = [spell for spell in spells if spell.unit in working]
    return known, working


def note_spells(session: Session, now: datetime) -> int:
    """Note printers that broke down or came back since the last look; the sweep's.

    Returns how many spells began or ended.
    """
    open_rows = {
        row.printer_id: row
        for row in session.exec(
            select(PrinterSpell).where(col(PrinterSpell.ended_at).is_(None)).with_for_update()
        )
    }
    changed = 0
    for printer in session.exec(
        select(Printer).where(
            sa.or_(col(Printer.condition).in_(_DOWN), col(Printer.id).in_(list(open_rows)))
        )
    ):
        down = printer.condition in _DOWN and printer.withdrawn_at is None
        row = open_rows.get(printer.id)
        if down and row is None:
            session.add(
                PrinterSpell(printer_id=printer.id, condition=printer.condition, began_at=now)
            )
            changed += 1
        elif not down and row is not None:
            row.ended_at = now
            changed += 1
    session.flush()
    return changed


# Broken, or switched off: nothing is printed there. An agent that is silent says nothing.
_DOWN = ("error", "attention")


def _night_of(now: datetime) -> datetime:
    local = now.astimezone(BRUSSELS)
    night = local.replace(hour=_NIGHT_HOUR, minute=0, second=0, microsecond=0)
    return night if night <= local else night - _A_DAY
