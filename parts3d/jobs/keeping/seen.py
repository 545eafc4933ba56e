"""What a customer sees of what is done to keep her promise. Reads only."""

from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.jobs.keeping.elsewhere import open_question
from parts3d.jobs.keeping.tables import Rescue, RescueKind, RescueStatus
from parts3d.orders.compensation_tables import Compensation
from parts3d.points.tables import Point
from parts3d.quotes.voucher_tables import VoucherRecord


@dataclass(frozen=True, slots=True)
class Keeping:
    """What is done for one order's promise.

    Args:
        question: what she is asked now, or was asked last.
        open: it can still be answered.
        there: the other point of the question.
        expected_at: a later time that she was told; None while the promise is to be kept.
        compensation: what she was given for a missed one.
        voucher: its code.
    """

    question: Rescue | None
    open: bool
    there: Point | None
    expected_at: datetime | None
    compensation: Compensation | None
    voucher: VoucherRecord | None


def keeping_of(session: Session, order_id: str, now: datetime) -> Keeping:
    """Return what is done for an order's promise."""
    asked = open_question(session, order_id, now)
    question = asked or _last(session, order_id, RescueKind.POINT)
    told = _last(session, order_id, RescueKind.TELL)
    given = session.get(Compensation, order_id)
    return Keeping(
        question=question,
        open=asked is not None,
        there=session.get_one(Point, question.to_point_id) if question else None,
        # Whoever went to another point afterwards has a new promise.
        expected_at=told.ready_after
        if told is not None
        and not (
            question is not None
            and question.status is RescueStatus.DONE
            and question.made_at > told.made_at
        )
        else None,
        compensation=given,
        voucher=session.get(VoucherRecord, given.voucher_id)
        if given and given.voucher_id
        else None,
    )


def _last(session: Session, order_id: str, kind: RescueKind) -> Rescue | None:
    return session.exec(
        select(Rescue)
        .where(Rescue.order_id == order_id, Rescue.kind == kind)
        .order_by(col(Rescue.made_at).desc())
        .limit(1)
    ).first()
