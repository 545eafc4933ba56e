"""Which promises are at risk, and what would help: rows in, the planner's moves out.

Reads only. One point at a time, with its nearest neighbours, where its orders could go.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Revision
from parts3d.jobs.hedges import first_of
from parts3d.jobs.keeping.elsewhere import LAST_QUESTION, MOST_QUESTIONS
from parts3d.jobs.keeping.tables import Rescue, RescueKind
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.queues import read_queues
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.points.geography import Place
from parts3d.points.tables import Point, Printer
from parts3d.promises.measured import print_time
from parts3d.promises.nearby import Reach
from parts3d.promises.queries import orderable_models, point_snapshots
from parts3d.promises.reach import points_within
from parts3d.promises.rescue import (
    LOST,
    RISK,
    Committed,
    CommittedState,
    Move,
    MoveKind,
    at_risk,
    rescue,
)
from parts3d.promises.snapshot import Need, PointSnapshot
from parts3d.quotes.queries import ready_slices
from parts3d.settings import Settings
from parts3d.slicing.corrections import current_corrections

# As policy ``ours`` of the simulator has it.
NEIGHBOURS = 5
MAY_LEAVE_FROM = 0.3  # chance to be late from which another point is looked at
FURTHEST_KM = 30.0
_OURS = (OrderStatus.PLACED, OrderStatus.IN_PRODUCTION)
# Failed ones wait for their reprint; those on the shelf are done.
_STATES = {
    JobStatus.WAITING: CommittedState.WAITING,
    JobStatus.FAILED: CommittedState.WAITING,
    JobStatus.LEASED: CommittedState.RUNNING,
    JobStatus.START_PERMITTED: CommittedState.RUNNING,
    JobStatus.PRINTING: CommittedState.RUNNING,
    JobStatus.UNKNOWN: CommittedState.RUNNING,
    JobStatus.NEEDS_HUMAN: CommittedState.RUNNING,
    JobStatus.PRINTED: CommittedState.PRINTED,
}


@dataclass(frozen=True, slots=True)
class Busy:
    """A point with promises to keep; ``mark`` changes when anything there has changed."""

    point_id: str
    mark: str


def busy_points(session: Session, now: datetime) -> list[Busy]:
    """Return the points where a promise is still to be kept, and a mark of how they stand."""
    jobs = session.exec(
        select(Job.point_id, sa.func.count(), sa.func.sum(Job.version), sa.func.max(Job.created_at))
        .where(col(Job.status).in_(list(_STATES)), col(Job.surplus_since).is_(None))
        .group_by(col(Job.point_id))
    ).all()
    printers: dict[str, list[str]] = defaultdict(list)
    for printer in session.exec(
        select(Printer).where(col(Printer.point_id).in_([row[0] for row in jobs]))
    ):
        silent = printer.last_heard_at is None or (now - printer.last_heard_at).total_seconds() > (
            _SILENT_SECONDS
        )
        printers[printer.point_id].append(
            f"{printer.id}{printer.condition}{printer.bed_clear}{printer.material}"
            f"{silent}{printer.withdrawn_at}"
        )
    return [
        Busy(point_id, f"{count} {versions} {newest} {sorted(printers[point_id])}")
        for point_id, count, versions, newest in jobs
    ]


_SILENT_SECONDS = 600.0


def moves_for(session: Session, settings: Settings, point_id: str, now: datetime) -> list[Move]:
    """Return what the planner would do for the promises of a point.

    As policy ``ours`` of the simulator does, where it was measured: the point alone first, since
    most of what helps is there; its neighbours only for who may leave and is in earnest danger.
    """
    committed = committed_at(session, point_id, now)
    if not committed:
        return []
    point = session.get_one(Point, point_id)
    [here] = point_snapshots(session, [point], now, read_queues=read_queues)
    level = settings.promise_quantile
    # A promise that was never surer than this is not at risk because it is no surer now.
    risk = max(RISK, 2 * (1 - level))
    moves = _off_what_cannot(now, here, committed, level)
    endangered = at_risk(now, here, committed, risk=risk)
    if not endangered:
        return moves
    found = rescue(now, [here], committed, quantile=level, risk=risk)
    moves += [one for one in found if one.kind is not MoveKind.TELL]
    helped = {one.order_id for one in moves}
    asked: dict[str, Committed] = {}
    for one, late in endangered:
        if one.may_leave and late >= MAY_LEAVE_FROM and one.order_id not in helped:
            # A second print was looked at above, and does not help.
            asked.setdefault(one.order_id, replace(one, may_hedge=False))
    if asked:
        neighbours = _neighbours(session, point)
        near = point_snapshots(session, neighbours, now, read_queues=read_queues)
        moves += rescue(now, [here, *near], list(asked.values()), quantile=level, risk=risk)
    saved = {one.order_id for one in moves if one.kept_after > 1 - LOST}
    told = [one for one in found if one.kind is MoveKind.TELL and one.order_id not in saved]
    return moves + told


def endangered_now(
    session: Session, settings: Settings, now: datetime, *, most_points: int = 30
) -> dict[str, float]:
    """Return the chance to be kept of the orders that are at risk at this moment, by their id.

    Of the points with the earliest promises to keep; each takes some hundredths of a second.
    """
    rows = session.exec(
        select(Job.point_id, sa.func.min(Job.due_at))
        .where(
            col(Job.status).in_(list(_STATES)),
            col(Job.surplus_since).is_(None),
            Job.due_at > now,
        )
        .group_by(col(Job.point_id))
        .order_by(sa.func.min(Job.due_at))
        .limit(most_points)
    ).all()
    ids = [point_id for point_id, _ in rows]
    points = session.exec(select(Point).where(col(Point.id).in_(ids))).all()
    risk = max(RISK, 2 * (1 - settings.promise_quantile))
    found: dict[str, float] = {}
    for here in point_snapshots(session, points, now, read_queues=read_queues):
        committed = committed_at(session, here.id, now)
        for one, late in at_risk(now, here, committed, risk=risk):
            found[one.order_id] = min(found.get(one.order_id, 1.0), 1 - late)
    return found


def _off_what_cannot(
    now: datetime, here: PointSnapshot, committed: Sequence[Committed], level: float
) -> list[Move]:
    """Return where prints go that are planned on a printer which cannot make them now.

    Whatever printer is free takes them all the same (``jobs.turns``); this says so, in time, to
    staff and customer, with what it does for the promise.
    """
    unable = {one.id for one in here.printers if not one.available or one.is_away(now)}
    stuck = [
        one for one in committed if one.state is CommittedState.WAITING and one.printer_id in unable
    ]
    if not stuck:
        return []
    as_planned = replace(here, shared_queue=False)
    found = rescue(now, [as_planned], stuck, quantile=level)
    return [one for one in found if one.kind is MoveKind.OTHER_PRINTER]


def committed_at(session: Session, point_id: str, now: datetime) -> list[Committed]:
    """Return the prints at a point that somebody was promised and that are not done."""
    rows = session.exec(
        select(Job, Order, Revision)
        .join(Order, col(Order.id) == col(Job.order_id))
        .join(Revision, col(Revision.id) == col(Job.revision_id))
        .where(
            Job.point_id == point_id,
            col(Job.status).in_(list(_STATES)),
            col(Job.surplus_since).is_(None),
            col(Order.status).in_(_OURS),
        )
        .order_by(col(Order.ready_promised_at), col(Job.id))
    ).all()
    needs = _needs(session, [(revision, job.copies) for job, _, revision in rows])
    askable = _askable(session, {order.id: order for _, order, _ in rows}, now)
    standing = list(
        session.exec(
            select(Printer.id)
            .where(Printer.point_id == point_id, col(Printer.withdrawn_at).is_(None))
            .order_by(Printer.name, Printer.id)
        )
    )
    prints = Counter(first_of(job) for job, _, _ in rows)
    return [
        Committed(
            job_id=job.id,
            order_id=order.id,
            promised_at=order.ready_promised_at,
            point_id=point_id,
            printer_id=_where(job, standing),
            state=_STATES[job.status],
            need=needs[revision.id, job.copies],
            # A hedge whose first print has ended is the print now, and may be covered in its turn.
            hedge_of=job.hedge_of if prints[first_of(job)] > 1 else None,
            may_leave=order.id in askable,
            may_hedge=prints[first_of(job)] == 1,
        )
        for job, order, revision in rows
        if (revision.id, job.copies) in needs
    ]


def _where(job: Job, standing: Sequence[str]) -> str:
    for printer_id in (job.printer_id, job.planned_printer_id):
        if printer_id in standing:
            return str(printer_id)
    return standing[0] if standing else ""


def _needs(
    session: Session, wanted: Collection[tuple[Revision, int]]
) -> Mapping[tuple[str, int], Need]:
    by_key = {(revision.id, copies): revision for revision, copies in wanted}
    corrections = current_corrections(session, revisions={one for one, _ in by_key})
    models = orderable_models(session)
    needs = {}
    for (revision_id, copies), revision in by_key.items():
        slices = ready_slices(session, revision, models, copies=copies)
        if slices:
            needs[revision_id, copies] = Need(
                {
                    model: print_time(corrections, model, revision_id, one.print_seconds)
                    for model, one in slices.items()
                },
                revision.recipe["material"],
                copies=copies,
            )
    return needs


def _askable(session: Session, orders: Mapping[str, Order], now: datetime) -> set[str]:
    """Return the orders whose customer may still be asked about another point."""
    asked: dict[str, int] = defaultdict(int)
    for order_id in session.exec(
        select(Rescue.order_id).where(
            col(Rescue.order_id).in_(list(orders)), Rescue.kind == RescueKind.POINT
        )
    ):
        asked[order_id] += 1
    return {
        order.id
        for order in orders.values()
        if asked[order.id] < MOST_QUESTIONS and now < order.ready_promised_at - LAST_QUESTION
    }


def _neighbours(session: Session, here: Point) -> list[Point]:
    """Return the nearest other points that take orders."""
    place = Place(here.latitude, here.longitude, here.city)
    near = points_within(session, place, Reach(FURTHEST_KM, 0, NEIGHBOURS + 1))
    return [point for point in near if point.id != here.id][:NEIGHBOURS]
