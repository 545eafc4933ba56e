"""Moves inside a point: another printer, a reprint without waiting, a second job.

Each looks again under the rows' locks whether it still helps, and leaves a row with its reason.
Twice is once: whoever comes second finds the job elsewhere already.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import Session, select

from parts3d.catalogue.tables import Revision
from parts3d.jobs.hedges import first_of, is_served, lock_twins
from parts3d.jobs.keeping.tables import Rescue, RescueKind, RescueStatus
from parts3d.jobs.keeping.words import TOLD, hedge_words, planned_words
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.placing import add_job
from parts3d.jobs.remaking import bed_exists
from parts3d.jobs.stock import print_instead
from parts3d.jobs.tables import Job, JobEvent
from parts3d.orders.moves import note_order
from parts3d.orders.queries import lock_order
from parts3d.points.tables import Printer
from parts3d.quotes.queries import ready_slices

ACTOR = "system"
# After so many tries a person looks first: it may not be the printer's fault.
MOST_TRIES_UNSEEN = 3
_GONE = frozenset({JobStatus.CANCELLED, JobStatus.MOVED, JobStatus.HANDED_OVER})
_MADE = frozenset({JobStatus.PRINTED, JobStatus.PASSED, JobStatus.READY})


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of a move, as data.

    Args:
        reason: code and values.
        ready_before: when it would be ready without the move, at the promise's probability.
        ready_after: with it.
        chance_before: probability to keep the promise without the move.
        chance_after: with it.
    """

    reason: Mapping[str, Any] = field(default_factory=dict)
    ready_before: datetime | None = None
    ready_after: datetime | None = None
    chance_before: float | None = None
    chance_after: float | None = None

    def columns(self) -> dict[str, Any]:
        """Return the columns of a ``Rescue`` row."""
        return {
            "reason": dict(self.reason),
            "ready_before": self.ready_before,
            "ready_after": self.ready_after,
            "chance_before": self.chance_before,
            "chance_after": self.chance_after,
        }


def plan_on(
    session: Session, job_id: str, printer_id: str, why: Why, now: datetime
) -> Rescue | None:
    """Plan a waiting job on another printer of its point; None if it no longer waits."""
    job = _only(lock_twins(session, job_id), job_id)
    printer = _printer_there(session, job, printer_id)
    if job.status is not JobStatus.WAITING or printer is None:
        return None
    if job.planned_printer_id == printer_id:
        return None
    before = job.planned_printer_id
    _plan_there(session, job, printer)
    _note_job(session, job, now, planned_words(printer.name))
    return _done(session, job, RescueKind.PRINTER, why, now, before, printer_id)


def print_again_now(
    session: Session, job_id: str, printer_id: str | None, why: Why, now: datetime
) -> Rescue | None:
    """Let a failed job wait again without a person's word; None if it must not, or need not.

    The bed still gates the start: only a person says that it is clear.
    """
    twins = lock_twins(session, job_id)
    job = _only(twins, job_id)
    if job.status is not JobStatus.FAILED or job.attempt_count >= MOST_TRIES_UNSEEN:
        return None
    # A plate of which some were good, or whose bed is no longer sliced, is a person's to lay out.
    whole = job.copies == 1 or (not job.rejected_copies and bed_exists(session, job, job.copies))
    if is_served(job, twins) or not whole:
        return None
    before = job.printer_id
    move_job(session, job, JobStatus.WAITING, actor=ACTOR, now=now, reason=_AGAIN)
    job.printer_id = job.agent_id = job.progress = job.remaining_seconds = None
    print_instead(job)
    printer = _printer_there(session, job, printer_id)
    if printer is not None:
        _plan_there(session, job, printer)
    session.flush()
    return _done(session, job, RescueKind.REPRINT, why, now, before, job.planned_printer_id)


def hedge(session: Session, job_id: str, printer_id: str, why: Why, now: datetime) -> Rescue | None:
    """Add a second job for the same copies on another printer; None if there is one already.

    Whichever passes its check first serves the line.
    """
    twins = lock_twins(session, job_id)
    job = _only(twins, job_id)
    printer = _printer_there(session, job, printer_id)
    living = [one for one in twins if one.status not in _GONE and one.id != job.id]
    if printer is None or living or job.status in _GONE | _MADE or job.surplus_since:
        return None
    fresh = Job(
        order_id=job.order_id,
        line_id=job.line_id,
        copy_number=job.copy_number,
        copies=job.copies,
        point_id=job.point_id,
        revision_id=job.revision_id,
        material=job.material,
        label=f"{job.label} +",
        status=JobStatus.WAITING,
        print_seconds=job.print_seconds,
        due_at=job.due_at,
        reason=hedge_words(job.label),
        hedge_of=first_of(job),
        created_at=now,
    )
    _plan_there(session, fresh, printer)
    add_job(session, fresh)
    row = _done(session, job, RescueKind.HEDGE, why, now, job.printer_id, printer_id)
    row.new_job_id = fresh.id
    session.flush()
    return row


def _only(twins: Sequence[Job], job_id: str) -> Job:
    return next(one for one in twins if one.id == job_id)


def _printer_there(session: Session, job: Job, printer_id: str | None) -> Printer | None:
    if printer_id is None:
        return None
    return session.exec(
        select(Printer).where(Printer.id == printer_id, Printer.point_id == job.point_id)
    ).first()


def _plan_there(session: Session, job: Job, printer: Printer) -> None:
    job.planned_printer_id = printer.id
    revision = session.get_one(Revision, job.revision_id)
    slices = ready_slices(session, revision, [printer.model], copies=job.copies)
    if printer.model in slices:
        job.print_seconds = slices[printer.model].print_seconds
    session.flush()


def _note_job(session: Session, job: Job, now: datetime, words: str) -> None:
    session.add(
        JobEvent(
            job_id=job.id,
            at=now,
            epoch=job.epoch,
            from_status=job.status,
            to_status=job.status,
            actor=ACTOR,
            reason=words,
        )
    )
    session.flush()


def _done(
    session: Session,
    job: Job,
    kind: RescueKind,
    why: Why,
    now: datetime,
    from_printer_id: str | None,
    to_printer_id: str | None,
) -> Rescue:
    row = Rescue(
        order_id=job.order_id,
        job_id=job.id,
        kind=kind,
        status=RescueStatus.DONE,
        from_point_id=job.point_id,
        to_point_id=job.point_id,
        from_printer_id=from_printer_id,
        to_printer_id=to_printer_id,
        made_at=now,
        **why.columns(),
    )
    session.add(row)
    note_order(session, lock_order(session, job.order_id), TOLD[kind], actor=ACTOR, now=now)
    return row


_AGAIN = "To be printed again."
