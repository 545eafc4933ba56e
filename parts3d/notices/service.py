"""Notices: which are owed, what they say, and how their sending ends.

The order's row says what its customer has to be told; the notices look. A notice is a row
before it is a mail, one of a kind an order. Its stored text holds marks instead of the link
and the code, which are filled in when it is sent: a stolen database opens no order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.integrations.smtp import Delivery
from parts3d.notices.tables import NOTICE_LIFECYCLE, Notice, NoticeKind, NoticeStatus
from parts3d.orders.checkout import CONFIRM_WITHIN
from parts3d.orders.lifecycle import OrderStatus
from parts3d.orders.queries import lock_order, whole_order
from parts3d.orders.tables import Order
from parts3d.orders.tokens import collection_code, confirmation_token, order_token
from parts3d.settings import Settings
from parts3d.templating import environment

# A worker that took a notice and was not heard of since has died: it is sent again.
WORKER_DIED_AFTER = timedelta(minutes=2)
_MAX_TRIES = 12
_FIRST_REST = timedelta(seconds=15)
_LONGEST_REST = timedelta(hours=1)
_CANCELLED_TOLD_WITHIN = timedelta(days=7)
_NOTHING_MORE: Mapping[str, Any] = MappingProxyType({})
_ORDER_LINK, _CONFIRM_LINK, _CODE = "<<order-link>>", "<<confirm-link>>", "<<code>>"

# What an order's customer has to know in each of its statuses.
_OWED = (
    (NoticeKind.CONFIRM, (OrderStatus.PRICED,)),
    (NoticeKind.CONFIRMED, (OrderStatus.PLACED, OrderStatus.IN_PRODUCTION)),
    (NoticeKind.READY, (OrderStatus.READY,)),
    (NoticeKind.CANCELLED, (OrderStatus.CANCELLED,)),
)


def due_kind(order: Order) -> NoticeKind | None:
    """Return what an order's customer has to be told now, whether or not she has been."""
    if order.status is OrderStatus.CANCELLED and order.contact_confirmed_at is None:
        return None  # an address that nobody confirmed is not written to again
    return next((kind for kind, statuses in _OWED if order.status in statuses), None)


def owed(session: Session, now: datetime) -> Sequence[str]:
    """Return the ids of orders whose notice is not written yet (the sweeper rings for them)."""
    missing = [
        sa.and_(
            col(Order.status).in_(statuses),
            ~sa.exists().where(col(Notice.order_id) == col(Order.id), col(Notice.kind) == kind),
        )
        for kind, statuses in _OWED
    ]
    return session.exec(
        select(Order.id)
        .where(
            sa.or_(*missing),
            (col(Order.status) != OrderStatus.CANCELLED)
            | (
                col(Order.contact_confirmed_at).is_not(None)
                & (col(Order.created_at) > now - _CANCELLED_TOLD_WITHIN)
            ),
        )
        .limit(200)
    ).all()


def write_due(session: Session, settings: Settings, order_id: str, now: datetime) -> Notice | None:
    """Write the notice that an order owes, unless it is there; twice is once."""
    order = lock_order(session, order_id)
    kind = due_kind(order)
    if kind is None:
        return None
    existing = session.exec(
        select(Notice).where(Notice.order_id == order_id, Notice.kind == kind)
    ).first()
    if existing is not None:
        return None
    return add_notice(session, settings, order, kind, now)


def add_notice(
    session: Session,
    settings: Settings,
    order: Order,
    kind: NoticeKind,
    now: datetime,
    *,
    occasion: str = "",
    more: Mapping[str, Any] = _NOTHING_MORE,
) -> Notice:
    """Write a notice of a locked order; the caller has looked whether it is there.

    Args:
        session: flushed, not committed.
        settings: the network's name.
        order: whose customer is told.
        kind: what.
        now: the server's moment.
        occasion: what may happen more than once: the id of what it tells of.
        more: further values of the mail's template.
    """
    subject, body = _compose(session, settings, order, kind, more)
    notice = Notice(
        order_id=order.id,
        kind=kind,
        occasion=occasion,
        status=NoticeStatus.WAITING,
        language=order.language,
        to_email=order.contact_email,
        subject=subject,
        body_text=body,
        not_before=now,
        created_at=now,
    )
    session.add(notice)
    session.flush()
    return notice


def waiting(session: Session, now: datetime, *, order_id: str | None = None) -> Sequence[str]:
    """Return the ids of notices to be sent now, oldest first."""
    statement = select(Notice.id).where(
        Notice.status == NoticeStatus.WAITING, Notice.not_before <= now
    )
    if order_id is not None:
        statement = statement.where(Notice.order_id == order_id)
    return session.exec(statement.order_by(col(Notice.created_at)).limit(200)).all()


def begin(session: Session, notice_id: str, now: datetime) -> Notice | None:
    """Take a waiting notice; None if somebody else has it or it is done."""
    notice = _locked(session, notice_id)
    if notice is None or notice.status is not NoticeStatus.WAITING or notice.not_before > now:
        return None
    _move(notice, NoticeStatus.SENDING)
    notice.started_at = now
    notice.tries += 1
    session.flush()
    return notice


def finish(session: Session, notice_id: str, delivery: Delivery, now: datetime) -> None:
    """Note what the mail server said; a refusal that may pass is tried again, later each time."""
    notice = _locked(session, notice_id)
    if notice is None or notice.status is not NoticeStatus.SENDING:
        return
    notice.failure = delivery.reason or None
    if delivery.accepted:
        _move(notice, NoticeStatus.SENT)
        notice.sent_at = now
    elif delivery.permanent or notice.tries >= _MAX_TRIES:
        _move(notice, NoticeStatus.FAILED)
    else:
        _move(notice, NoticeStatus.WAITING)
        notice.not_before = now + min(_FIRST_REST * 2 ** (notice.tries - 1), _LONGEST_REST)
    session.flush()


def put_back(session: Session, notice_id: str, reason: str, until: datetime) -> None:
    """Let a notice wait that could not be tried at all; it does not count as a try."""
    notice = _locked(session, notice_id)
    if notice is None or notice.status is not NoticeStatus.SENDING:
        return
    _move(notice, NoticeStatus.WAITING)
    notice.tries -= 1
    notice.failure = reason
    notice.not_before = until
    session.flush()


def release_stuck(session: Session, now: datetime) -> int:
    """Let notices wait again whose worker died; they keep their Message-ID. Returns how many."""
    stuck = session.exec(
        select(Notice)
        .where(
            Notice.status == NoticeStatus.SENDING,
            col(Notice.started_at) <= now - WORKER_DIED_AFTER,
        )
        .with_for_update(skip_locked=True)
    ).all()
    for notice in stuck:
        _move(notice, NoticeStatus.WAITING)
    session.flush()
    return len(stuck)


def message(settings: Settings, notice: Notice, order: Order) -> EmailMessage:
    """Return a notice as a mail; the same Message-ID however often it is made."""
    mail = EmailMessage()
    mail["From"] = settings.mail_from
    mail["To"] = notice.to_email
    mail["Subject"] = notice.subject
    mail["Date"] = format_datetime(notice.created_at)
    domain = parseaddr(settings.mail_from)[1].rpartition("@")[2] or "localhost"
    mail["Message-ID"] = f"<{notice.id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(readable(settings, notice, order))
    return mail


def readable(settings: Settings, notice: Notice, order: Order) -> str:
    """Return a notice's text with its links and code, as it is sent (and shown in the demo)."""
    secret, base = settings.secret(), settings.public_url.rstrip("/")
    confirmation = confirmation_token(secret, order.id, order.created_at + CONFIRM_WITHIN)
    return (
        notice.body_text.replace(_ORDER_LINK, f"{base}/orders/{order_token(secret, order.id)}")
        .replace(_CONFIRM_LINK, f"{base}/confirm/{confirmation}")
        .replace(_CODE, collection_code(secret, order.id))
    )


def mailbox(session: Session, settings: Settings, *, limit: int = 50) -> list[tuple[Notice, str]]:
    """Return the latest notices with their whole text, newest first: the demo's mailbox."""
    rows = session.exec(
        select(Notice, Order)
        .join(Order, col(Order.id) == col(Notice.order_id))
        .order_by(col(Notice.created_at).desc())
        .limit(limit)
    ).all()
    return [(notice, readable(settings, notice, order)) for notice, order in rows]


def _compose(
    session: Session,
    settings: Settings,
    order: Order,
    kind: NoticeKind,
    more: Mapping[str, Any],
) -> tuple[str, str]:
    whole = whole_order(session, order.id)
    point = whole.point
    text = (
        environment(order.language)
        .get_template(f"mail/{kind.value}.txt")
        .render(
            number=order.number,
            # Nobody's name is one of our marks.
            name=order.contact_name.replace("<<", ""),
            lines=[(line.title, line.quantity) for line in whole.lines],
            total_cents=order.total_cents,
            ready_at=order.ready_promised_at,
            point_name=point.name,
            point_address=f"{point.street}, {point.postcode} {point.city}",
            opening_hours=point.opening_hours,
            network_name=settings.network_name,
            order_link=_ORDER_LINK,
            confirm_link=_CONFIRM_LINK,
            code=_CODE,
            **more,
        )
    )
    head, _, body = text.strip().partition("\n")
    return head.removeprefix("Subject:").strip(), body.strip() + "\n"


def _locked(session: Session, notice_id: str) -> Notice | None:
    return session.exec(
        select(Notice)
        .where(Notice.id == notice_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()


def _move(notice: Notice, target: NoticeStatus) -> None:
    notice.status = NOTICE_LIFECYCLE.move(notice.status, target)
