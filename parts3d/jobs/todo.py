"""What a point has to do, most urgent first, and how its printers are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Revision
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import ON_A_PRINTER
from parts3d.jobs.tables import Job, JobEvent
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.queries import sold_lines
from parts3d.orders.tables import Order
from parts3d.points.spools import materials_in_stock
from parts3d.points.tables import Printer
from parts3d.slicing.profiles import printer_models, profile


class Act(IntEnum):
    """What a person is to do; a lower number is more urgent, since more waits behind it."""

    DECIDE = 1  # no machine knows whether it was printed
    PRINT_AGAIN = 2  # a print is lost
    CLEAR_BED = 3  # the printer stands still
    LOAD = 4  # a print waits for a material that lies in the book of spools
    CHECK = 5
    BAG = 6
    HAND_OVER = 7  # when the customer comes


@dataclass(frozen=True, slots=True)
class Todo:
    """One thing to do.

    Args:
        act: what.
        title: the part, the printer whose bed is to be cleared, or the material to be loaded.
        label: the job's or the order's number.
        since: from when it waits; None if that is not known.
        due_at: when the order was promised; None for a bed.
        job_id: of a job's act.
        order_id: of the hand-over.
        printer_id: where it lies.
        printer: that printer's name.
        reason: why, in words.
        items: the parts in the bag at the hand-over, each with its quantity.
        copies: parts that lie on the bed together.
        total_cents: to be paid then.
    """

    act: Act
    title: str
    label: str
    since: datetime | None
    due_at: datetime | None
    job_id: str | None = None
    order_id: str | None = None
    printer_id: str | None = None
    printer: str | None = None
    reason: str | None = None
    items: tuple[tuple[int, str], ...] = ()
    copies: int = 1
    total_cents: int = 0

    @property
    def urgency(self) -> tuple[int, float]:
        """Sort by this: first the act, then the promised time."""
        return (self.act, self.due_at.timestamp() if self.due_at else 0.0)


@dataclass(frozen=True, slots=True)
class PrinterView:
    """A printer as its point sees it now; ``percent`` is 0 to 100."""

    id: str
    name: str
    model: str
    material: str
    condition: str
    bed_clear: bool
    detail: str | None
    last_heard_at: datetime | None
    job_id: str | None = None
    job_label: str | None = None
    job_title: str | None = None
    job_status: JobStatus | None = None
    percent: float | None = None
    remaining_seconds: float | None = None
    remaining_source: str | None = None


_ACT_OF = {
    JobStatus.NEEDS_HUMAN: Act.DECIDE,
    JobStatus.UNKNOWN: Act.DECIDE,
    JobStatus.FAILED: Act.PRINT_AGAIN,
    JobStatus.PRINTED: Act.CHECK,
    JobStatus.PASSED: Act.BAG,
}


def todo_list(session: Session, point_id: str, language: str) -> list[Todo]:
    """Return everything that a point has to do, the most urgent first."""
    found = [
        *_jobs(session, point_id, language),
        *_beds(session, point_id),
        *_materials(session, point_id),
        *_hand_overs(session, point_id, language),
    ]
    return sorted(found, key=lambda todo: todo.urgency)


def printers_of(session: Session, point_id: str, language: str) -> list[PrinterView]:
    """Return a point's printers with what each is at, by name."""
    rows = session.exec(
        select(Printer)
        .where(Printer.point_id == point_id, col(Printer.withdrawn_at).is_(None))
        .order_by(Printer.name)
    ).all()
    at_work = _at_work(session, [row.id for row in rows])
    views = []
    for row in rows:
        job, title = at_work.get(row.id, (None, None))
        share = (job.progress if job else None) or (row.progress if job else None)
        views.append(
            PrinterView(
                id=row.id,
                name=row.name,
                model=profile(row.model).name if row.model in printer_models() else row.model,
                material=row.material,
                condition=row.condition,
                bed_clear=row.bed_clear,
                detail=row.detail,
                last_heard_at=row.last_heard_at,
                job_id=job.id if job else None,
                job_label=job.label if job else None,
                job_title=title_in(title, language) if title else None,
                job_status=job.status if job else None,
                percent=100 * (share or 0.0)
                if job and job.status in {JobStatus.PRINTING, JobStatus.START_PERMITTED}
                else None,
                remaining_seconds=job.remaining_seconds if job else None,
                remaining_source=row.remaining_source,
            )
        )
    return views


def count_jobs(session: Session, point_id: str, statuses: Sequence[JobStatus]) -> int:
    """Return how many jobs of a point have one of these statuses."""
    return session.exec(
        select(sa.func.count())
        .select_from(Job)
        .where(Job.point_id == point_id, col(Job.status).in_(statuses))
    ).one()


def _jobs(session: Session, point_id: str, language: str) -> list[Todo]:
    since = (
        select(JobEvent.job_id, JobEvent.to_status, sa.func.max(JobEvent.at).label("at"))
        .group_by(col(JobEvent.job_id), col(JobEvent.to_status))
        .subquery()
    )
    rows = session.execute(
        sa.select(Job, Revision, Printer.name, since.c.at)  # type: ignore[call-overload]
        .join(Revision, col(Revision.id) == col(Job.revision_id))
        .outerjoin(Printer, col(Printer.id) == col(Job.printer_id))
        .outerjoin(
            since,
            sa.and_(since.c.job_id == Job.id, since.c.to_status == sa.cast(Job.status, sa.String)),
        )
        .where(Job.point_id == point_id, col(Job.status).in_(list(_ACT_OF)))
    ).all()
    return [
        Todo(
            act=_ACT_OF[job.status],
            title=title_in(revision, language),
            label=job.label,
            since=at,
            due_at=job.due_at,
            job_id=job.id,
            order_id=job.order_id,
            printer_id=job.printer_id,
            printer=printer,
            reason=job.reason,
            copies=job.copies,
        )
        for job, revision, printer, at in rows
    ]


def _beds(session: Session, point_id: str) -> list[Todo]:
    """Beds to clear; not while a print runs there, or a decision about one is open."""
    rows = session.exec(
        select(Printer)
        .where(
            Printer.point_id == point_id,
            col(Printer.withdrawn_at).is_(None),
            col(Printer.bed_clear).is_(False),
        )
        .order_by(Printer.name)
    ).all()
    at_work = _at_work(session, [row.id for row in rows])
    lying = _printed_on(session, [row.id for row in rows])
    return [
        Todo(
            act=Act.CLEAR_BED,
            title=row.name,
            label=lying[row.id].label if row.id in lying else "",
            since=lying[row.id].printed_at if row.id in lying else None,
            due_at=None,
            printer_id=row.id,
            printer=row.name,
        )
        for row in rows
        if row.id not in at_work
    ]


def _materials(session: Session, point_id: str) -> list[Todo]:
    """Materials that prints wait for and no printer has loaded, each for its most urgent print."""
    printers = {
        printer.id: printer
        for printer in session.exec(
            select(Printer).where(Printer.point_id == point_id, col(Printer.withdrawn_at).is_(None))
        )
    }
    loaded = {printer.material for printer in printers.values()}
    missing = materials_in_stock(session, [point_id])[point_id] - loaded
    waiting = session.exec(
        select(Job)
        .where(
            Job.point_id == point_id,
            Job.status == JobStatus.WAITING,
            col(Job.material).in_(sorted(missing)),
        )
        .order_by(col(Job.due_at), col(Job.created_at))
    ).all()
    first: dict[str, Job] = {}
    for job in waiting:
        first.setdefault(job.material, job)
    found = []
    for material, job in first.items():
        printer = printers.get(job.planned_printer_id or "") or next(iter(printers.values()), None)
        if printer is not None:
            found.append(
                Todo(
                    act=Act.LOAD,
                    title=material,
                    label=job.label,
                    since=job.created_at,
                    due_at=job.due_at,
                    printer_id=printer.id,
                    printer=printer.name,
                )
            )
    return found


def _hand_overs(session: Session, point_id: str, language: str) -> list[Todo]:
    orders = session.exec(
        select(Order).where(Order.point_id == point_id, Order.status == OrderStatus.READY)
    ).all()
    sold = sold_lines(session, [order.id for order in orders])
    return [
        Todo(
            act=Act.HAND_OVER,
            title=order.number,
            label=order.number,
            since=order.ready_at,
            due_at=order.ready_promised_at,
            order_id=order.id,
            items=tuple(
                (one.line.quantity, title_in(one.revision, language))
                for one in sold.get(order.id, ())
            ),
            total_cents=order.total_cents,
        )
        for order in orders
    ]


def _at_work(session: Session, printer_ids: Sequence[str]) -> dict[str, tuple[Job, Revision]]:
    rows = session.exec(
        select(Job, Revision)
        .join(Revision, col(Revision.id) == col(Job.revision_id))
        .where(col(Job.printer_id).in_(printer_ids), col(Job.status).in_(ON_A_PRINTER))
    ).all()
    return {str(job.printer_id): (job, revision) for job, revision in rows}


def _printed_on(session: Session, printer_ids: Sequence[str]) -> dict[str, Job]:
    """Return the last job printed on each printer: most likely it is what lies on the bed."""
    rows = session.exec(
        select(Job)
        .where(col(Job.printer_id).in_(printer_ids), col(Job.printed_at).is_not(None))
        .order_by(col(Job.printed_at))
    ).all()
    return {str(job.printer_id): job for job in rows}
