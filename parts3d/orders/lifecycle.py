"""The life of an order and of its payment."""

from enum import StrEnum

from parts3d.lifecycle import Lifecycle


class OrderStatus(StrEnum):
    """Where an order stands."""

    DRAFT = "draft"  # checkout is open
    PRICED = "priced"  # details given; waits for the contact to be confirmed
    AWAITING_PAYMENT = "awaiting_payment"  # an online payment is under way
    PLACED = "placed"  # ours to fulfil
    IN_PRODUCTION = "in_production"  # at least one print was permitted to start
    READY = "ready"  # on the shelf
    COLLECTED = "collected"  # handed over and paid
    CLOSED = "closed"  # nothing can be claimed any more
    CANCELLED = "cancelled"
    ACTION_NEEDED = "action_needed"  # waits for a person, with the reason
    EXPIRED_UNCOLLECTED = "expired_uncollected"
    RETURN_OPEN = "return_open"


ORDER_LIFECYCLE = Lifecycle(
    "order",
    {
        OrderStatus.DRAFT: frozenset({OrderStatus.PRICED, OrderStatus.CANCELLED}),
        OrderStatus.PRICED: frozenset(
            {OrderStatus.AWAITING_PAYMENT, OrderStatus.PLACED, OrderStatus.CANCELLED}
        ),
        OrderStatus.AWAITING_PAYMENT: frozenset({OrderStatus.PLACED, OrderStatus.CANCELLED}),
        OrderStatus.PLACED: frozenset(
            {OrderStatus.IN_PRODUCTION, OrderStatus.CANCELLED, OrderStatus.ACTION_NEEDED}
        ),
        OrderStatus.IN_PRODUCTION: frozenset({OrderStatus.READY, OrderStatus.ACTION_NEEDED}),
        OrderStatus.READY: frozenset(
            {
                OrderStatus.COLLECTED,
                OrderStatus.ACTION_NEEDED,
                OrderStatus.EXPIRED_UNCOLLECTED,
            }
        ),
        OrderStatus.COLLECTED: frozenset({OrderStatus.CLOSED, OrderStatus.RETURN_OPEN}),
        OrderStatus.CLOSED: frozenset(),
        OrderStatus.CANCELLED: frozenset(),
        OrderStatus.ACTION_NEEDED: frozenset(
            {
                OrderStatus.PLACED,
                OrderStatus.IN_PRODUCTION,
                OrderStatus.READY,
                OrderStatus.CANCELLED,
            }
        ),
        OrderStatus.EXPIRED_UNCOLLECTED: frozenset({OrderStatus.COLLECTED, OrderStatus.CLOSED}),
        OrderStatus.RETURN_OPEN: frozenset({OrderStatus.CLOSED}),
    },
)


class PaymentStatus(StrEnum):
    """Where the money is."""

    CREATED = "created"
    AUTHORISED = "authorised"
    CAPTURING = "capturing"
    CAPTURED = "captured"
    PART_REFUNDED = "part_refunded"
    REFUNDED = "refunded"
    VOIDED = "voided"
    FAILED = "failed"
    UNKNOWN = "unknown"  # the provider did not answer; asked again, never assumed
    DISPUTED = "disputed"


PAYMENT_LIFECYCLE = Lifecycle(
    "payment",
    {
        PaymentStatus.CREATED: frozenset(
            {
                PaymentStatus.AUTHORISED,
                PaymentStatus.CAPTURING,
                PaymentStatus.VOIDED,
                PaymentStatus.FAILED,
                PaymentStatus.UNKNOWN,
            }
        ),
        PaymentStatus.AUTHORISED: frozenset(
            {PaymentStatus.CAPTURING, PaymentStatus.VOIDED, PaymentStatus.UNKNOWN}
        ),
        PaymentStatus.CAPTURING: frozenset(
            {PaymentStatus.CAPTURED, PaymentStatus.FAILED, PaymentStatus.UNKNOWN}
        ),
        PaymentStatus.CAPTURED: frozenset(
            {PaymentStatus.PART_REFUNDED, PaymentStatus.REFUNDED, PaymentStatus.DISPUTED}
        ),
        PaymentStatus.PART_REFUNDED: frozenset({PaymentStatus.REFUNDED, PaymentStatus.DISPUTED}),
        PaymentStatus.REFUNDED: frozenset(),
        PaymentStatus.VOIDED: frozenset(),
        PaymentStatus.FAILED: frozenset(),
        PaymentStatus.UNKNOWN: frozenset(
            {
                PaymentStatus.AUTHORISED,
                PaymentStatus.CAPTURED,
                PaymentStatus.FAILED,
                PaymentStatus.VOIDED,
            }
        ),
        PaymentStatus.DISPUTED: frozenset({PaymentStatus.CAPTURED, PaymentStatus.REFUNDED}),
    },
)
