"""What stands before a new print on each printer: the jobs' side of a promise."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job
from parts3d.points.tables import Printer
from parts3d.promises.measured import print_time, print_time_on
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queries import PrinterQueue
from parts3d.promises.queued import Queued
from parts3d.promises.remaining import LEAST_SECONDS, remaining
from parts3d.slicing.corrections import current_corrections
from parts3d.slicing.serving import sliced_seconds

_RUNNING = frozenset({JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.UNKNOWN})
# A failed job most likely is printed again; one that a person must look at may be.
_WAITING = frozenset({JobStatus.WAITING, JobStatus.LEASED, JobStatus.FAILED, JobStatus.NEEDS_HUMAN})


def read_queues(
    session: Session, point_ids: Collection[str], now: datetime
) -> Mapping[str, PrinterQueue]:
    """Return the queues of the points' printers, by printer id; one query for the jobs.

    A job that no printer has taken counts where its promise was planned; if that printer has
    gone, at the point's first one.
    """
    rows = session.exec(
        select(Job, Attempt)
        .outerjoin(Attempt, col(Attempt.id) == col(Job.attempt_id))
        .where(
            col(Job.point_id).in_(list(point_ids)),
            col(Job.status).in_([*_RUNNING, *_WAITING, JobStatus.PRINTED]),
        )
        .order_by(col(Job.due_at), col(Job.created_at), col(Job.copy_number))
    ).all()
    jobs = [job for job, _ in rows]
    tries = {job.id: attempt for job, attempt in rows}
    standing = _standing(session, {job.point_id for job in jobs})
    models = {one: model for some in standing.values() for one, model in some.items()}
    corrections = current_corrections(
        session, printers=models, revisions={job.revision_id for job in jobs}
    )
    seconds = sliced_seconds(session, {(job.revision_id, job.copies) for job in jobs})
    running: dict[str, list[Queued]] = defaultdict(list)
    waiting: dict[str, list[Queued]] = defaultdict(list)
    printed: dict[str, list[tuple[Job, Queued]]] = defaultdict(list)
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
            printed[printer_id].append((job, _queued(job, time, elsewhere)))
        elif job.status in _RUNNING:
            left, done = _remaining(job, tries[job.id], time, now)
            running[printer_id].append(replace(_queued(job, left, elsewhere), done_share=done))
        else:
            waiting[printer_id].append(_queued(job, time, elsewhere))
    return {
        printer_id: _queue(
            running.get(printer_id, []), waiting.get(printer_id, []), printed.get(printer_id, [])
        )
        for printer_id in {*running, *waiting, *printed}
    }


def _queue(
    running: Sequence[Queued], waiting: Sequence[Queued], printed: Sequence[tuple[Job, Queued]]
) -> PrinterQueue:
    # What was printed last lies on the bed, if that was not cleared since (``to_check`` if it was).
    ordered = sorted(printed, key=lambda one: (one[0].printed_at or one[0].created_at, one[0].id))
    last = ordered[-1] if ordered else None
    return PrinterQueue(
        running=next(iter(running), None),
        waiting=(*running[1:], *waiting),
        to_check=sum(job.copies for job, _ in printed),
        printed=last[1] if last else None,
        printed_at=last[0].printed_at if last else None,
    )


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
        # What will be stock is promised to nobody.
        due_at=None if job.surplus_since is not None else job.due_at,
        material=job.material,
        copies=job.copies,
        print_times=elsewhere,
        hedge_of=job.hedge_of,
        may_move=job.status is JobStatus.WAITING,
    )


def _remaining(
    job: Job, attempt: Attempt | None, whole: PrintTime, now: datetime
) -> tuple[PrintTime, float]:
    """Return what is left of a running print, and the share done: by its agent, and as measured."""
    heard = job.last_heard_at or now
    begun = (attempt.started_at or attempt.permitted_at) if attempt is not None else None
    if begun is None:
        left = whole.median_seconds * (1 - (job.progress or 0.0))
        if job.remaining_seconds is not None:
            left = job.remaining_seconds - (now - heard).total_seconds()
        share = min(max(job.progress or 0.0, 0.0), 1.0)
        return replace(whole, median_seconds=max(left, LEAST_SECONDS)), share
    told = None
    lasted = max((heard - begun).total_seconds(), 0.0)
    if job.remaining_seconds is not None:
        told = lasted + job.remaining_seconds
    elif job.progress:
        told = lasted / job.progress
    return remaining(whole, (now - begun).total_seconds(), told_seconds=told, progress=job.progress)
