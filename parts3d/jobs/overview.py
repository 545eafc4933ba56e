"""The operator's view of all orders and jobs: where each is, and why it waits. Reads only."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Revision
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import ON_A_PRINTER
from parts3d.jobs.tables import Job
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.queries import sold_lines
from parts3d.orders.tables import Order
from parts3d.orders.tokens import read_number
from parts3d.points.tables import Point, Printer
from parts3d.slicing.tables import Slice, SliceStatus

OPEN_ORDERS = (
    OrderStatus.PRICED,
    OrderStatus.AWAITING_PAYMENT,
    OrderStatus.PLACED,
    OrderStatus.IN_PRODUCTION,
    OrderStatus.READY,
    OrderStatus.ACTION_NEEDED,
    OrderStatus.EXPIRED_UNCOLLECTED,
    OrderStatus.RETURN_OPEN,
)
_OPEN_JOBS = (
    JobStatus.WAITING,
    JobStatus.LEASED,
    JobStatus.START_PERMITTED,
    JobStatus.PRINTING,
    JobStatus.UNKNOWN,
    JobStatus.NEEDS_HUMAN,
    JobStatus.FAILED,
    JobStatus.PRINTED,
    JobStatus.PASSED,
)
_AWAY = frozenset({"offline", "error", "unknown"})
_MOST_ROWS = 200
_MOST_ENDED = 30


@dataclass(frozen=True, slots=True)
class OrderRow:
    """One order in the operator's list."""

    order: Order
    items: tuple[tuple[int, str], ...]
    point: str


@dataclass(frozen=True, slots=True)
class JobRow:
    """One job in the operator's list; ``why`` says what it waits for, in English."""

    job: Job
    title: str
    point: str
    printer: str | None
    why: str | None


@dataclass(frozen=True, slots=True)
class PrinterState:
    """What a waiting job asks of a printer: ``busy`` with another job, or free."""

    name: str
    model: str
    material: str
    condition: str
    bed_clear: bool
    busy: bool


def orders(session: Session, language: str, *, ended: bool = False) -> list[OrderRow]:
    """Return orders: the open ones by promised time, or the last that ended."""
    statement = select(Order, Point).join(Point, col(Point.id) == col(Order.point_id))
    if ended:
        statement = (
            statement.where(col(Order.status).not_in([*OPEN_ORDERS, OrderStatus.DRAFT]))
            .order_by(col(Order.created_at).desc())
            .limit(_MOST_ENDED)
        )
    else:
        statement = (
            statement.where(col(Order.status).in_(OPEN_ORDERS))
            .order_by(col(Order.ready_promised_at))
            .limit(_MOST_ROWS)
        )
    rows = session.exec(statement).all()
    sold = sold_lines(session, [order.id for order, _ in rows])
    return [
        OrderRow(
            order,
            tuple(
                (one.line.quantity, title_in(one.revision, language))
                for one in sold.get(order.id, ())
            ),
            point.name,
        )
        for order, point in rows
    ]


def open_jobs(session: Session, language: str, *, order_id: str | None = None) -> list[JobRow]:
    """Return jobs that are under way, by promised time; with an order, all of its jobs."""
    statement = (
        select(Job, Revision, Point)
        .join(Revision, col(Revision.id) == col(Job.revision_id))
        .join(Point, col(Point.id) == col(Job.point_id))
        .order_by(col(Job.due_at), col(Job.label))
        .limit(_MOST_ROWS)
    )
    if order_id is None:
        statement = statement.where(col(Job.status).in_(_OPEN_JOBS))
    else:
        statement = statement.where(Job.order_id == order_id)
    rows = session.exec(statement).all()
    states = _printer_states(session, {job.point_id for job, _revision, _point in rows})
    names = _printer_names(session, {job.printer_id for job, _revision, _point in rows})
    return [
        JobRow(
            job=job,
            title=title_in(revision, language),
            point=point.name,
            printer=names.get(job.printer_id or ""),
            why=why_it_waits(
                job.material,
                _sliced_for(session, revision, job.copies),
                states.get(job.point_id, []),
            )
            if job.status is JobStatus.WAITING
            else job.reason,
        )
        for job, revision, point in rows
    ]


def find_order(session: Session, typed: str) -> Order | None:
    """Return an order by its number, however it was typed."""
    number = read_number(typed)
    if number is None:
        return None
    return session.exec(select(Order).where(Order.number == number)).first()


def why_it_waits(
    material: str, sliced_for: Collection[str], printers: Sequence[PrinterState]
) -> str:
    """Return what a waiting job waits for at its point. Pure."""
    loaded = [printer for printer in printers if printer.material == material]
    fitting = [printer for printer in loaded if printer.model in sliced_for]
    answering = [printer for printer in fitting if printer.condition not in _AWAY]
    free = [printer for printer in answering if not printer.busy]
    clear = [printer for printer in free if printer.bed_clear]
    # The first thing that is missing is what it waits for.
    steps = (
        (printers, "The point has no printer."),
        (loaded, f"No printer there has {material} loaded."),
        (fitting, "It is not sliced yet for the printers there."),
        (answering, f"{_names(fitting)}: offline or faulty."),
        (free, f"{_names(answering)}: busy with another job."),
        (clear, f"{_names(free)}: the bed is not clear."),
    )
    for left, sentence in steps:
        if not left:
            return sentence
    return (
        f"Offered to {_names(clear)}; another job goes first, the shop's hours do not let it start "
        "yet, or the agent has not taken it."
    )


def _names(printers: Sequence[PrinterState]) -> str:
    return ", ".join(printer.name for printer in printers)


def _sliced_for(session: Session, revision: Revision, copies: int) -> set[str]:
    return set(
        session.exec(
            select(Slice.printer_model).where(
                Slice.model_sha256 == revision.model_sha256,
                Slice.recipe_sha256 == revision.recipe_sha256,
                Slice.copies == copies,
                Slice.status == SliceStatus.READY,
            )
        )
    )


def _printer_states(session: Session, point_ids: Collection[str]) -> dict[str, list[PrinterState]]:
    busy = set(
        session.exec(
            select(Job.printer_id).where(
                col(Job.point_id).in_(list(point_ids)), col(Job.status).in_(ON_A_PRINTER)
            )
        )
    )
    states: dict[str, list[PrinterState]] = {}
    for printer in session.exec(
        select(Printer)
        .where(col(Printer.point_id).in_(list(point_ids)), col(Printer.withdrawn_at).is_(None))
        .order_by(Printer.name)
    ):
        states.setdefault(printer.point_id, []).append(
            PrinterState(
                name=printer.name,
                model=printer.model,
                material=printer.material,
                condition=printer.condition,
                bed_clear=printer.bed_clear,
                busy=printer.id in busy,
            )
        )
    return states


def _printer_names(session: Session, ids: Collection[str | None]) -> dict[str, str]:
    wanted = [identity for identity in ids if identity]
    rows = session.exec(select(Printer.id, Printer.name).where(col(Printer.id).in_(wanted)))
    return dict(rows.all())


def counts(session: Session, now: datetime) -> dict[str, int]:
    """Return the operator's figures: open orders, late ones, and jobs that need a person."""
    open_rows = session.exec(
        select(Order.ready_promised_at, Order.status).where(col(Order.status).in_(OPEN_ORDERS))
    ).all()
    unready = {OrderStatus.PLACED, OrderStatus.IN_PRODUCTION, OrderStatus.ACTION_NEEDED}
    stuck = session.exec(
        select(Job.id).where(
            col(Job.status).in_([JobStatus.UNKNOWN, JobStatus.NEEDS_HUMAN, JobStatus.FAILED])
        )
    ).all()
    return {
        "open": len(open_rows),
        "late": sum(1 for due, status in open_rows if status in unready and due < now),
        "stuck": len(stuck),
    }
