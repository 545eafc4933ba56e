"""Snapshots of points, read from the rows: what ``plan`` computes with.

Jobs come after promises in the house, so their queue is handed in as a value; see
``docs/decisions/0010-queues-are-handed-in.md``.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.points.closing import closures_of, with_closures
from parts3d.points.geography import Place
from parts3d.points.hours import BRUSSELS, Stretch, Unattended
from parts3d.points.tables import Point, Printer
from parts3d.promises.learned import LearnedValues, current_learned
from parts3d.promises.measured import pace, print_time_on
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Hold, PointSnapshot, PrinterSnapshot
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.slicing.corrections import Corrections, current_corrections

# An agent speaks every 20 s. Longer than this: the shop is off-line, and a promise on its
# printers would be a guess.
SILENT_AFTER = timedelta(minutes=10)
# Of the bad prints, how many only the check finds, before any are counted.
UNMEASURED_REJECT_SHARE = 0.3
_UNABLE = {
    "offline": "is switched off or cannot be reached",
    "connecting": "is being connected",
    "attention": "waits for a person",
    "error": "reports a fault",
}


@dataclass(frozen=True, slots=True)
class PrinterQueue:
    """What stands before a new print on one printer.

    Args:
        running: the print that runs, with the time that remains.
        waiting: prints that have not started, first to last.
        to_check: printed copies that staff still have to check.
    """

    running: Queued | None = None
    waiting: tuple[Queued, ...] = ()
    to_check: int = 0


# Reads the queues of the points' printers, by printer id (``jobs.queues.read_queues``).
ReadQueues = Callable[[Session, Collection[str], datetime], Mapping[str, PrinterQueue]]


def orderable_models(session: Session) -> frozenset[str]:
    """Return the printer models that stand at active points."""
    return frozenset(
        session.exec(
            select(Printer.model)
            .join(Point, col(Point.id) == Printer.point_id)
            .where(col(Point.active).is_(True), col(Printer.withdrawn_at).is_(None))
            .distinct()
        )
    )


def active_points(session: Session) -> Sequence[Point]:
    """Return the points that take orders, by name."""
    return session.exec(select(Point).where(col(Point.active).is_(True)).order_by(Point.name)).all()


def point_snapshots(
    session: Session,
    points: Sequence[Point],
    now: datetime,
    *,
    read_queues: ReadQueues,
    leave_out: str | None = None,
) -> list[PointSnapshot]:
    """Return the points as they are now: one query a table, however many points.

    Args:
        session: only read from.
        points: of which.
        now: holds past their time are left out; silence is measured from here.
        read_queues: hands in the jobs.
        leave_out: id of a promise whose own hold does not count.
    """
    ids = [point.id for point in points]
    # Holds before jobs: one that becomes jobs in between counts twice, never not at all.
    held = _held(session, ids, now, leave_out)
    queues = read_queues(session, ids, now)
    printers: dict[str, list[Printer]] = defaultdict(list)
    for printer in session.exec(
        select(Printer)
        .where(col(Printer.point_id).in_(ids), col(Printer.withdrawn_at).is_(None))
        .order_by(Printer.name, Printer.id)
    ):
        printers[printer.point_id].append(printer)
    models = {one.id: one.model for some in printers.values() for one in some}
    corrections = current_corrections(
        session,
        printers=models,
        revisions={one.get("revision_id", "") for row in held for one in row.placements},
    )
    holds = _holds(held, models, corrections)
    closed = closures_of(session, ids, now)
    learned = current_learned(session)
    return [
        _snapshot(
            point,
            printers[point.id],
            queues,
            holds[point.id],
            corrections,
            closed.get(point.id, ()),
            learned,
            now,
        )
        for point in points
    ]


def _snapshot(
    point: Point,
    printers: Sequence[Printer],
    queues: Mapping[str, PrinterQueue],
    holds: Sequence[Hold],
    corrections: Corrections,
    closed: Sequence[Stretch],
    learned: LearnedValues,
    now: datetime,
) -> PointSnapshot:
    empty = PrinterQueue()
    to_check = sum(queues.get(printer.id, empty).to_check for printer in printers)
    return PointSnapshot(
        id=point.id,
        opening_hours=with_closures(point.opening_hours, closed),
        staffed_hours=with_closures(point.staffed_hours, closed),
        unattended=Unattended(point.unattended.value),
        printers=tuple(
            _printer(printer, queues.get(printer.id, empty), corrections, learned, now)
            for printer in printers
        ),
        bed_clear_minutes=point.bed_clear_minutes,
        check_minutes=point.check_minutes,
        holds=tuple(holds),
        place=Place(point.latitude, point.longitude, point.city),
        staff_backlog_minutes=to_check * point.check_minutes,
        staff_minutes=learned.staff_minutes(
            point.id, now.astimezone(BRUSSELS).hour, point.check_minutes
        ),
        reject_share=learned.reject_share() or UNMEASURED_REJECT_SHARE,
    )


def _printer(
    printer: Printer,
    queue: PrinterQueue,
    corrections: Corrections,
    learned: LearnedValues,
    now: datetime,
) -> PrinterSnapshot:
    reason = _why_unable(printer, now)
    return PrinterSnapshot(
        id=printer.id,
        model=printer.model,
        material=printer.material,
        available=not reason,
        reason=reason,
        running=queue.running,
        waiting=queue.waiting,
        bed_clear=printer.bed_clear,
        pace=pace(corrections, printer.model, printer.id),
        outages_per_hour=learned.outages_per_hour(printer.id),
    )


def _why_unable(printer: Printer, now: datetime) -> str:
    if printer.last_heard_at is None:
        return f"{printer.name} was never heard of"
    if now - printer.last_heard_at > SILENT_AFTER:
        heard = printer.last_heard_at.astimezone(BRUSSELS).strftime("%d.%m. %H:%M")
        return f"{printer.name} was last heard {heard}"
    unable = _UNABLE.get(printer.condition)
    return f"{printer.name} {unable}" if unable else ""


def _held(
    session: Session, point_ids: Collection[str], now: datetime, leave_out: str | None
) -> Sequence[Promise]:
    rows = session.exec(
        select(Promise)
        .where(
            Promise.status == PromiseStatus.HELD,
            col(Promise.point_id).in_(point_ids),
            Promise.held_until > now,
        )
        .order_by(col(Promise.created_at))
    )
    return [row for row in rows if row.id != leave_out]


def _holds(
    rows: Sequence[Promise], models: Mapping[str, str], corrections: Corrections
) -> Mapping[str, list[Hold]]:
    holds: dict[str, list[Hold]] = defaultdict(list)
    for row in rows:
        prints: dict[str, list[PrintTime]] = defaultdict(list)
        for one in row.placements:
            at, seconds = one["printer_id"], float(one["print_seconds"])
            time = print_time_on(
                corrections, models.get(at, ""), at, one.get("revision_id"), seconds
            )
            prints[at].append(time)
        holds[row.point_id] += [
            Hold(printer_id, tuple(times), row.held_until) for printer_id, times in prints.items()
        ]
    return holds
