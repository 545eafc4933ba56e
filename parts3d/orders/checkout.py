"""Checkout: a price is frozen, capacity is held, details are given. Twice is once."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from parts3d.accounts.service import fold_email
from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import Conflict, NotFound
from parts3d.orders.agreement import agreed_promise, check_unpaid
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.moves import move_order
from parts3d.orders.tables import Order, OrderEvent, OrderLine
from parts3d.orders.tokens import new_number, order_token, token_hash
from parts3d.points.tables import Point
from parts3d.promises.holds import hold
from parts3d.promises.queries import ReadQueues, orderable_models
from parts3d.promises.service import find_point
from parts3d.promises.tables import Promise
from parts3d.quotes.layout import revision_on_sale
from parts3d.quotes.service import Wanted, quote_lines, quote_wanted, still_valid
from parts3d.quotes.tables import Quote, QuoteLine
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
class QuotedPart:
    """One line of a checkout's quote, with its part."""

    part: Part
    revision: Revision
    line: QuoteLine


@dataclass(frozen=True, slots=True)
class Checkout:
    """An open checkout: what is sold, for how much, where and when."""

    lines: tuple[QuotedPart, ...]
    quote: Quote
    promise: Promise
    point: Point


@dataclass(frozen=True, slots=True)
class Submitted:
    """An order as submitted, with the secret of its link; ``repeated`` if it was there before."""

    order: Order
    token: str
    repeated: bool


def open_checkout(
    session: Session,
    settings: Settings,
    *,
    parts: Mapping[str, int],
    point_slug: str,
    now: datetime,
    read_queues: ReadQueues,
) -> Checkout:
    """Freeze the price and hold capacity.

    Args:
        session: flushed, not committed.
        settings: limits and durations.
        parts: quantities by the parts' slugs, in the order of the lines.
        point_slug: where all of it is collected.
        now: the server's moment.
        read_queues: hands in the jobs.

    Raises:
        NotFound: unknown part or point.
        Conflict: not on sale, not yet sliced, or no capacity (in words).
        Invalid: the quantities, or nothing at all.
    """
    point = find_point(session, point_slug)
    quote = quote_wanted(
        session,
        settings,
        wanted_parts(session, parts),
        now,
        printer_models=orderable_models(session),
    )
    promise = hold(session, settings, quote, point.id, now, read_queues=read_queues)
    return Checkout(quoted_parts(session, quote), quote, promise, point)


def find_checkout(session: Session, promise_id: str) -> Checkout:
    """Return a checkout that was opened; its hold may have expired meanwhile.

    Raises:
        NotFound: there is none.
    """
    promise = session.get(Promise, promise_id)
    if promise is None:
        raise _no_checkout()
    quote = session.get_one(Quote, promise.quote_id)
    point = session.get_one(Point, promise.point_id)
    return Checkout(quoted_parts(session, quote), quote, promise, point)


def quoted_parts(session: Session, quote: Quote) -> tuple[QuotedPart, ...]:
    """Return the lines of a quote with their parts, in their order."""
    rows = session.exec(
        select(Part, Revision, QuoteLine)
        .join(Revision, col(Revision.part_id) == col(Part.id))
        .join(QuoteLine, col(QuoteLine.revision_id) == col(Revision.id))
        .where(QuoteLine.quote_id == quote.id)
        .order_by(col(QuoteLine.position))
    )
    return tuple(QuotedPart(part, revision, line) for part, revision, line in rows)


def wanted_parts(session: Session, parts: Mapping[str, int]) -> list[Wanted]:
    """Return what is wanted of each part, by its revision on sale; refuses as ``part_on_sale``."""
    return [
        Wanted(str(part_on_sale(session, slug).current_revision_id), quantity)
        for slug, quantity in parts.items()
    ]


def titles_of(session: Session, wanted: Sequence[Wanted], language: str) -> list[str]:
    """Return the names of what is wanted in a language, in the order of the lines."""
    return [title_in(session.get_one(Revision, one.revision_id), language) for one in wanted]


def part_on_sale(session: Session, slug: str) -> Part:
    """Return a part that has a revision on sale.

    Raises:
        NotFound: no such part, or not on sale: from outside these are the same.
    """
    part = session.exec(select(Part).where(Part.slug == slug)).first()
    if part is None or part.current_revision_id is None:
        raise NotFound(
            "There is no such part in the shop. Search for it by name or model number.",
            code="unknown_part",
        )
    return part


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
        Expired: the price is no longer frozen.
        PromiseChanged: the hold has expired and the new time is later; ask, then submit again
            with ``accepted_ready_at``.
    """
    email = fold_email(details.email)
    known = _by_key(session, settings, details)
    if known is not None:
        return known
    promise = session.get(Promise, details.promise_id)
    if promise is None:
        raise _no_checkout()
    # One submission of a checkout at a time; whoever waited here looks again.
    quote = session.exec(select(Quote).where(Quote.id == promise.quote_id).with_for_update()).one()
    known = _by_key(session, settings, details)
    if known is not None:
        return known
    if session.exec(select(Order.id).where(Order.quote_id == quote.id)).first():
        raise _already_ordered()
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
            raise _already_ordered() from error
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
    move_order(session, order, OrderStatus.PRICED, actor="customer", now=now)
    return Submitted(order, token, repeated=False)


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


def _no_checkout() -> NotFound:
    return NotFound("There is no such checkout. Open the part again.", code="unknown_checkout")


def _already_ordered() -> Conflict:
    return Conflict(
        "This checkout was ordered already. Your mail has the link to the order.",
        code="already_ordered",
    )
