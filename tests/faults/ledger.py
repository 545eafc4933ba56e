"""What must be true of an order in the end, read from the rows and from the printers' logs."""

from collections import Counter
from collections.abc import Sequence

from sqlmodel import Session, col, select

from parts3d.jobs.keeping.tables import Rescue, RescueKind
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job, JobEvent
from parts3d.notices.tables import Notice, NoticeKind, NoticeStatus
from parts3d.orders.lifecycle import OrderStatus, PaymentStatus
from parts3d.orders.tables import Order, OrderEvent, Payment, PaymentEvent
from parts3d.units.tables import Unit
from printer_agents.protocol import AttemptRef
from tests.faults.living_network import LivingNetwork


def assert_collected_once(network: LivingNetwork, number: str, quantity: int) -> None:
    """The order ended collected once, a print a copy or bed, unless a person ordered more."""
    assert ready_notices(network, number) == [NoticeStatus.SENT]
    starts = Counter(network.started_files())
    with network.database.reading() as session:
        order = _order(session, number)
        assert order.status is OrderStatus.COLLECTED
        moves = session.exec(
            select(OrderEvent.to_status).where(
                OrderEvent.order_id == order.id,
                col(OrderEvent.from_status).is_distinct_from(col(OrderEvent.to_status)),
            )
        ).all()
        once = (OrderStatus.PLACED, OrderStatus.READY, OrderStatus.COLLECTED)
        assert [moves.count(status) for status in once] == [1, 1, 1], (number, moves)
        _assert_paid_once(session, order)
        jobs = session.exec(select(Job).where(Job.order_id == order.id)).all()
        served = [job for job in jobs if job.status is JobStatus.HANDED_OVER]
        assert sum(job.copies for job in served) == quantity
        # A second print of a part that was at risk ended before its start, or became stock.
        others = [job for job in jobs if job not in served]
        assert all(job.status is JobStatus.CANCELLED or job.surplus_since for job in others)
        for job in jobs:
            _assert_second_print_is_on_record(session, job, jobs)
            _assert_printed_as_decided(session, job, starts, served=job in served)
        # What lies in stock, or went from there to somebody else, is not hers.
        units = session.exec(
            select(Unit).where(Unit.order_id == order.id, col(Unit.handed_over_at).is_not(None))
        ).all()
        assert {unit.job_id for unit in units} == {job.id for job in served}
        assert len(units) == quantity
        assert {unit.id for unit in units if unit.stocked_at} == {
            job.stock_unit_id for job in served if job.stock_unit_id
        }


def _assert_second_print_is_on_record(session: Session, job: Job, jobs: Sequence[Job]) -> None:
    """A copy has one job; a second one is a hedge or a remake, and there is a row that says why."""
    hedges = session.exec(
        select(Rescue).where(
            col(Rescue.kind).in_([RescueKind.HEDGE, RescueKind.TWIN]), Rescue.new_job_id == job.id
        )
    ).all()
    if job.hedge_of is not None:
        assert len(hedges) == 1, job.label
        assert hedges[0].order_id == job.order_id
        assert job.hedge_of in {one.id for one in jobs}
        return
    assert not hedges
    if job.remade_from is not None:
        [origin] = [one for one in jobs if one.id == job.remade_from]
        assert origin.rejected_copies or origin.copies < job.copy_number, job.label
        return
    mine = range(job.copy_number, job.copy_number + job.copies)
    others = [
        one
        for one in jobs
        if one.id != job.id
        and one.line_id == job.line_id
        and one.hedge_of is None
        and one.remade_from is None
        and one.status is not JobStatus.MOVED
    ]
    for other in others:
        theirs = range(other.copy_number, other.copy_number + other.copies)
        assert set(mine).isdisjoint(theirs), (job.label, other.label)


def _assert_paid_once(session: Session, order: Order) -> None:
    payment = session.exec(select(Payment).where(Payment.order_id == order.id)).one()
    assert payment.status is PaymentStatus.CAPTURED
    assert payment.receipt_number is not None
    captures = session.exec(
        select(PaymentEvent).where(
            PaymentEvent.payment_id == payment.id, PaymentEvent.to_status == PaymentStatus.CAPTURED
        )
    ).all()
    assert len(captures) == 1


def _assert_printed_as_decided(
    session: Session, job: Job, starts: Counter[str], *, served: bool
) -> None:
    """Every attempt was started at most once; a second start needs a failure that is known."""
    attempts = session.exec(select(Attempt).where(Attempt.job_id == job.id)).all()
    started = [starts[_file_name(job, attempt)] for attempt in attempts]
    decided = session.exec(
        select(JobEvent).where(
            JobEvent.job_id == job.id,
            JobEvent.from_status == JobStatus.FAILED,
            JobEvent.to_status == JobStatus.WAITING,
        )
    ).all()
    # By a person, or by the rule that a failed print waits again: then a row says so.
    by_rule = [event for event in decided if event.actor == "system"]
    assert all(event.actor.startswith("staff:") for event in decided if event not in by_rule)
    recorded = session.exec(
        select(Rescue).where(Rescue.kind == RescueKind.REPRINT, Rescue.job_id == job.id)
    ).all()
    assert len(recorded) == len(by_rule), (job.label, len(recorded), len(by_rule))
    if job.stock_unit_id is not None:
        assert not started, job.label
        return
    assert max(started, default=0) <= 1, (job.label, started)
    assert served <= sum(started) <= 1 + len(decided), (job.label, started, len(decided))


def _file_name(job: Job, attempt: Attempt) -> str:
    return AttemptRef(
        job_id=job.id,
        attempt=attempt.number,
        epoch=attempt.epoch,
        printer_id=attempt.printer_id,
        agent_generation=attempt.agent_generation,
        gcode_sha256=attempt.gcode_sha256,
    ).file_name


def ready_notices(network: LivingNetwork, number: str) -> list[NoticeStatus]:
    """Return the status of every notice that an order is ready."""
    with network.database.reading() as session:
        order = _order(session, number)
        notices = session.exec(
            select(Notice).where(Notice.order_id == order.id, Notice.kind == NoticeKind.READY)
        )
        return [notice.status for notice in notices]


def _order(session: Session, number: str) -> Order:
    return session.exec(select(Order).where(Order.number == number)).one()
