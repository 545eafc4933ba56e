"""Payments: one interface for every way to pay. At the counter is the first.

A provider that acts outside our database is called from a task, after its intent was committed,
under our own idempotency key (``Payment.id``); never inside a transaction. The counter acts
nowhere: money changes hands between people, and staff say so.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from parts3d.errors import Conflict
from parts3d.orders.lifecycle import PaymentStatus
from parts3d.orders.moves import move_payment
from parts3d.orders.tables import Payment, PaymentMethod, ReceiptCounter


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """What is to be captured; ``key`` makes asking twice the same as once."""

    key: str
    amount_cents: int
    method: PaymentMethod


@dataclass(frozen=True, slots=True)
class CaptureResult:
    """What a provider answered: ``captured``, ``failed`` or ``unknown``, and why."""

    status: PaymentStatus
    reason: str | None = None


class PaymentProvider(Protocol):
    """A way to pay."""

    name: str
    acts_outside: bool

    def capture(self, request: CaptureRequest) -> CaptureResult:
        """Take the money, or say why not; safe to ask again under the same key."""
        ...


class CounterProvider:
    """Cash or the shop's own card terminal: taken by a person, said by a person."""

    name = "counter"
    acts_outside = False

    def capture(self, request: CaptureRequest) -> CaptureResult:
        """Believe the person at the counter."""
        del request
        return CaptureResult(PaymentStatus.CAPTURED)


def capture_at_counter(
    session: Session,
    payment: Payment,
    provider: PaymentProvider,
    *,
    method: PaymentMethod,
    actor: str,
    now: datetime,
) -> Payment:
    """Capture a payment and give it its receipt number, in the caller's commit.

    Raises:
        ValueError: the provider acts outside: call it from a task (a programmer's fault).
        Conflict: the payment cannot be captured, or the provider refuses.
    """
    if provider.acts_outside:
        message = f"{provider.name} acts outside the database and is called from a task only."
        raise ValueError(message)
    if payment.status is PaymentStatus.CAPTURED:
        return payment
    move_payment(session, payment, PaymentStatus.CAPTURING, actor=actor, now=now)
    result = provider.capture(CaptureRequest(payment.id, payment.amount_cents, method))
    if result.status is not PaymentStatus.CAPTURED:
        raise Conflict(
            f"The payment was not taken: {result.reason or 'no reason given'}. Try again.",
            code="not_paid",
        )
    payment.provider = provider.name
    payment.method = method
    payment.taken_by = actor
    payment.captured_at = now
    payment.receipt_number = _next_receipt_number(session)
    move_payment(session, payment, PaymentStatus.CAPTURED, actor=actor, now=now)
    return payment


def _next_receipt_number(session: Session) -> int:
    """Return the next number; the counter's row stays locked until the commit: no gaps."""
    counter = _locked_counter(session)
    if counter is None:
        try:
            with session.begin_nested():
                session.add(ReceiptCounter())
                session.flush()
        except IntegrityError:
            session.expire_all()  # another hand-over made the row in the same moment
        counter = _locked_counter(session)
    if counter is None:
        message = "The receipt counter's row could not be made."
        raise RuntimeError(message)
    counter.last_number += 1
    session.flush()
    return counter.last_number


def _locked_counter(session: Session) -> ReceiptCounter | None:
    return session.exec(
        select(ReceiptCounter)
        .where(ReceiptCounter.id == 1)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
