"""Hand-over at the counter: the code, the money, the parts. Guessing does not help.

A wrong code must be counted although the hand-over is refused, and a refusal that is raised
would roll its own count back. So ``hand_over`` returns what happened; the edge commits, and
only then answers with ``Refused.error``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.errors import Conflict, Invalid, NotFound, Parts3dError, TooManyTries
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.moves import move_order, note_order
from parts3d.orders.payments import CounterProvider, PaymentProvider, capture_at_counter
from parts3d.orders.queries import lock_order, order_at_point, payment_of
from parts3d.orders.tables import CollectionTry, Order, PaymentMethod
from parts3d.orders.tokens import code_is_right
from parts3d.settings import Settings

MAX_CODE_TRIES = 5
# Codes that fit no order: so many a counter may type in this time, then it waits.
MAX_COUNTER_TRIES = 20
COUNTER_TRIES_WITHIN = timedelta(minutes=15)
_REPEATED_WITHIN = timedelta(hours=1)
_COLLECTABLE = frozenset({OrderStatus.READY, OrderStatus.EXPIRED_UNCOLLECTED})
_DONE = frozenset({OrderStatus.COLLECTED, OrderStatus.CLOSED, OrderStatus.RETURN_OPEN})


@dataclass(frozen=True, slots=True)
class Desk:
    """The counter at which staff act; orders of other points do not exist for them.

    Args:
        point_id: the staff's point.
        actor: ``staff:<id>``.
    """

    point_id: str
    actor: str


@dataclass(frozen=True, slots=True)
class HandedOver:
    """It was handed over and paid; ``already`` if that was so before."""

    order: Order
    already: bool = False


@dataclass(frozen=True, slots=True)
class Found:
    """The order whose code was shown: staff see what to hand out, and what is to be paid."""

    order: Order


@dataclass(frozen=True, slots=True)
class Refused:
    """It was not; commit the counted try, then raise the error."""

    error: Parts3dError


# Marks the order's units and jobs as handed over: (session, order_id=, actor=, now=).
HandOut = Callable[..., object]


def find_by_code(
    session: Session,
    settings: Settings,
    desk: Desk,
    *,
    code: str,
    number: str | None,
    now: datetime,
) -> Found | Refused:
    """Look up what a customer came for, without handing it over; wrong codes count the same."""
    order = _identify(session, settings, desk, code, number, now)
    if isinstance(order, Refused):
        return order
    if order.status not in _COLLECTABLE | _DONE:
        return Refused(_not_ready(order))
    return Found(order)


def hand_over(
    session: Session,
    settings: Settings,
    desk: Desk,
    *,
    code: str,
    method: PaymentMethod,
    now: datetime,
    hand_out: HandOut,
    number: str | None = None,
    provider: PaymentProvider | None = None,
) -> HandedOver | Refused:
    """Hand an order over against its code and its price.

    Args:
        session: flushed, not committed.
        settings: the signing secret.
        desk: where, and who.
        code: six digits, as typed.
        method: how the customer pays.
        now: the server's moment.
        hand_out: moves units and jobs (``units.service.hand_over_units``).
        number: the order's number, if known; without it the code is looked up.
        provider: of the payment; the counter if not given.

    Raises:
        Conflict: the payment or the parts do not allow it (nothing is counted as a try).
    """
    found = _identify(session, settings, desk, code, number, now)
    if isinstance(found, Refused):
        return found
    if found.status in _DONE:
        return HandedOver(found, already=True)
    if found.status not in _COLLECTABLE:
        return Refused(_not_ready(found))
    payment = payment_of(session, found.id)
    if payment is None:
        raise Conflict("This order has no payment; ask the operator.", code="no_payment")
    capture_at_counter(
        session, payment, provider or CounterProvider(), method=method, actor=desk.actor, now=now
    )
    hand_out(session, order_id=found.id, actor=desk.actor, now=now)
    found.collected_at = now
    found.code_tries = 0
    move_order(session, found, OrderStatus.COLLECTED, actor=desk.actor, now=now)
    return HandedOver(found)


def unlock_code(session: Session, order: Order, *, actor: str, now: datetime) -> None:
    """Let a locked order be tried again, once a person has made sure who stands there."""
    order.code_tries = 0
    order.code_locked_at = None
    note_order(session, order, "The code may be tried again.", actor=actor, now=now)


def _identify(
    session: Session,
    settings: Settings,
    desk: Desk,
    code: str,
    number: str | None,
    now: datetime,
) -> Order | Refused:
    """Return the locked order that number and code belong to."""
    too_many = _counter_stopped(session, desk.point_id, now)
    if too_many is not None:
        return Refused(too_many)
    if number and number.strip():
        order = order_at_point(session, desk.point_id, number)
        if order is None:
            # Another shop's order and no order at all are the same from here.
            return _count_at_counter(session, desk, now, _no_order())
        return _check_code(session, settings, lock_order(session, order.id), code, desk, now)
    matches = [
        order
        for order in _to_be_collected(session, desk.point_id, now)
        if order.code_locked_at is None and code_is_right(settings.secret(), order.id, code)
    ]
    if not matches:
        return _count_at_counter(session, desk, now, _no_code())
    if len(matches) > 1:
        return Refused(
            Invalid("Two orders here have this code. Type the order's number too.", place="number")
        )
    return lock_order(session, matches[0].id)


def _to_be_collected(session: Session, point_id: str, now: datetime) -> list[Order]:
    return list(
        session.exec(
            select(Order).where(
                Order.point_id == point_id,
                col(Order.status).in_(_COLLECTABLE)
                # A second click, or a card terminal that was slow: the answer is the same.
                | (
                    (col(Order.status) == OrderStatus.COLLECTED)
                    & (col(Order.collected_at) > now - _REPEATED_WITHIN)
                ),
            )
        )
    )


def _check_code(
    session: Session, settings: Settings, order: Order, code: str, desk: Desk, now: datetime
) -> Order | Refused:
    if order.code_locked_at is not None:
        return Refused(TooManyTries(_LOCKED, code="code_locked"))
    if code_is_right(settings.secret(), order.id, code):
        return order
    order.code_tries += 1
    left = MAX_CODE_TRIES - order.code_tries
    if left <= 0:
        order.code_locked_at = now
        words = f"Locked after {MAX_CODE_TRIES} wrong codes."
        note_order(session, order, words, actor=desk.actor, now=now)
        return Refused(TooManyTries(_LOCKED, code="code_locked"))
    session.flush()
    return Refused(
        Invalid(
            f"This code does not fit this order. {left} of {MAX_CODE_TRIES} tries are left.",
            code="wrong_code",
            place="code",
        )
    )


def _counter_stopped(session: Session, point_id: str, now: datetime) -> TooManyTries | None:
    recent = session.exec(
        select(sa.func.count())
        .select_from(CollectionTry)
        .where(CollectionTry.point_id == point_id, CollectionTry.at > now - COUNTER_TRIES_WITHIN)
    ).one()
    if recent < MAX_COUNTER_TRIES:
        return None
    return TooManyTries(
        "Too many wrong codes at this counter. Wait a quarter of an hour, or ask the operator.",
        code="counter_stopped",
    )


def _count_at_counter(session: Session, desk: Desk, now: datetime, error: NotFound) -> Refused:
    session.add(CollectionTry(point_id=desk.point_id, actor=desk.actor, at=now))
    session.flush()
    return Refused(error)


def _not_ready(order: Order) -> Conflict:
    if order.status is OrderStatus.CANCELLED:
        return Conflict("This order was cancelled.", code="order_cancelled")
    return Conflict("This order is not ready yet. Check the list of parts.", code="not_ready")


def _no_order() -> NotFound:
    return NotFound("There is no such order at this point.", code="unknown_order")


def _no_code() -> NotFound:
    return NotFound("This code fits no order that is ready here.", code="unknown_code")


_LOCKED = (
    "This order is locked after five wrong codes. The operator can unlock it "
    "once the customer has shown the mail."
)
