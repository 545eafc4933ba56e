"""Copies that have to be printed once more: as a plate where one is sliced, else one by one."""

from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Revision
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.placing import add_job, job_label
from parts3d.jobs.tables import Job
from parts3d.orders.tables import Order, OrderLine
from parts3d.points.tables import Printer
from parts3d.quotes.queries import ready_slices


def remake_copies(
    session: Session, job: Job, *, first_copy: int, copies: int, now: datetime, reason: str
) -> list[Job]:
    """Add jobs for copies of a job that have to be printed again; they wait like any other.

    Args:
        session: flushed, not committed.
        job: whose copies they were; its order keeps its promised time.
        first_copy: number of the first of them, in the line.
        copies: how many.
        now: the server's moment.
        reason: in words, for the history.
    """
    revision = session.get_one(Revision, job.revision_id)
    order = session.get_one(Order, job.order_id)
    lines = session.exec(select(OrderLine).where(OrderLine.order_id == order.id)).all()
    line = next(one for one in lines if one.id == job.line_id)
    each, seconds = _bed(session, job, revision, copies)
    made = []
    for number in range(first_copy, first_copy + copies, each):
        fresh = Job(
            order_id=job.order_id,
            line_id=job.line_id,
            copy_number=number,
            copies=each,
            point_id=job.point_id,
            planned_printer_id=job.planned_printer_id,
            revision_id=job.revision_id,
            material=job.material,
            label=job_label(order.number, line, len(lines), number, each),
            status=JobStatus.WAITING,
            print_seconds=seconds,
            due_at=job.due_at,
            reason=reason,
            remade_from=job.id,
            created_at=now,
        )
        made.append(add_job(session, fresh))
    return made


def bed_exists(session: Session, job: Job, copies: int) -> bool:
    """Tell whether a printer of the job's point has a slice of so many copies on one bed."""
    revision = session.get_one(Revision, job.revision_id)
    return bool(ready_slices(session, revision, _models(session, job), copies=copies))


def _bed(session: Session, job: Job, revision: Revision, copies: int) -> tuple[int, int]:
    """Return how many copies go on one bed, and the seconds of its print."""
    models = _models(session, job)
    for each in (copies, 1):
        slices = ready_slices(session, revision, models, copies=each)
        if slices:
            return each, max(one.print_seconds for one in slices.values())
    # Nothing is sliced for a printer that still stands there; the old figure is the best guess.
    return 1, round(job.print_seconds / job.copies)


def _models(session: Session, job: Job) -> list[str]:
    return list(
        session.exec(
            select(Printer.model).where(
                Printer.point_id == job.point_id, col(Printer.withdrawn_at).is_(None)
            )
        )
    )
