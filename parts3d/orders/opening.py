"""An open checkout: parts at a frozen price, held at a point until their customer orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.catalogue.queries import title_in
from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import Conflict, NotFound
from parts3d.orders.tables import Order
from parts3d.points.tables import Point
from parts3d.promises.holds import hold, release, rush_brings_nothing
from parts3d.promises.queries import ReadQueues, orderable_models
from parts3d.promises.service import find_point
from parts3d.promises.tables import Promise, PromiseStatus
from parts3d.quotes.saving import saved_token
from parts3d.quotes.service import Wanted, quote_wanted
from parts3d.quotes.tables import Quote, QuoteLine
from parts3d.settings import Settings


@dataclass(frozen=True, slots=True)
class Terms:
    """What changes the price of a checkout.

    Args:
        voucher: a code as it was typed, if one was.
        rush: to be served before others, for a surcharge; refused where nothing gets earlier.
    """

    voucher: str | None = None
    rush: bool = False


AS_EVERYBODY = Terms()


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


def open_checkout(
    session: Session,
    settings: Settings,
    *,
    parts: Mapping[str, int],
    point_slug: str,
    now: datetime,
    read_queues: ReadQueues,
    terms: Terms = AS_EVERYBODY,
    language: str = "en",
    holder: str | None = None,
) -> Checkout:
    """Freeze the price and hold capacity.

    Args:
        session: flushed, not committed.
        settings: limits and durations.
        parts: quantities by the parts' slugs, in the order of the lines.
        point_slug: where all of it is collected.
        now: the server's moment.
        read_queues: hands in the jobs.
        terms: what changes the price.
        language: in which a refusal names a part.
        holder: who opens it, as far as that is known; her oldest holds give way.

    Raises:
        NotFound: unknown part, point or voucher.
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
        voucher=terms.voucher,
        rush=terms.rush,
    )
    promise = hold(
        session,
        settings,
        quote,
        point.id,
        now,
        read_queues=read_queues,
        language=language,
        holder=holder,
    )
    return Checkout(quoted_parts(session, quote), quote, promise, point)


def open_quote(
    session: Session,
    settings: Settings,
    quote: Quote,
    *,
    point_slug: str,
    now: datetime,
    read_queues: ReadQueues,
    language: str = "en",
) -> Checkout:
    """Hold capacity for what was quoted before, at the price that was frozen then.

    Raises:
        NotFound: unknown point.
        Expired: the price is no longer frozen.
        Conflict: ordered already, altered, off sale, or no capacity (in words).
    """
    if session.exec(select(Order.id).where(Order.quote_id == quote.id)).first():
        raise Conflict(
            "This quote was ordered already. Ask for the price again to order more.",
            code="already_ordered",
        )
    point = find_point(session, point_slug)
    promise = hold(
        session, settings, quote, point.id, now, read_queues=read_queues, language=language
    )
    return Checkout(quoted_parts(session, quote), quote, promise, point)


def use_voucher(
    session: Session,
    settings: Settings,
    promise_id: str,
    voucher: str | None,
    *,
    now: datetime,
    read_queues: ReadQueues,
    language: str = "en",
) -> Checkout:
    """Open a checkout anew with a voucher, or without one; the old one gives its hold back.

    Raises:
        NotFound: unknown checkout or voucher.
        Conflict: ordered already, or as ``open_checkout``.
        Expired: the voucher's time is over.
    """
    old = _to_reopen(session, settings, promise_id, place="voucher")
    return _reopened(
        session,
        settings,
        old,
        now,
        Terms(voucher, old.quote.is_rush),
        read_queues=read_queues,
        language=language,
    )


def use_rush(
    session: Session,
    settings: Settings,
    promise_id: str,
    *,
    rush: bool,
    now: datetime,
    read_queues: ReadQueues,
    language: str = "en",
) -> Checkout:
    """Open a checkout anew, to be served before others or as everybody; the old hold goes.

    Raises:
        NotFound: unknown checkout.
        Conflict: ordered already, nothing would be ready earlier, or as ``open_checkout``.
        Invalid: the tariff offers no rush.
    """
    old = _to_reopen(session, settings, promise_id, place="rush")
    fresh = _reopened(
        session,
        settings,
        old,
        now,
        Terms(old.quote.voucher_code, rush),
        read_queues=read_queues,
        language=language,
    )
    if rush and not old.quote.is_rush and fresh.promise.ready_at >= old.promise.ready_at:
        raise rush_brings_nothing()
    return fresh


def _to_reopen(session: Session, settings: Settings, promise_id: str, *, place: str) -> Checkout:
    old = find_checkout(session, promise_id)
    if session.exec(select(Order.id).where(Order.quote_id == old.quote.id)).first():
        raise already_ordered()
    if saved_token(session, settings, old.quote):
        raise Conflict(
            "The price of a saved quote is fixed; it takes no other voucher."
            if place == "voucher"
            else "The price of a saved quote is fixed; nothing is added to it.",
            code="saved_quote",
            place=place,
        )
    return old


def _reopened(
    session: Session,
    settings: Settings,
    old: Checkout,
    now: datetime,
    terms: Terms,
    *,
    read_queues: ReadQueues,
    language: str,
) -> Checkout:
    if old.promise.status is PromiseStatus.HELD:
        release(session, old.promise)
    return open_checkout(
        session,
        settings,
        parts={one.part.slug: one.line.quantity for one in old.lines},
        point_slug=old.point.slug,
        now=now,
        read_queues=read_queues,
        terms=terms,
        language=language,
        holder=old.promise.holder,
    )


def find_checkout(session: Session, promise_id: str) -> Checkout:
    """Return a checkout that was opened; its hold may have expired meanwhile.

    Raises:
        NotFound: there is none.
    """
    promise = session.get(Promise, promise_id)
    if promise is None:
        raise no_checkout()
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


def no_checkout() -> NotFound:
    """Return the refusal of a checkout that was never opened."""
    return NotFound("There is no such checkout. Open the part again.", code="unknown_checkout")


def already_ordered() -> Conflict:
    """Return the refusal of a checkout that became an order."""
    return Conflict(
        "This checkout was ordered already. Your mail has the link to the order.",
        code="already_ordered",
    )
