"""Capacity held for a checkout, and what became of it.

No customer gets a slot twice: whoever holds or takes capacity locks the point's row first
(SQLite lets one writer in at a time anyway), then reads the queues and computes again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.errors import Conflict, NotFound
from parts3d.points.shelf_tables import ShelfPart
from parts3d.points.tables import Point
from parts3d.promises.decisions import note_order, remember
from parts3d.promises.evidence import Evidence
from parts3d.promises.holders import is_program
from parts3d.promises.levels import rule_at
from parts3d.promises.placing import from_stock, to_print
from parts3d.promises.promising import plan_promises
from parts3d.promises.queries import ReadQueues, point_snapshots
from parts3d.promises.service import layouts_of_quote, needs_for, say_refusal
from parts3d.promises.snapshot import Refusal
from parts3d.promises.stock import stock_for
from parts3d.promises.tables import PROMISE_LIFECYCLE, Promise, PromiseStatus
from parts3d.quotes.layout import Layout
from parts3d.quotes.service import still_valid
from parts3d.quotes.tables import Quote
from parts3d.settings import Settings


@dataclass(frozen=True, slots=True)
class Retaken:
    """What became of a promise whose hold had expired.

    Args:
        promise: the new one, held; None when the point can promise nothing any more.
        old_ready_at: as the customer knows it.
        new_ready_at: as it would be now; None with a refusal.
        refusal: why there is none.
    """

    promise: Promise | None
    old_ready_at: datetime
    new_ready_at: datetime | None
    refusal: Refusal | None = None

    @property
    def is_later(self) -> bool:
        """Tell whether the customer has to be asked."""
        return self.new_ready_at is None or self.new_ready_at > self.old_ready_at


def hold(
    session: Session,
    settings: Settings,
    quote: Quote,
    point_id: str,
    now: datetime,
    *,
    read_queues: ReadQueues,
    holder: str | None = None,
    language: str = "en",
) -> Promise:
    """Hold capacity for an open checkout, for ``settings.hold_minutes``.

    Args:
        session: flushed, not committed.
        settings: durations, and how many checkouts of one holder hold capacity.
        quote: what, for how much.
        point_id: where.
        now: the server's moment.
        read_queues: hands in the jobs.
        holder: who asks, as far as that is known; a browser's oldest holds give way to a new one.
        language: in which a refusal names the part that is in the way.

    Raises:
        Expired: the price is no longer frozen.
        NotFound: no such active point.
        Conflict: the part is off sale, the point can promise nothing, or going first would make
            nothing earlier (in words).
    """
    still_valid(session, settings, quote, now)
    # One price holds one place: opening its checkout again gives the earlier hold back.
    for earlier in session.exec(
        select(Promise).where(Promise.quote_id == quote.id, Promise.status == PromiseStatus.HELD)
    ).all():
        release(session, earlier)
    if holder is not None and not is_program(holder):
        _let_oldest_go(session, holder, now, settings.holds_per_device - 1)
    layouts = layouts_of_quote(session, quote)
    result = _plan_one(session, settings, layouts, point_id, now, read_queues, rush=quote.is_rush)
    if isinstance(result, Refusal):
        raise _as_conflict(session, result, layouts, language)
    if quote.is_rush and result.evidence.offer.otherwise_ready_at is None:
        raise rush_brings_nothing()
    return _keep(session, settings, quote, layouts, result, holder=holder)


def hold_elsewhere(
    session: Session,
    settings: Settings,
    quote: Quote,
    point_id: str,
    now: datetime,
    *,
    until: datetime,
    read_queues: ReadQueues,
) -> Promise | Refusal:
    """Hold capacity for a placed order at another point, while its customer is asked.

    Raises:
        NotFound: no such active point.
        Conflict: the part is off sale.
    """
    layouts = layouts_of_quote(session, quote)
    result = _plan_one(session, settings, layouts, point_id, now, read_queues, rush=quote.is_rush)
    if isinstance(result, Refusal):
        return result
    promise = _keep(session, settings, quote, layouts, result)
    promise.held_until = until
    session.flush()
    return promise


def retake(
    session: Session,
    settings: Settings,
    promise: Promise,
    now: datetime,
    *,
    read_queues: ReadQueues,
) -> Retaken:
    """Compute a promise again whose hold has expired, and hold the new one.

    A promise that is still held is given back as it is. The caller asks the customer when
    ``is_later``; rolled back, nothing of it stays.

    Raises:
        Conflict: ordered already, off sale, or going first would make nothing earlier any more.
    """
    old_ready_at = promise.ready_at
    if is_held(promise, now):
        return Retaken(promise, old_ready_at, old_ready_at)
    if promise.status is PromiseStatus.TAKEN:
        raise Conflict("This checkout was ordered already.", code="already_ordered")
    quote = session.get_one(Quote, promise.quote_id)
    layouts = layouts_of_quote(session, quote)
    result = _plan_one(
        session,
        settings,
        layouts,
        promise.point_id,
        now,
        read_queues,
        rush=quote.is_rush,
        leave_out=promise.id,
    )
    if isinstance(result, Refusal):
        return Retaken(None, old_ready_at, None, result)
    # By the time that she agreed to, she gets what she agreed to pay for; later, and no earlier
    # than without: nobody pays for that.
    is_later = result.evidence.offer.ready_at > old_ready_at
    if quote.is_rush and is_later and result.evidence.offer.otherwise_ready_at is None:
        raise rush_brings_nothing()
    release(session, promise)
    fresh = _keep(session, settings, quote, layouts, result, holder=promise.holder)
    return Retaken(fresh, old_ready_at, fresh.ready_at)


def rush_brings_nothing() -> Conflict:
    """Return the refusal of paying to go first where that makes nothing earlier."""
    return Conflict(
        "Served before others, it would not be ready any earlier at this point now. "
        "Order without it.",
        code="rush_not_earlier",
        place="rush",
    )


def _let_oldest_go(session: Session, holder: str, now: datetime, may_stay: int) -> None:
    """Give back the oldest holds of one holder: nobody blocks a day by opening checkouts."""
    rows = session.exec(
        select(Promise)
        .where(
            Promise.holder == holder,
            Promise.status == PromiseStatus.HELD,
            Promise.held_until > now,
        )
        .order_by(col(Promise.created_at).desc(), col(Promise.id))
        .with_for_update()
    ).all()
    for row in rows[may_stay:]:
        release(session, row)


def is_held(promise: Promise, now: datetime) -> bool:
    """Tell whether a promise takes up capacity for its checkout."""
    return promise.status is PromiseStatus.HELD and promise.held_until > now


def take(session: Session, promise: Promise, order_id: str) -> None:
    """Let an order stand on a promise; from now on its jobs take up the capacity."""
    _move(promise, PromiseStatus.TAKEN)
    session.flush()
    note_order(session, promise.id, order_id)


def release(session: Session, promise: Promise) -> None:
    """Give capacity back; twice is once."""
    _move(promise, PromiseStatus.RELEASED)
    session.flush()


def release_expired(session: Session, now: datetime) -> int:
    """Release holds past their time (the sweeper calls this); returns how many.

    They stopped counting at their time; this only tidies the status.
    """
    rows = session.exec(
        select(Promise)
        .where(Promise.status == PromiseStatus.HELD, col(Promise.held_until) <= now)
        .limit(500)
        .with_for_update(skip_locked=True)
    ).all()
    for row in rows:
        _move(row, PromiseStatus.RELEASED)
    session.flush()
    return len(rows)


def lock_point(session: Session, point_id: str) -> Point:
    """Lock a point's row until the commit: one at a time plans there.

    Raises:
        NotFound: no such active point.
    """
    point = session.exec(
        select(Point)
        .where(Point.id == point_id, col(Point.active).is_(True))
        # Rows that refer to the point may be written meanwhile; other planners wait.
        .with_for_update(key_share=True)
    ).first()
    if point is None:
        raise NotFound("This point takes no orders. Choose another one.", code="unknown_point")
    return point


def _as_conflict(
    session: Session, refusal: Refusal, layouts: Sequence[Layout], language: str
) -> Conflict:
    titles = [title_in(layout.revision, language) for layout in layouts]
    return Conflict(say_refusal(session, refusal, titles=titles), code=refusal.code)


@dataclass(frozen=True, slots=True)
class _Planned:
    """What can be promised: the planner's evidence, and the stock that serves some lines."""

    evidence: Evidence
    stock: Mapping[int, Sequence[ShelfPart]]


def _plan_one(
    session: Session,
    settings: Settings,
    layouts: Sequence[Layout],
    point_id: str,
    now: datetime,
    read_queues: ReadQueues,
    *,
    rush: bool,
    leave_out: str | None = None,
) -> _Planned | Refusal:
    point = lock_point(session, point_id)
    snapshots = point_snapshots(session, [point], now, read_queues=read_queues, leave_out=leave_out)
    stock = stock_for(session, layouts, [point_id], now, leave_out=leave_out)
    needs = stock.needs_at(point_id, needs_for(session, layouts, rush=rush))
    rule = rule_at(snapshots[0], settings.promise_quantile)
    [result] = plan_promises(now, needs, snapshots, rule=rule)
    if isinstance(result, Refusal):
        return result
    evidence = Evidence(now.astimezone(UTC), needs, snapshots[0], rule.aim, result, rule)
    return _Planned(evidence, stock.at(point_id))


def _keep(
    session: Session,
    settings: Settings,
    quote: Quote,
    layouts: Sequence[Layout],
    planned: _Planned,
    *,
    holder: str | None = None,
) -> Promise:
    now, offer = planned.evidence.now, planned.evidence.offer
    placements = [
        *from_stock(planned.stock, now),
        *to_print(session, layouts, offer),
    ]
    first = min(placements, key=lambda one: one["starts_at"])
    promise = Promise(
        quote_id=quote.id,
        point_id=offer.point_id,
        printer_id=offer.printer_id or first["printer_id"],
        slice_id=first["slice_id"],
        status=PromiseStatus.HELD,
        ready_at=offer.ready_at,
        starts_at=offer.starts_at,
        print_seconds=sum(one["print_seconds"] for one in placements if "unit_id" not in one),
        placements=placements,
        held_until=now + timedelta(minutes=settings.hold_minutes),
        reasons=[reason.as_data() for reason in offer.reasons],
        holder=holder,
        created_at=now,
    )
    session.add(promise)
    session.flush()
    remember(session, promise, planned.evidence, stated=settings.promise_quantile)
    return promise


def _move(promise: Promise, target: PromiseStatus) -> None:
    promise.status = PROMISE_LIFECYCLE.move(promise.status, target)
