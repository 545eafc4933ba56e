"""Whose turn it is at a free printer: the most urgent print of the point that may start there now.

The same rule as in the futures that promises are read from (``promises.sequence``): earliest
promise first, and for the night the longest of those that have time, within what the rule for
unattended printing, planned maintenance and the filament on the spool allow. A print whose
material is not loaded cannot start; but where it could only be made here, and one that is
promised for later would take its last chance, that one stands back until staff have changed the
material, or the chance is past.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from math import exp, inf

import sqlalchemy as sa
from sqlalchemy import case, func
from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Revision
from parts3d.jobs.filament import most_filament_mg
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.points.absences import absences_of
from parts3d.points.calendar import minutes_of
from parts3d.points.closing import closures_of, with_closures
from parts3d.points.hours import Unattended
from parts3d.points.spools import materials_in_stock
from parts3d.points.tables import Point, Printer
from parts3d.promises.attendance import evening_at, latest_start, may_start
from parts3d.promises.measured import print_time_on
from parts3d.promises.print_time import PrintTime
from parts3d.promises.sequence import Elsewhere, Waiting, sequence, stands_back
from parts3d.promises.snapshot import PointSnapshot
from parts3d.slicing.corrections import current_corrections
from parts3d.slicing.serving import serving_order
from parts3d.slicing.tables import Slice, SliceStatus

_MOST_LOOKED_AT = 300


@dataclass(frozen=True, slots=True)
class Turn:
    """A job that may start on the printer now, and the slice it would print."""

    job_id: str
    sliced: Slice


def turns(session: Session, printer: Printer, now: datetime) -> list[Turn]:
    """Return the waiting jobs of the point that may start on this printer now, the next one first.

    Args:
        session: only read from; who takes one locks it, and looks whether it still waits.
        printer: idle, clear, and loaded with its material.
        now: the server's moment.
    """
    candidates = _candidates(session, printer)
    loaded = {key: one for key, one in candidates.items() if one[0].material == printer.material}
    if not loaded:
        return []
    point = _point(session, printer, now)
    corrections = current_corrections(
        session,
        printers=[printer.id],
        revisions={job.revision_id for job, _ in candidates.values()},
    )
    times = {
        key: print_time_on(
            corrections, printer.model, printer.id, job.revision_id, sliced.print_seconds or 0
        )
        for key, (job, sliced) in candidates.items()
    }
    leaves_at = _leaves_at(session, printer, now)
    waiting = sequence(
        [
            Waiting(
                key,
                minutes_of(job.due_at),
                may_start=_may_start(point, times[key], now, leaves_at),
                minutes=_ruled(times[key]) / timedelta(minutes=1),
            )
            for key, (job, _) in loaded.items()
        ],
        evening_at(point, now),
    )
    others = _only_here(session, printer, point, candidates, times, now)
    clear = timedelta(minutes=point.bed_clear_minutes)
    return [
        Turn(one.job_id, loaded[one.job_id][1])
        for one in waiting
        if not stands_back(one, minutes_of(now + _ruled(times[one.job_id]) + clear), others)
    ]


def may_begin(
    session: Session, printer: Printer, job: Job, print_seconds: float, now: datetime
) -> bool:
    """Tell whether the shop's rule and planned maintenance let a print begin there at this moment.

    For the permit: between claim and start lie a download and an upload, and perhaps closing time.
    """
    corrections = current_corrections(session, printers=[printer.id], revisions=[job.revision_id])
    time = print_time_on(corrections, printer.model, printer.id, job.revision_id, print_seconds)
    leaves_at = _leaves_at(session, printer, now)
    return _may_start(_point(session, printer, now), time, now, leaves_at)


@cache  # to build it takes as long as to ask it
def _queue(*, counted: bool) -> sa.Select[Job, Slice]:
    """Return the question for the queue of a printer whose spool is ``counted``, or is not."""
    enough: sa.ColumnElement[bool] = sa.true()
    if counted:
        other_spool = col(Job.material) != sa.bindparam("loaded")
        enough = sa.or_(other_spool, func.coalesce(Slice.filament_mg, 0) <= sa.bindparam("most_mg"))
    planned_here = case((col(Job.planned_printer_id) == sa.bindparam("printer_id"), 0), else_=1)
    return (
        select(Job, Slice)
        .join(Revision, col(Revision.id) == col(Job.revision_id))
        .join(
            Slice,
            (col(Slice.model_sha256) == col(Revision.model_sha256))
            & (col(Slice.recipe_sha256) == col(Revision.recipe_sha256)),
        )
        .where(
            col(Job.point_id) == sa.bindparam("point_id"),
            Job.status == JobStatus.WAITING,
            col(Slice.printer_model) == sa.bindparam("printer_model"),
            Slice.material == col(Job.material),
            col(Slice.copies) == col(Job.copies),
            Slice.status == SliceStatus.READY,
            enough,
        )
        .order_by(col(Job.due_at), planned_here, col(Job.created_at), *serving_order())
        .limit(_MOST_LOOKED_AT)
    )


def _candidates(session: Session, printer: Printer) -> Mapping[str, tuple[Job, Slice]]:
    """Return the waiting jobs that this printer's model can make, in the order they would go."""
    most_mg = most_filament_mg(session, printer)
    asked: dict[str, object] = {
        "point_id": printer.point_id,
        "printer_id": printer.id,
        "printer_model": printer.model,
    }
    if most_mg is not None:
        asked |= {"loaded": printer.material, "most_mg": most_mg}
    found: dict[str, tuple[Job, Slice]] = {}
    for job, sliced in session.execute(_queue(counted=most_mg is not None), asked):
        found.setdefault(job.id, (job, sliced))
    return found


def _point(session: Session, printer: Printer, now: datetime) -> PointSnapshot:
    """Return hours and rules of the printer's point; nothing of its queues."""
    point = session.get_one(Point, printer.point_id)
    closed = closures_of(session, [point.id], now).get(point.id, ())
    return PointSnapshot(
        id=point.id,
        opening_hours=with_closures(point.opening_hours, closed),
        staffed_hours=with_closures(point.staffed_hours, closed),
        unattended=Unattended(point.unattended.value),
        printers=(),
        bed_clear_minutes=point.bed_clear_minutes,
        check_minutes=point.check_minutes,
    )


def _leaves_at(session: Session, printer: Printer, now: datetime) -> datetime | None:
    """Return when the printer is out the next time; None: nothing is planned."""
    planned = absences_of(session, [printer.id], now).get(printer.id, ())
    return planned[0].starts_at if planned else None


def _may_start(
    point: PointSnapshot, time: PrintTime, now: datetime, leaves_at: datetime | None
) -> bool:
    if leaves_at is not None and now + _ruled(time) > leaves_at:
        return False
    return may_start(point, now, _ruled(time))


def _ruled(time: PrintTime) -> timedelta:
    """Return what the rules reckon with: a slow one of these prints, as in ``futures.scene``."""
    seconds = time.ruled_seconds
    return timedelta(seconds=time.median_seconds * exp(time.sigma) if seconds is None else seconds)


def _only_here(
    session: Session,
    printer: Printer,
    point: PointSnapshot,
    candidates: Mapping[str, tuple[Job, Slice]],
    times: Mapping[str, PrintTime],
    now: datetime,
) -> Sequence[Elsewhere]:
    """Return the jobs that wait for staff to load their material, and for no other printer."""
    strange = [job for job, _ in candidates.values() if job.material != printer.material]
    if not strange or not point.staffed_hours.is_open(now):
        return []
    elsewhere = set(
        session.exec(
            select(Printer.material).where(
                Printer.point_id == printer.point_id,
                Printer.id != printer.id,
                col(Printer.withdrawn_at).is_(None),
            )
        )
    )
    stock = materials_in_stock(session, [printer.point_id])[printer.point_id] - elsewhere
    return [
        Elsewhere(
            minutes_of(job.due_at),
            -inf
            if (last := latest_start(point, job.due_at, _ruled(times[job.id]), job.copies, now))
            is None
            else minutes_of(last),
        )
        for job in strange
        if job.material in stock
    ]
