"""How well promises are kept: calibration, lateness, moves, compensations, and today's at risk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from types import MappingProxyType

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.jobs.keeping.explaining import move_words, status_words
from parts3d.jobs.keeping.tables import Rescue, RescueKind
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Job
from parts3d.orders.compensation_tables import Compensation
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order
from parts3d.points.hours import BRUSSELS
from parts3d.points.tables import Point
from parts3d.promises.decision_tables import Outcome, PromiseDecision
from parts3d.promises.learning.calibration import Calibration, calibrate
from parts3d.promises.outcomes import outcome_of
from parts3d.promises.words import Translate

WINDOW = timedelta(days=60)
_MOST_PROMISES = 20_000
_MOST_AT_RISK = 100
_NO_CHANCES: Mapping[str, float] = MappingProxyType({})
_UNDER_WAY = (OrderStatus.PLACED, OrderStatus.IN_PRODUCTION, OrderStatus.ACTION_NEEDED)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the promises that ended within the window.

    Args:
        calibration: observed against stated, whole and by group.
        kept_at_point: share kept at the point that was promised; None without any.
        late_median_minutes: of the missed ones that became ready; None without any.
        late_mean_minutes: the same, mean.
        moved: share that was moved to be kept.
        compensated: how many were compensated.
        compensated_cents: what for.
    """

    calibration: Calibration
    kept_at_point: float | None
    late_median_minutes: float | None
    late_mean_minutes: float | None
    moved: float | None
    compensated: int
    compensated_cents: int


@dataclass(frozen=True, slots=True)
class AtRisk:
    """An order of today that is at risk, late, or was saved: what was done, newest last."""

    order: Order
    point: str
    states: tuple[JobStatus, ...]
    moves: tuple[tuple[Rescue, str, str], ...]
    late: bool
    chance_now: float | None = None

    @property
    def chance(self) -> float | None:
        """Return the chance to be kept: as it is now, else as computed with the last move."""
        if self.chance_now is not None:
            return self.chance_now
        known = [row.chance_after for row, _, _ in self.moves if row.chance_after is not None]
        return known[-1] if known else None


def figures(session: Session, now: datetime) -> Figures:
    """Return how well promises were kept lately."""
    rows = session.exec(
        select(PromiseDecision)
        .where(
            col(PromiseDecision.settled_at) > now - WINDOW,
            col(PromiseDecision.outcome).in_([Outcome.KEPT, Outcome.MISSED]),
        )
        .order_by(col(PromiseDecision.settled_at).desc())
        .limit(_MOST_PROMISES)
    ).all()
    late = [row.late_minutes for row in rows if row.late_minutes and row.late_minutes > 0]
    count, cents = session.exec(
        select(sa.func.count(), sa.func.coalesce(sa.func.sum(Compensation.amount_cents), 0)).where(
            col(Compensation.made_at) > now - WINDOW
        )
    ).one()
    return Figures(
        calibration=calibrate([outcome_of(row) for row in rows]),
        kept_at_point=_share(
            [row.outcome is Outcome.KEPT and row.ready_point_id == row.point_id for row in rows]
        ),
        late_median_minutes=median(late) if late else None,
        late_mean_minutes=sum(late) / len(late) if late else None,
        moved=_share([row.moved for row in rows]),
        compensated=count,
        compensated_cents=cents,
    )


def at_risk_today(
    session: Session,
    now: datetime,
    translate: Translate = str,
    *,
    chances: Mapping[str, float] = _NO_CHANCES,
) -> list[AtRisk]:
    """Return the open orders that are late, at risk, or that something was done for since midnight.

    Args:
        session: only read from.
        now: the server's moment.
        translate: into the reader's language.
        chances: to be kept, of those at risk now, by order (``risk.endangered_now``).
    """
    midnight = now.astimezone(BRUSSELS).replace(hour=0, minute=0, second=0, microsecond=0)
    touched = set(
        session.exec(
            select(Rescue.order_id).where(
                col(Rescue.made_at) >= midnight, Rescue.kind != RescueKind.TWIN
            )
        )
    )
    rows = session.exec(
        select(Order, Point.name)
        .join(Point, col(Point.id) == col(Order.point_id))
        .where(
            col(Order.status).in_([*_UNDER_WAY, OrderStatus.READY]),
            sa.or_(
                sa.and_(col(Order.status).in_(_UNDER_WAY), col(Order.ready_promised_at) < now),
                col(Order.id).in_(touched | set(chances)),
            ),
        )
        .order_by(col(Order.ready_promised_at))
        .limit(_MOST_AT_RISK)
    ).all()
    return [
        AtRisk(
            order,
            point,
            _states(session, order.id),
            _moves(session, order.id, translate),
            order.ready_at is None and order.ready_promised_at < now,
            chances.get(order.id),
        )
        for order, point in rows
    ]


def _states(session: Session, order_id: str) -> tuple[JobStatus, ...]:
    jobs = session.exec(select(Job).where(Job.order_id == order_id).order_by(Job.label)).all()
    gone = {JobStatus.CANCELLED, JobStatus.MOVED}
    return tuple(job.status for job in jobs if job.status not in gone)


def _moves(
    session: Session, order_id: str, translate: Translate
) -> tuple[tuple[Rescue, str, str], ...]:
    rows = session.exec(
        select(Rescue).where(Rescue.order_id == order_id).order_by(col(Rescue.made_at))
    ).all()
    return tuple(
        (row, move_words(session, row, translate), status_words(row, translate)) for row in rows
    )


def _share(values: Sequence[bool]) -> float | None:
    return sum(values) / len(values) if values else None
