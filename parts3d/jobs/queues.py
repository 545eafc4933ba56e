"""What stands before a new print on each printer: the jobs' side of a promise."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.points.tables import Printer
from parts3d.promises.measured import print_time, print_time_on
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queries import PrinterQueue
from parts3d.promises.queued import Queued
from parts3d.slicing.corrections import current_corrections
from parts3d.slicing.serving import sliced_seconds

_RUNNING = frozenset({JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.UNKNOWN})
# A failed job most likely is printed again; one that a person must look at may be.
_WAITING = frozenset({JobStatus.WAITING, JobStatus.LEASED, JobStatus.FAILED, JobStatus.NEEDS_HUMAN})
# A print that runs over its time ends "any moment": a minute, never less.
_LEAST_REMAINING_SECONDS = 60.0


def read_queues(
    session: Session, point_ids: Collection[str], now: datetime
) -> Mapping[str, PrinterQueue]:
    """Return the queues of the points' printers, by printer id; one query for the jobs.

    A job that no printer has taken counts where its promise was planned; if that printer has
    gone, at the point's first one.
    """
    jobs = session.exec(
        select(Job)
        .where(
            col(Job.point_id).in_(list(point_ids)),
            col(Job.status).in_([*_RUNNING, *_WAITING, JobStatus.PRINTED]),
        )
        .order_by(col(Job.due_at), col(Job.created_at), col(Job.copy_number))
    ).all()
    standing = _standing(session, {job.point_id for job in jobs})
    models = {one: model for some in standing.values() for one, model in some.items()}
    corrections = current_corrections(
        session, printers=models, revisions={job.revision_id for job in jobs}
    )
    seconds = sliced_seconds(session, {(job.revision_id, job.copies) for job in jobs})
    running: dict[str, list[Queued]] = defaultdict(list)
    waiting: dict[str, list[Queued]] = defaultdict(list)
    to_check: dict[str, int] = defaultdict(int)
    for job in jobs:
        printer_id = _where(job, list(standing.get(job.point_id, {})))
        if printer_id is None:
            continue
        time = print_time_on(
            corrections, models[printer_id], printer_id, job.revision_id, job.print_seconds
        )
        elsewhere = {
            model: print_time(corrections, model, job.revision_id, there)
            for model, there in seconds.get((job.revision_id, job.copies), {}).items()
        }
        if job.status is JobStatus.PRINTED:
            to_check[printer_id] += job.copies
        elif job.status in _RUNNING:
            running[printer_id].append(_queued(job, _remaining(job, time, now), elsewhere))
        else:
            waiting[printer_id].append(_queued(job, time, elsewhere))
    return {
        printer_id: PrinterQueue(
            running=next(iter(running[printer_id]), None),
            waiting=(*running[printer_id][1:], *waiting[printer_id]),
            to_check=to_check[printer_id],
        )
        for printer_id in {*running, *waiting, *to_check}
    }


def _standing(session: Session, point_ids: Collection[str]) -> Mapping[str, dict[str, str]]:
    """Return the printers in use and their models, by point, in a fixed order."""
    found: dict[str, dict[str, str]] = defaultdict(dict)
    rows = session.exec(
        select(Printer.point_id, Printer.id, Printer.model)
        .where(col(Printer.point_id).in_(list(point_ids)), col(Printer.withdrawn_at).is_(None))
        .order_by(Printer.name, Printer.id)
    )
    for point_id, printer_id, model in rows:
        found[point_id][printer_id] = model
    return found


def _where(job: Job, standing: list[str]) -> str | None:
    for printer_id in (job.printer_id, job.planned_printer_id):
        if printer_id in standing:
            return printer_id
    return standing[0] if standing else None


def _queued(job: Job, time: PrintTime, elsewhere: Mapping[str, PrintTime]) -> Queued:
    return Queued(
        time,
        job_id=job.id,
        order_id=job.order_id,
        due_at=job.due_at,
        material=job.material,
        copies=job.copies,
        print_times=elsewhere,
        hedge_of=job.hedge_of,
        may_move=job.status is JobStatus.WAITING,
        done_share=min(max(job.progress or 0.0, 0.0), 1.0) if job.status in _RUNNING else 0.0,
    )


def _remaining(job: Job, whole: PrintTime, now: datetime) -> PrintTime:
    """Return what is left of a running print: by the last word of its agent, else as measured."""
    if job.remaining_seconds is not None and job.last_heard_at is not None:
        left = job.remaining_seconds - (now - job.last_heard_at).total_seconds()
    else:
        left = whole.median_seconds * (1 - (job.progress or 0.0))
    return replace(whole, median_seconds=max(left, _LEAST_REMAINING_SECONDS))
