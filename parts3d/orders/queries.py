"""Reading orders: by link, by number at a counter, and whole, as a page shows them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Part, Revision
from parts3d.errors import NotFound
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.tables import Order, OrderEvent, OrderLine, Payment
from parts3d.orders.tokens import read_number, token_hash
from parts3d.points.tables import Point
from parts3d.promises.tables import Promise
from parts3d.quotes.tables import Quote

# Not paid and not ended: what the cap per contact counts.
UNPAID = (
    OrderStatus.PRICED,
    OrderStatus.AWAITING_PAYMENT,
    OrderStatus.PLACED,
    OrderStatus.IN_PRODUCTION,
    OrderStatus.READY,
    OrderStatus.ACTION_NEEDED,
)


@dataclass(frozen=True, slots=True)
class SoldLine:
    """One line of an order with the part that was sold."""

    line: OrderLine
    part: Part
    revision: Revision


@dataclass(frozen=True, slots=True)
class WholeOrder:
    """Everything of an order that a page or a mail may show. Rows are only to be read."""

    order: Order
    sold: tuple[SoldLine, ...]
    events: tuple[OrderEvent, ...]
    point: Point
    promise: Promise
    quote: Quote
    payment: Payment | None

    @property
    def lines(self) -> tuple[OrderLine, ...]:
        """Its lines, in their order."""
        return tuple(one.line for one in self.sold)

    @property
    def quantity(self) -> int:
        """How many parts it has in all."""
        return sum(one.line.quantity for one in self.sold)


def lock_order(session: Session, order_id: str) -> Order:
    """Return an order as it is now, locked until the commit.

    Raises:
        NotFound: there is none.
    """
    order = session.exec(
        select(Order)
        .where(Order.id == order_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    if order is None:
        raise _unknown()
    return order


def order_by_token(session: Session, token: str) -> Order:
    """Return the order whose link carries this secret.

    Raises:
        NotFound: nobody's; a number is no link, and says nothing about whether it exists.
    """
    order = session.exec(select(Order).where(Order.token_sha256 == token_hash(token))).first()
    if order is None:
        raise _unknown()
    return order


def order_at_point(session: Session, point_id: str, number: str) -> Order | None:
    """Return an order of this point by its number, however it was typed; None if none is here."""
    stored = read_number(number)
    if stored is None:
        return None
    return session.exec(
        select(Order).where(
            Order.number == stored, Order.point_id == point_id, Order.status != OrderStatus.DRAFT
        )
    ).first()


def whole_order(session: Session, order_id: str) -> WholeOrder:
    """Return an order with all that belongs to it.

    Raises:
        NotFound: there is none.
    """
    order = session.get(Order, order_id)
    if order is None:
        raise _unknown()
    return WholeOrder(
        order=order,
        sold=sold_lines(session, [order_id]).get(order_id, ()),
        events=tuple(
            session.exec(
                select(OrderEvent)
                .where(OrderEvent.order_id == order_id)
                .order_by(col(OrderEvent.id))
            )
        ),
        point=session.get_one(Point, order.point_id),
        promise=session.get_one(Promise, order.promise_id),
        quote=session.get_one(Quote, order.quote_id),
        payment=payment_of(session, order_id),
    )


def payment_of(session: Session, order_id: str) -> Payment | None:
    """Return the payment of an order; none before it is placed."""
    return session.exec(select(Payment).where(Payment.order_id == order_id)).first()


def sold_lines(session: Session, order_ids: Collection[str]) -> Mapping[str, tuple[SoldLine, ...]]:
    """Return the lines of orders, by order; one query however many there are."""
    found: dict[str, tuple[SoldLine, ...]] = {}
    for line, revision, part in session.exec(
        select(OrderLine, Revision, Part)
        .join(Revision, col(Revision.id) == col(OrderLine.revision_id))
        .join(Part, col(Part.id) == col(Revision.part_id))
        .where(col(OrderLine.order_id).in_(list(order_ids)))
        .order_by(col(OrderLine.position))
    ):
        known = found.get(line.order_id, ())
        found[line.order_id] = (*known, SoldLine(line, part, revision))
    return found


def _unknown() -> NotFound:
    return NotFound(
        "There is no such order. Open it by the link in your mail; the number alone is not enough.",
        code="unknown_order",
    )
