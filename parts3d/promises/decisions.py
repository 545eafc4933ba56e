"""Decisions kept and replayed: what a promise was computed from, and whether it still follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.errors import Unreadable
from parts3d.points.hours import BRUSSELS
from parts3d.points.tables import Printer
from parts3d.promises.decision_tables import PromiseDecision
from parts3d.promises.evidence import MOST_BYTES, Evidence, pack, unpack
from parts3d.promises.promising import plan_promises
from parts3d.promises.rule import plain_rule
from parts3d.promises.snapshot import Offer, Refusal
from parts3d.promises.tables import Promise

# A checkout that never became an order is of no interest after a day.
_UNPLACED_KEPT = timedelta(days=1)
_A_BATCH = 1000
# What promises were planned with before there were rules.
_HARM_WITHOUT_RULE = 0.005


@dataclass(frozen=True, slots=True)
class Replay:
    """A stored decision computed again.

    Args:
        decision: the row.
        evidence: what it was computed from; None when that was thrown away or cannot be read.
        again: what the planner of today answers to the same.
        fault: why it cannot be replayed, in words.
    """

    decision: PromiseDecision
    evidence: Evidence | None
    again: Offer | Refusal | None
    fault: str | None

    @property
    def same(self) -> bool:
        """Tell whether today's answer is the stored one, in every part."""
        return self.evidence is not None and self.again == self.evidence.offer


def remember(
    session: Session, promise: Promise, evidence: Evidence, *, stated: float
) -> PromiseDecision:
    """Keep what a promise was computed from, beside it.

    Args:
        session: flushed, not committed.
        promise: the row just made.
        evidence: what the planner was given and answered.
        stated: the probability that the customer is told.
    """
    packed: bytes | None = pack(evidence)
    fault = None
    if packed is not None and len(packed) > MOST_BYTES:
        fault = f"It was {len(packed)} bytes, more than the {MOST_BYTES} that are kept."
        packed = None
    local = evidence.now.astimezone(BRUSSELS)
    row = PromiseDecision(
        promise_id=promise.id,
        made_at=evidence.now,
        level=stated,
        # What lies there already teaches nothing of what is printed.
        planned_level=evidence.quantile if evidence.offer.placements else 1.0,
        point_id=promise.point_id,
        printer_model=session.get_one(Printer, promise.printer_id).model,
        hour=local.hour,
        same_day=promise.ready_at.astimezone(BRUSSELS).date() == local.date(),
        ready_at=promise.ready_at,
        evidence=packed,
        evidence_fault=fault,
    )
    session.add(row)
    session.flush()
    return row


def note_order(session: Session, promise_id: str, order_id: str) -> None:
    """Note that an order stands on a promise: from now on its end is of interest."""
    row = session.get(PromiseDecision, promise_id)
    if row is not None:
        row.order_id = order_id
        session.flush()


def decisions_of(session: Session, order_id: str) -> Sequence[PromiseDecision]:
    """Return the decisions of an order, in the order they were made: one, and one a move."""
    return session.exec(
        select(PromiseDecision)
        .where(PromiseDecision.order_id == order_id)
        .order_by(col(PromiseDecision.made_at))
    ).all()


def replay(decision: PromiseDecision) -> Replay:
    """Compute a decision again from what was stored of it. Reads nothing else."""
    if decision.evidence is None:
        fault = decision.evidence_fault or "What it was computed from is no longer kept."
        return Replay(decision, None, None, fault)
    try:
        evidence = unpack(decision.evidence)
    except Unreadable as error:
        return Replay(decision, None, None, error.message)
    rule = evidence.rule or plain_rule(evidence.quantile, most_harm=_HARM_WITHOUT_RULE)
    [again] = plan_promises(evidence.now, evidence.needs, [evidence.point], rule=rule)
    return Replay(decision, evidence, again, None)


def forget(session: Session, now: datetime, *, keep: timedelta) -> int:
    """Delete decisions that no order came of, and evidence older than ``keep``.

    Returns how many rows changed, at most a thousand of each; the sweep comes again.
    """
    unplaced = session.exec(
        select(PromiseDecision.promise_id)
        .where(
            col(PromiseDecision.order_id).is_(None),
            col(PromiseDecision.made_at) < now - _UNPLACED_KEPT,
        )
        .limit(_A_BATCH)
    ).all()
    old = session.exec(
        select(PromiseDecision.promise_id)
        .where(
            col(PromiseDecision.evidence).is_not(None),
            col(PromiseDecision.made_at) < now - keep,
        )
        .limit(_A_BATCH)
    ).all()
    key = col(PromiseDecision.promise_id)
    if unplaced:
        session.execute(sa.delete(PromiseDecision).where(key.in_(unplaced)))
    if old:
        session.execute(sa.update(PromiseDecision).where(key.in_(old)).values(evidence=None))
    return len(unplaced) + len(old)
