"""A point's day as a timeline by printer: what runs, what starts when, and by when it must.

Reads rows; the times are the usual ones (medians), since this is for people who plan their day,
not for a promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Revision
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job
from parts3d.points.hours import BRUSSELS, Stretch
from parts3d.points.tables import Point, Printer
from parts3d.promises.attendance import cleared_at, handled_at, latest_start, starts_at
from parts3d.promises.queries import point_snapshots
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import PointSnapshot, PrinterSnapshot

_HORIZON = timedelta(days=3)
_LONGEST_SHOWN = timedelta(hours=30)
_LEAST_SHOWN = timedelta(hours=4)
_ALWAYS_SHOWN = timedelta(hours=12)  # of a point that never closes, where maintenance is planned


@dataclass(frozen=True, slots=True)
class Bar:
    """One print on the timeline.

    Args:
        job_id: the job's.
        label: what staff call it.
        title: the part.
        starts_at: of one that runs, now.
        ends_at: in the usual time.
        must_start_by: so that it is bagged by its promise; None for one that runs, or when even
            now is too late.
        due_at: the promise.
        running: it is on the printer.
        late: as it stands it will be later than promised.
        hedge: it is a second print of a part.
    """

    job_id: str
    label: str
    title: str
    starts_at: datetime
    ends_at: datetime
    must_start_by: datetime | None
    due_at: datetime | None
    running: bool
    late: bool
    hedge: bool


@dataclass(frozen=True, slots=True)
class Lane:
    """One printer with its prints, in the order they are made.

    ``trouble`` says why it cannot print now; it is ``away`` for maintenance at these times.
    """

    printer_id: str
    name: str
    material: str
    trouble: str
    bars: tuple[Bar, ...]
    unplanned: tuple[str, ...]
    away: tuple[Stretch, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeline:
    """A point's printers from ``begins_at`` to ``ends_at``, with the times it is closed."""

    point_name: str
    now: datetime
    begins_at: datetime
    ends_at: datetime
    closed: tuple[Stretch, ...]
    closes_at: datetime | None
    lanes: tuple[Lane, ...]


def timeline_of(session: Session, point: Point, now: datetime, language: str) -> Timeline:
    """Return a point's timeline from the present hour on."""
    [snapshot] = point_snapshots(session, [point], now, read_queues=read_queues)
    names = _names(session, point.id, language)
    printer_names = _printer_names(session, point.id)
    lanes = tuple(
        _lane(snapshot, printer, printer_names.get(printer.id, printer.id), names, now)
        for printer in snapshot.printers
    )
    begins_at = now.astimezone(BRUSSELS).replace(minute=0, second=0, microsecond=0)
    closes_at = snapshot.staffed_hours.closes_at(snapshot.staffed_hours.next_open(now) or now)
    ends = [bar.ends_at for lane in lanes for bar in lane.bars]
    # Maintenance that begins while somebody is there is seen whole.
    until = closes_at or now + _ALWAYS_SHOWN
    out = [back for lane in lanes for since, back in lane.away if since < until]
    last = max([*ends, *out, closes_at or now])
    ends_at = min(
        max(last + timedelta(minutes=30), begins_at + _LEAST_SHOWN), begins_at + _LONGEST_SHOWN
    )
    return Timeline(
        point.name,
        now,
        begins_at,
        ends_at,
        tuple(_closed(snapshot, begins_at, ends_at)),
        closes_at,
        lanes,
    )


def _lane(
    point: PointSnapshot,
    printer: PrinterSnapshot,
    name: str,
    names: dict[str, tuple[str, str]],
    now: datetime,
) -> Lane:
    free_at: datetime | None = now
    bars: list[Bar] = []
    unplanned: list[str] = []
    if printer.running is not None:
        ends_at = now + _usual(printer.running)
        bars.append(_bar(point, printer.running, names, now, ends_at, now, running=True))
        free_at = cleared_at(point, ends_at)
    elif not printer.bed_clear:
        free_at = cleared_at(point, now)
    for queued in printer.waiting:
        duration = _usual(queued)
        start = None
        if free_at is not None and printer.available:
            start = starts_at(point, free_at, duration, now + _HORIZON, printer.away)
        if start is None:
            unplanned.append(names.get(queued.job_id, (queued.job_id, ""))[0])
            continue
        bars.append(_bar(point, queued, names, start, start + duration, now, running=False))
        free_at = cleared_at(point, start + duration)
    return Lane(
        printer.id,
        name,
        printer.material,
        printer.reason,
        tuple(bars),
        tuple(unplanned),
        printer.away,
    )


def _bar(
    point: PointSnapshot,
    queued: Queued,
    names: dict[str, tuple[str, str]],
    starts: datetime,
    ends: datetime,
    now: datetime,
    *,
    running: bool,
) -> Bar:
    label, title = names.get(queued.job_id, (queued.job_id, ""))
    bagged = handled_at(point, ends, ends, queued.copies)
    must = None
    if queued.due_at is not None and not running:
        must = latest_start(point, queued.due_at, ends - starts, queued.copies, now)
    return Bar(
        queued.job_id,
        label,
        title,
        starts,
        ends,
        must,
        queued.due_at,
        running,
        late=queued.due_at is not None and (bagged is None or bagged > queued.due_at),
        hedge=queued.hedge_of is not None,
    )


def _usual(queued: Queued) -> timedelta:
    return timedelta(seconds=queued.time.median_seconds)


def _closed(point: PointSnapshot, begins_at: datetime, ends_at: datetime) -> Sequence[Stretch]:
    found: list[Stretch] = []
    at = begins_at
    for opens, closes in point.staffed_hours.open_intervals(begins_at, ends_at):
        if opens > at:
            found.append((at, opens))
        at = max(at, closes)
    if at < ends_at:
        found.append((at, ends_at))
    return found


def _names(session: Session, point_id: str, language: str) -> dict[str, tuple[str, str]]:
    rows = session.exec(
        select(Job, Revision)
        .join(Revision, col(Revision.id) == col(Job.revision_id))
        .where(
            Job.point_id == point_id,
            col(Job.status).not_in(
                [JobStatus.HANDED_OVER, JobStatus.CANCELLED, JobStatus.MOVED, JobStatus.READY]
            ),
        )
    )
    return {job.id: (job.label, title_in(revision, language)) for job, revision in rows}


def _printer_names(session: Session, point_id: str) -> dict[str, str]:
    rows = session.exec(select(Printer.id, Printer.name).where(Printer.point_id == point_id))
    return dict(rows.all())
