"""Notices of what may happen to an order on its way: a question, a move, a delay, an apology.

As with the order's status, the rows say what has to be told; here it is looked up what nobody
was told of yet.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.jobs.keeping.tables import Rescue, RescueKind, RescueStatus
from parts3d.notices.service import add_notice
from parts3d.notices.tables import Notice, NoticeKind
from parts3d.orders.compensation_tables import Compensation
from parts3d.orders.queries import lock_order
from parts3d.points.tables import Point
from parts3d.quotes.voucher_tables import VoucherRecord
from parts3d.settings import Settings

# What of a move its customer is told, and as what.
_OF_MOVES = {
    (RescueKind.POINT, RescueStatus.ASKED): NoticeKind.MOVE,
    (RescueKind.POINT, RescueStatus.DONE): NoticeKind.MOVED,
    (RescueKind.TELL, RescueStatus.DONE): NoticeKind.LATE,
}


@dataclass(frozen=True, slots=True)
class _Occasion:
    kind: NoticeKind
    occasion: str
    more: Mapping[str, Any] = field(default_factory=dict)


def owed_occasions(session: Session) -> Sequence[str]:
    """Return the ids of orders with something to tell that is not written yet."""
    found: list[str] = []
    for (kind, status), notice in _OF_MOVES.items():
        found += session.exec(
            select(Rescue.order_id)
            .where(
                Rescue.kind == kind,
                Rescue.status == status,
                ~sa.exists().where(
                    col(Notice.order_id) == col(Rescue.order_id),
                    col(Notice.kind) == notice,
                    col(Notice.occasion) == col(Rescue.id),
                ),
            )
            .limit(200)
        )
    found += session.exec(
        select(Compensation.order_id)
        .where(
            ~sa.exists().where(
                col(Notice.order_id) == col(Compensation.order_id),
                col(Notice.kind) == NoticeKind.SORRY,
            )
        )
        .limit(200)
    )
    return found


def write_occasions(
    session: Session, settings: Settings, order_id: str, now: datetime
) -> list[Notice]:
    """Write what an order's customer has to be told besides its status; twice is once."""
    order = lock_order(session, order_id)
    known = set(
        session.exec(select(Notice.kind, Notice.occasion).where(Notice.order_id == order_id))
    )
    return [
        add_notice(session, settings, order, one.kind, now, occasion=one.occasion, more=one.more)
        for one in _occasions(session, order_id)
        if (one.kind, one.occasion) not in known
    ]


def _occasions(session: Session, order_id: str) -> Iterator[_Occasion]:
    for row in session.exec(
        select(Rescue).where(Rescue.order_id == order_id).order_by(col(Rescue.made_at))
    ):
        notice = _OF_MOVES.get((row.kind, row.status))
        if notice is not None:
            there = session.get_one(Point, row.to_point_id)
            yield _Occasion(
                notice,
                row.id,
                {
                    "there": there.name,
                    "there_address": f"{there.street}, {there.postcode} {there.city}",
                    "here": session.get_one(Point, row.from_point_id).name,
                    "ready_after": row.ready_after,
                    "ready_before": row.ready_before,
                    "answer_by": row.answer_by,
                },
            )
    given = session.get(Compensation, order_id)
    if given is not None:
        voucher = session.get(VoucherRecord, given.voucher_id) if given.voucher_id else None
        yield _Occasion(
            NoticeKind.SORRY,
            "",
            {
                "voucher": voucher.code if voucher else None,
                "amount_cents": given.amount_cents,
                "last_day": f"{voucher.last_day:%d/%m/%Y}"
                if voucher and voucher.last_day
                else None,
                "promised_at": given.promised_at,
            },
        )
