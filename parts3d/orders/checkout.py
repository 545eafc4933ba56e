"""Checkout: a price is frozen, capacity is held, details are given. Twice is once."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

import sqlalchemy as sa
from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from parts3d.accounts.service import fold_email
from parts3d.catalogue.queries import title_in
from parts3d.errors import Conflict
from parts3d.orders.agreement import agreed_promise, check_unpaid
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.moves import move_order
from parts3d.orders.opening import already_ordered, no_checkout, quoted_parts
from parts3d.orders.tables import Order, OrderEvent, OrderLine
from parts3d.orders.tokens import new_number, order_token, token_hash
from parts3d.promises.queries import ReadQueues
from parts3d.promises.tables import Promise
from parts3d.quotes.layout import revision_on_sale
from parts3d.quotes.service import quote_lines, still_valid
from parts3d.quotes.tables import Quote
from parts3d.quotes.voucher_service import redeem
from parts3d.settings import Settings

CONFIRM_WITHIN = timedelta(hours=24)

Key = Annotated[str, StringConstraints(min_length=8, max_length=80, pattern=r"^[\w.:-]+$")]
# No control characters: they have no place in a name, a mail's header or a database.
_PRINTABLE = r"^[^\x00-\x1f\x7f]+$"
NAME = StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=_PRINTABLE)
EMAIL = StringConstraints(strip_whitespace=True, max_length=254, pattern=_PRINTABLE)
Identity = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class CheckoutDetails(BaseModel):
    """What a guest gives at checkout.

    ``accepted_ready_at`` is the ready time she has agreed to; it matters only when the hold
    has expired and the time computed again is later than the one held before.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    idempotency_key: Key
    promise_id: Identity
    name: Annotated[str, NAME]
    email: Annotated[str, EMAIL]
    language: Literal["fr", "en"] = "fr"
    accept_terms: Literal[True]
    accepted_ready_at: AwareDatetime | None = None

    def fingerprint(self) -> str:
        """Return what makes two submissions the same; SHA-256, hex."""
        same = self.model_dump(mode="json", exclude={"accepted_ready_at"})
        same["email"] = self.email.casefold()
        return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Submitted:
    """An order as submitted, with the secret of its link; ``repeated`` if it was there before."""

    order: Order
    token: str
    repeated: bool


def submit(
    session: Session,
    settings: Settings,
    details: CheckoutDetails,
    now: datetime,
    *,
    read_queues: ReadQueues,
) -> Submitted:
    """Make the order. The same key with the same details gives the same order.

    The order is ``priced``: it is placed once the address is confirmed by its mail or by staff.

    Raises:
        NotFound: unknown checkout.
        Conflict: the key was used for something else, the checkout was ordered already, too
            many orders wait for this contact, the part is off sale, no capacity is left.
        Expired: the price is no longer frozen, or the voucher no longer valid.
        PromiseChanged: the hold has expired and the new time is later; ask, then submit again
            with ``accepted_ready_at``.
    """
    email = fold_email(details.email)
    known = _by_key(session, settings, details)
    if known is not None:
        return known
    promise = session.get(Promise, details.promise_id)
    if promise is None:
        raise no_checkout()
    # One submission of a checkout at a time; whoever waited here looks again.
    quote = session.exec(select(Quote).where(Quote.id == promise.quote_id).with_for_update()).one()
    known = _by_key(session, settings, details)
    if known is not None:
        return known
    if session.exec(select(Order.id).where(Order.quote_id == quote.id)).first():
        raise already_ordered()
    still_valid(session, settings, quote, now)
    check_unpaid(session, settings, email)
    session.refresh(promise)
    promise = agreed_promise(
        session,
        settings,
        promise,
        now,
        agreed=details.accepted_ready_at,
        read_queues=read_queues,
    )
    return _insert(session, settings, details, email, quote, promise, now)


def _insert(
    session: Session,
    settings: Settings,
    details: CheckoutDetails,
    email: str,
    quote: Quote,
    promise: Promise,
    now: datetime,
) -> Submitted:
    lines = [
        (line, revision_on_sale(session, line.revision_id))
        for line in quote_lines(session, quote.id)
    ]
    order = Order(
        number=new_number(),
        token_sha256="",
        idempotency_key=details.idempotency_key,
        request_sha256=details.fingerprint(),
        status=OrderStatus.DRAFT,
        language=details.language,
        contact_name=details.name,
        contact_email=email,
        quote_id=quote.id,
        promise_id=promise.id,
        point_id=promise.point_id,
        ready_promised_at=promise.ready_at,
        total_cents=quote.total_cents,
        created_at=now,
    )
    token = order_token(settings.secret(), order.id)
    order.token_sha256 = token_hash(token)
    try:
        with session.begin_nested():
            session.add(order)
            session.flush()
    except IntegrityError as error:
        # Another checkout used this key in the same moment.
        known = _by_key(session, settings, details)
        if known is None:
            raise already_ordered() from error
        return known
    session.add(
        OrderEvent(order_id=order.id, at=now, to_status=OrderStatus.DRAFT, actor="customer")
    )
    for line, revision in lines:
        if revision.safety_class is None:
            raise Conflict("This part is not on sale.", code="not_on_sale")
        session.add(
            OrderLine(
                order_id=order.id,
                position=line.position,
                revision_id=revision.id,
                safety_class=revision.safety_class,
                title=title_in(revision, details.language),
                quantity=line.quantity,
                total_cents=line.total_cents,
            )
        )
    session.flush()
    if quote.voucher_code:
        redeem(
            session,
            quote.voucher_code,
            now,
            order_id=order.id,
            parts=[one.part.slug for one in quoted_parts(session, quote)],
            email=email,
            earlier_orders=_earlier_orders(session, order),
        )
    move_order(session, order, OrderStatus.PRICED, actor="customer", now=now)
    return Submitted(order, token, repeated=False)


def _earlier_orders(session: Session, order: Order) -> int:
    return session.exec(
        select(sa.func.count())
        .select_from(Order)
        .where(
            Order.contact_email == order.contact_email,
            Order.status != OrderStatus.CANCELLED,
            Order.id != order.id,
        )
    ).one()


def _by_key(session: Session, settings: Settings, details: CheckoutDetails) -> Submitted | None:
    order = session.exec(
        select(Order).where(Order.idempotency_key == details.idempotency_key)
    ).first()
    if order is None:
        return None
    if order.request_sha256 != details.fingerprint():
        raise Conflict(
            "This idempotency key was used for another order. Use a fresh key for each order.",
            code="key_reused",
        )
    return Submitted(order, order_token(settings.secret(), order.id), repeated=True)
