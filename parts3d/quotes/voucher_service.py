"""Vouchers: who may use a code, once more than it allows nobody; and the operator's list."""

import hashlib
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator
from sqlalchemy import func
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from parts3d.accounts.service import fold_email
from parts3d.catalogue.tables import Part
from parts3d.errors import Conflict, Expired, Invalid, NotFound
from parts3d.quotes.tariff_service import brussels_day
from parts3d.quotes.voucher_tables import VoucherRecord, VoucherUse
from parts3d.quotes.vouchers import Voucher

# Without I, L, O, U: what is read aloud is understood.
_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_FRESH_SIGNS = 8
_CODE = re.compile(r"[A-Z0-9]{4,24}")


class VoucherTerms(BaseModel):
    """A voucher to be made. Either an amount or a percentage."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    code: str = ""
    amount_cents: Annotated[int, Field(ge=1, le=100_000)] | None = None
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    first_day: date | None = None
    last_day: date | None = None
    most_uses: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    first_order_only: bool = False
    part: str | None = None
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""

    @model_validator(mode="after")
    def _either(self) -> "VoucherTerms":
        if (self.amount_cents is None) == (self.percent is None):
            raise ValueError("Give either an amount or a percentage.")
        if self.first_day and self.last_day and self.last_day < self.first_day:
            raise ValueError("The last day lies before the first one.")
        return self


@dataclass(frozen=True, slots=True)
class ListedVoucher:
    """A voucher as the operator sees it."""

    record: VoucherRecord
    uses: int
    given_back: int
    part: str | None


def read_code(typed: str) -> str:
    """Return a code as it is kept, however it was typed."""
    return re.sub(r"[\s-]", "", typed).upper()


def check_voucher(
    session: Session,
    code: str,
    now: datetime,
    *,
    parts: Collection[str],
    email: str | None = None,
    earlier_orders: int = 0,
) -> Voucher:
    """Return what a code takes off, if it may be used now; hand it to ``price``.

    Args:
        session: only read from.
        code: as typed.
        now: decides the day in Brussels.
        parts: the slugs in the basket.
        email: the customer's; None while she has not given it (then a first order is believed).
        earlier_orders: orders of that address that were not cancelled.

    Raises:
        NotFound: no such code.
        Expired: its time is over, or it was stopped.
        Conflict: not yet, used up, for another part, or not a first order; says which.
    """
    record = session.exec(
        select(VoucherRecord).where(VoucherRecord.code == read_code(code))
    ).first()
    return _checked(session, record, now, parts=parts, email=email, earlier_orders=earlier_orders)


def redeem(
    session: Session,
    code: str,
    now: datetime,
    *,
    order_id: str,
    parts: Collection[str],
    email: str,
    earlier_orders: int = 0,
) -> VoucherUse:
    """Use a voucher for an order; twice for the same order is once.

    Call it when the order is submitted: from then on its price stands. Of two customers who want
    the last use, one is refused, whatever they do at once.

    Raises:
        NotFound, Expired, Conflict: as ``check_voucher``; also an order that uses another one.
    """
    record = session.exec(
        select(VoucherRecord)
        .where(VoucherRecord.code == read_code(code))
        .with_for_update()
        .execution_options(populate_existing=True)
    ).first()
    used = session.exec(
        select(VoucherUse).where(
            VoucherUse.order_id == order_id, col(VoucherUse.given_back_at).is_(None)
        )
    ).first()
    if used is not None and record is not None:
        if used.voucher_id == record.id:
            return used
        raise Conflict("An order takes one voucher only.", code="voucher_second", place="voucher")
    _checked(session, record, now, parts=parts, email=email, earlier_orders=earlier_orders)
    if record is None:
        raise _unknown()
    taken = set(
        session.exec(
            select(VoucherUse.number).where(
                VoucherUse.voucher_id == record.id, col(VoucherUse.given_back_at).is_(None)
            )
        )
    )
    use = VoucherUse(
        voucher_id=record.id,
        number=next(number for number in range(1, len(taken) + 2) if number not in taken),
        order_id=order_id,
        contact_sha256=_contact(email),
        used_at=now,
    )
    try:
        with session.begin_nested():
            session.add(use)
            session.flush()
    except IntegrityError as error:
        raise _used_up(record.code) from error
    return use


def give_back(session: Session, order_id: str, now: datetime) -> None:
    """Give the use of a cancelled, unpaid order back; without one, or twice, nothing happens."""
    use = session.exec(
        select(VoucherUse)
        .where(VoucherUse.order_id == order_id, col(VoucherUse.given_back_at).is_(None))
        .with_for_update()
    ).first()
    if use is not None:
        use.given_back_at = now
        session.flush()


def create_voucher(
    session: Session, terms: VoucherTerms, *, actor: str, now: datetime
) -> VoucherRecord:
    """Make a voucher; without a code it gets a fresh one of 40 random bits.

    Raises:
        Invalid: the code is no code, the last day is over, or there is no such part.
        Conflict: the code was given before.
    """
    code = read_code(terms.code) or "".join(secrets.choice(_SIGNS) for _ in range(_FRESH_SIGNS))
    if not _CODE.fullmatch(code):
        raise Invalid("A code has 4 to 24 letters and digits, as in WELCOME10.", place="code")
    if terms.last_day is not None and terms.last_day < brussels_day(now):
        raise Invalid("The last day is over already.", place="last_day")
    part_id = None
    if terms.part is not None:
        part_id = session.exec(select(Part.id).where(Part.slug == terms.part)).first()
        if part_id is None:
            raise Invalid("There is no such part. Choose one of the list.", place="part")
    record = VoucherRecord(
        code=code,
        part_id=part_id,
        created_by=actor,
        created_at=now,
        **terms.model_dump(exclude={"code", "part"}),
    )
    try:
        with session.begin_nested():
            session.add(record)
            session.flush()
    except IntegrityError as error:
        raise Conflict(
            f"The code {code} was given before. Choose another one.",
            code="voucher_exists",
            place="code",
        ) from error
    return record


def stop_voucher(session: Session, voucher_id: str, *, actor: str, now: datetime) -> VoucherRecord:
    """Stop a voucher for good; orders that used it keep their price.

    Raises:
        NotFound: there is none.
    """
    record = session.get(VoucherRecord, voucher_id)
    if record is None:
        raise NotFound("There is no such voucher.")
    if record.stopped_at is None:
        record.stopped_at, record.stopped_by = now, actor
        session.flush()
    return record


def list_vouchers(session: Session) -> list[ListedVoucher]:
    """Return all vouchers, the newest first, with how often each was used."""
    uses = {
        voucher_id: (count - given_back, given_back)
        for voucher_id, count, given_back in session.exec(
            select(
                VoucherUse.voucher_id,
                func.count(),
                func.count(col(VoucherUse.given_back_at)),
            ).group_by(col(VoucherUse.voucher_id))
        )
    }
    rows = session.exec(
        select(VoucherRecord, Part.slug)
        .join(Part, col(Part.id) == col(VoucherRecord.part_id), isouter=True)
        .order_by(col(VoucherRecord.created_at).desc(), col(VoucherRecord.code))
    )
    return [ListedVoucher(record, *uses.get(record.id, (0, 0)), part) for record, part in rows]


def _checked(
    session: Session,
    record: VoucherRecord | None,
    now: datetime,
    *,
    parts: Collection[str],
    email: str | None,
    earlier_orders: int,
) -> Voucher:
    if record is None:
        raise _unknown()
    today = brussels_day(now)
    if record.stopped_at is not None:
        raise Expired(
            f"The voucher {record.code} is no longer valid.",
            code="voucher_stopped",
            place="voucher",
        )
    if record.last_day is not None and today > record.last_day:
        raise Expired(
            f"The voucher {record.code} was valid until {record.last_day:%d/%m/%Y}.",
            code="voucher_expired",
            place="voucher",
        )
    if record.first_day is not None and today < record.first_day:
        raise Conflict(
            f"The voucher {record.code} is valid from {record.first_day:%d/%m/%Y} on.",
            code="voucher_not_yet",
            place="voucher",
        )
    slug = None if record.part_id is None else session.get_one(Part, record.part_id).slug
    if slug is not None and slug not in parts:
        raise Conflict(
            f"The voucher {record.code} is for another part than those in the basket.",
            code="voucher_other_part",
            place="voucher",
        )
    if record.most_uses is not None and _uses(session, record) >= record.most_uses:
        raise _used_up(record.code)
    if record.first_order_only and (
        earlier_orders > 0 or (email is not None and _uses(session, record, _contact(email)) > 0)
    ):
        raise Conflict(
            f"The voucher {record.code} is for a first order only.",
            code="voucher_first_order",
            place="voucher",
        )
    return Voucher(
        code=record.code,
        amount_cents=record.amount_cents,
        share=None if record.percent is None else Decimal(record.percent) / 100,
        part=slug,
    )


def _uses(session: Session, record: VoucherRecord, contact: str | None = None) -> int:
    count = select(func.count()).where(
        VoucherUse.voucher_id == record.id, col(VoucherUse.given_back_at).is_(None)
    )
    if contact is not None:
        count = count.where(VoucherUse.contact_sha256 == contact)
    return session.exec(count).one()


def _contact(email: str) -> str:
    return hashlib.sha256(fold_email(email).encode()).hexdigest()


def _unknown() -> NotFound:
    return NotFound(
        "There is no voucher of this code. Check each sign.",
        code="voucher_unknown",
        place="voucher",
    )


def _used_up(code: str) -> Conflict:
    return Conflict(
        f"The voucher {code} has been used as often as it may be.",
        code="voucher_used_up",
        place="voucher",
    )
