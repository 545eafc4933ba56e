"""Snapshots of points, read from the rows: what ``plan`` computes with.

Jobs come after promises in the house, so their queue is handed in as a value; see
``docs/decisions/0010-queues-are-handed-in.md``.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.points.absences import absences_of
from parts3d.points.closing import closures_of, with_closures
from parts3d.points.closure_tables import PrinterAbsence
from parts3d.points.geography import Place
from parts3d.points.hours import BRUSSELS, Hours, Stretch, Unattended
from parts3d.points.spell_tables import PrinterSpell
from parts3d.points.spools import materials_in_stock
from parts3d.points.tables import Point, Printer
from parts3d.promises.learned import LearnedValues, current_learned
from parts3d.promises.measured import pace, print_time_on
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.snapshot import Hold, PointSnapshot, PrinterSnapshot
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.slicing.corrections import Corrections, current_corrections
from printer_agents.protocol import SILENT_SECONDS

# Longer silent than this: the shop is off-line, and a promise on its printers would be a guess.
SILENT_AFTER = timedelta(minutes=10)
# A printer that is out for longer is of no use to anybody who orders now.
_BACK_WITHIN = timedelta(days=14)
# From here on it is silent; until ``SILENT_AFTER`` only if the sweep says that it is off-line.
_QUIET_AFTER = timedelta(seconds=SILENT_SECONDS)
_GIVEN_UP = timedelta(days=7)  # silent for longer, nobody waits for it
_A_MINUTE = timedelta(minutes=1)
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
        printed: what was printed last, and is not checked: where the bed is not clear, it lies
            there.
        printed_at: when it was.
    """

    running: Queued | None = None
    waiting: tuple[Queued, ...] = ()
    to_check: int = 0
    printed: Queued | None = None
    printed_at: datetime | None = None


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
    known = _Known(
        now,
        queues,
        corrections,
        current_learned(session),
        _broken_since(session, models),
        absences_of(session, models, now),
        materials_in_stock(session, ids),
    )
    return [
        _snapshot(point, printers[point.id], holds[point.id], closed.get(point.id, ()), known)
        for point in points
    ]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was read for all points at once."""

    now: datetime
    queues: Mapping[str, PrinterQueue]
    corrections: Corrections
    learned: LearnedValues
    broken_since: Mapping[str, datetime]
    absences: Mapping[str, Sequence[PrinterAbsence]]
    stock: Mapping[str, set[str]]


def _snapshot(
    point: Point,
    printers: Sequence[Printer],
    holds: Sequence[Hold],
    closed: Sequence[Stretch],
    known: _Known,
) -> PointSnapshot:
    staffed = with_closures(point.staffed_hours, closed)
    shown = tuple(_printer(printer, staffed, known) for printer in printers)
    hour = known.now.astimezone(BRUSSELS).hour
    # Whatever waits on a bed is in the printer's own row; the rest waits on the table.
    to_check = sum(
        queue.to_check - (one.lying.copies if one.lying is not None else 0)
        for one in shown
        if (queue := known.queues.get(one.id)) is not None
    )
    return PointSnapshot(
        id=point.id,
        opening_hours=with_closures(point.opening_hours, closed),
        staffed_hours=staffed,
        unattended=Unattended(point.unattended.value),
        printers=_only_first_waited_for(shown),
        bed_clear_minutes=point.bed_clear_minutes,
        check_minutes=point.check_minutes,
        holds=tuple(holds),
        place=Place(point.latitude, point.longitude, point.city),
        staff_backlog_minutes=to_check * point.check_minutes,
        people=point.people,
        staff_minutes=known.learned.staff_minutes(point.id, hour, point.check_minutes),
        stock=frozenset(known.stock.get(point.id, ())),
        # A free printer takes the most urgent print of the point (``jobs.turns``).
        shared_queue=True,
        reject_share=known.learned.reject_share() or UNMEASURED_REJECT_SHARE,
        repair_hours=known.learned.repair_hours(),
        silences_per_hour=known.learned.silences_per_hour(point.id),
        silence_hours=known.learned.silence_hours(),
        load=round(known.learned.loads.at(point.id), 3),
        misses=round(known.learned.misses.factor(point.id, hour, {one.model for one in shown}), 3),
    )


def _printer(printer: Printer, staffed: Hours, known: _Known) -> PrinterSnapshot:
    queue = known.queues.get(printer.id, PrinterQueue())
    reason, down_minutes = _why_unable(printer, known)
    out = known.absences.get(printer.id, ())
    returns = bool(out) and out[0].starts_at <= known.now and _is_back_soon(out[0], known.now)
    is_quiet = bool(reason) and down_minutes is None
    silent_minutes = _silent_minutes(printer, staffed, known) if is_quiet else None
    lying = None if printer.bed_clear or queue.running is not None else queue.printed
    waited = 0.0
    if lying is not None and queue.printed_at is not None and queue.printed_at < known.now:
        waited = staffed.open_time(queue.printed_at, known.now) / _A_MINUTE
    return PrinterSnapshot(
        id=printer.id,
        model=printer.model,
        material=printer.material,
        available=not reason or returns,
        reason=reason,
        running=queue.running,
        waiting=queue.waiting,
        bed_clear=printer.bed_clear,
        pace=pace(known.corrections, printer.model, printer.id),
        lying=lying,
        lying_minutes=round(waited, 1),
        outages_per_hour=known.learned.outages_per_hour(printer.id),
        down_minutes=down_minutes,
        silent_minutes=silent_minutes,
        away=tuple((one.starts_at, one.ends_at) for one in out),
    )


def _only_first_waited_for(printers: Sequence[PrinterSnapshot]) -> tuple[PrinterSnapshot, ...]:
    """Count the wait of the bed that waits longest: of the others the person has not come yet."""
    longest = max((one.lying_minutes for one in printers), default=0.0)
    first = next((one.id for one in printers if one.lying_minutes == longest), "")
    return tuple(one if one.id == first else replace(one, lying_minutes=0.0) for one in printers)


def _why_unable(printer: Printer, known: _Known) -> tuple[str, float | None]:
    """Return why a printer takes no new prints, and since how many minutes it is down.

    A printer that nobody knows to come back has no such minutes: what waits for it has to go
    elsewhere. Nor has one that staff have taken out: it is known when that is back.
    """
    now = known.now
    if printer.last_heard_at is None:
        return f"{printer.name} was never heard of", None
    for absence in known.absences.get(printer.id, ()):
        if absence.starts_at <= now:
            local = absence.ends_at.astimezone(BRUSSELS).strftime("%d.%m. %H:%M")
            return f"{printer.name} is out until {local} ({absence.reason})", None
    silent = max((now - printer.last_heard_at) / _A_MINUTE, 0.0)
    if now - printer.last_heard_at > SILENT_AFTER:
        heard = printer.last_heard_at.astimezone(BRUSSELS).strftime("%d.%m. %H:%M")
        return f"{printer.name} was last heard {heard}", None
    unable = _UNABLE.get(printer.condition)
    if unable is None:
        return "", None
    if now - printer.last_heard_at > _QUIET_AFTER:
        return f"{printer.name} {unable}", None
    since = known.broken_since.get(printer.id)
    down = silent if since is None else (now - since) / _A_MINUTE
    # Whatever has lasted longer than nearly all: nobody knows when it ends.
    is_expected = down < 60 * known.learned.repair_hours()[1]
    return f"{printer.name} {unable}", down if is_expected else None


def _silent_minutes(printer: Printer, staffed: Hours, known: _Known) -> float | None:
    """Return the staffed minutes since a printer's agent was heard; None: it is, or is given up."""
    heard_at, now = printer.last_heard_at, known.now
    longest = known.learned.silence_hours()[1]
    if heard_at is None or not _QUIET_AFTER < now - heard_at < _GIVEN_UP:
        return None
    minutes = staffed.open_time(heard_at, now) / _A_MINUTE
    return round(minutes, 1) if minutes < 60 * longest else None


def _is_back_soon(absence: PrinterAbsence, now: datetime) -> bool:
    """Tell whether there is any use in waiting for a printer that is out."""
    return absence.ends_at - now <= _BACK_WITHIN


def _broken_since(session: Session, printer_ids: Collection[str]) -> Mapping[str, datetime]:
    rows = session.exec(
        select(PrinterSpell.printer_id, PrinterSpell.began_at).where(
            col(PrinterSpell.printer_id).in_(list(printer_ids)),
            col(PrinterSpell.ended_at).is_(None),
        )
    )
    return dict(rows.all())


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
            if "unit_id" in one:
                continue
            at, seconds = one["printer_id"], float(one["print_seconds"])
            time = print_time_on(
                corrections, models.get(at, ""), at, one.get("revision_id"), seconds
            )
            prints[at].append(time)
        holds[row.point_id] += [
            Hold(printer_id, tuple(times), row.held_until, row.ready_at)
            for printer_id, times in prints.items()
        ]
    return holds


def held_units(
    session: Session, point_ids: Collection[str], now: datetime, *, leave_out: str | None = None
) -> set[str]:
    """Return the parts in stock that checkouts hold, but for one promise's own."""
    return {
        one["unit_id"]
        for row in _held(session, point_ids, now, leave_out)
        for one in row.placements
        if "unit_id" in one
    }
