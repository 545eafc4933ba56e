"""Tariffs: which one is in force, and how the operator makes the next one."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.quotes.tariff import Tariff, tariff_at
from parts3d.quotes.tariff_file import (
    TariffSheet,
    read_sheet,
    sheet_of,
    shipped_tariffs,
    written,
)
from parts3d.quotes.tariff_tables import (
    TARIFF_LIFECYCLE,
    TariffEvent,
    TariffRecord,
    TariffStatus,
)

_BRUSSELS = ZoneInfo("Europe/Brussels")
LONGEST_TITLE = 80


@dataclass(frozen=True, slots=True)
class KnownTariff:
    """A tariff that holds or held or will hold; without a record it came with the program."""

    tariff: Tariff
    record: TariffRecord | None


def brussels_day(now: datetime) -> date:
    """Return the day in Brussels."""
    return now.astimezone(_BRUSSELS).date()


def known_tariffs(session: Session) -> list[KnownTariff]:
    """Return all tariffs, those shipped and those published, by their first day."""
    records = session.exec(
        select(TariffRecord).where(TariffRecord.status == TariffStatus.PUBLISHED)
    )
    known = [KnownTariff(tariff, None) for tariff in shipped_tariffs()]
    known += [KnownTariff(tariff_of(record), record) for record in records]
    return sorted(known, key=lambda one: one.tariff.effective_from)


def tariff_in_force(session: Session, now: datetime) -> Tariff:
    """Return the tariff that prices are computed with now.

    Raises:
        NotFound: all begin later.
    """
    today = brussels_day(now)
    newest = session.exec(
        select(TariffRecord)
        .where(
            TariffRecord.status == TariffStatus.PUBLISHED,
            col(TariffRecord.effective_from) <= today,
        )
        .order_by(col(TariffRecord.effective_from).desc())
        .limit(1)
    ).first()
    published = [] if newest is None else [tariff_of(newest)]
    return tariff_at([*shipped_tariffs(), *published], today)


def tariff_of(record: TariffRecord) -> Tariff:
    """Return a record as a tariff; a draft is called by its record and begins on no real day."""
    return read_sheet(record.sheet).tariff(
        record.name or f"draft-{record.id}", record.effective_from or date.max
    )


def drafts(session: Session) -> list[TariffRecord]:
    """Return the drafts, the newest first."""
    return list(
        session.exec(
            select(TariffRecord)
            .where(TariffRecord.status == TariffStatus.DRAFT)
            .order_by(col(TariffRecord.created_at).desc(), col(TariffRecord.id))
        )
    )


def find_record(session: Session, record_id: str) -> TariffRecord:
    """Return a tariff's record, whatever became of it.

    Raises:
        NotFound: there is none.
    """
    record = session.get(TariffRecord, record_id)
    if record is None:
        raise NotFound("There is no such tariff.")
    return record


def events_of(session: Session, record_id: str) -> list[TariffEvent]:
    """Return what was done with a tariff, in order."""
    return list(
        session.exec(
            select(TariffEvent)
            .where(TariffEvent.tariff_record_id == record_id)
            .order_by(col(TariffEvent.id))
        )
    )


def new_draft(session: Session, *, title: str, actor: str, now: datetime) -> TariffRecord:
    """Begin a draft as a copy of the tariff in force.

    Raises:
        Invalid: without a title.
    """
    base = tariff_in_force(session, now)
    record = TariffRecord(
        status=TariffStatus.DRAFT,
        title=_title(title),
        made_from=base.id,
        sheet=written(sheet_of(base)),
        created_at=now,
    )
    session.add(record)
    session.flush()
    _tell(session, record, None, actor=actor, now=now, reason=f"A copy of {base.id}.")
    return record


def edit_draft(
    session: Session, record_id: str, sheet: TariffSheet, *, title: str, actor: str, now: datetime
) -> TariffRecord:
    """Change a draft; a change of nothing leaves no trace.

    Raises:
        NotFound: there is none.
        Conflict: it is no draft any more; what was published never changes.
        Invalid: without a title, or a tariff that is none.
    """
    record = find_record(session, record_id)
    if record.status is not TariffStatus.DRAFT:
        raise Conflict(
            "What was published is never changed. Make a draft of it and publish that.",
            code="tariff_published",
        )
    # Judged as a whole before it is kept.
    sheet.tariff("draft", date.max)
    if read_sheet(record.sheet) == sheet and record.title == _title(title):
        return record
    record.sheet = written(sheet)
    record.title = _title(title)
    session.flush()
    _tell(session, record, TariffStatus.DRAFT, actor=actor, now=now)
    return record


def publish(
    session: Session, record_id: str, first_day: date, *, actor: str, now: datetime
) -> TariffRecord:
    """Publish a draft: it holds for all prices asked for from its first day on.

    Args:
        session: flushed, not committed.
        record_id: the draft's.
        first_day: in Brussels; today means from now on: quotes given before keep theirs.
        actor: ``operator:<id>``.
        now: the server's moment.

    Raises:
        NotFound: there is none.
        Conflict: it is no draft, or another tariff begins on that day.
        Invalid: the day is over.
    """
    record = find_record(session, record_id)
    status = TARIFF_LIFECYCLE.move(record.status, TariffStatus.PUBLISHED)
    if record.status is status:
        return record
    today = brussels_day(now)
    if first_day < today:
        raise Invalid(
            f"The {first_day:%d/%m/%Y} is over. Prices change from today on at the earliest.",
            place="first_day",
        )
    for known in known_tariffs(session):
        if known.tariff.effective_from == first_day:
            raise _same_day(first_day, known.tariff.id)
    name = _fresh_name(session, first_day)
    before, record.status = record.status, status
    record.effective_from, record.name = first_day, name
    try:
        with session.begin_nested():
            session.flush()
    except IntegrityError as error:
        raise _same_day(first_day, f"{first_day}") from error
    _tell(
        session,
        record,
        before,
        actor=actor,
        now=now,
        reason=f"In force from {first_day:%d/%m/%Y} on.",
    )
    return record


def withdraw(session: Session, record_id: str, *, actor: str, now: datetime) -> TariffRecord:
    """Take a published tariff back before its first day; the one before goes on.

    Raises:
        NotFound: there is none.
        Conflict: it has begun: quotes may have been given under it.
    """
    record = find_record(session, record_id)
    status = TARIFF_LIFECYCLE.move(record.status, TariffStatus.WITHDRAWN)
    if record.status is status:
        return record
    if record.effective_from is not None and record.effective_from <= brussels_day(now):
        raise Conflict(
            f"This tariff is in force since {record.effective_from:%d/%m/%Y} and cannot be "
            "withdrawn. Publish another one that replaces it.",
            code="tariff_begun",
        )
    before, record.status = record.status, status
    session.flush()
    _tell(session, record, before, actor=actor, now=now)
    return record


def discard(session: Session, record_id: str, *, actor: str, now: datetime) -> TariffRecord:
    """Throw a draft away; its record stays.

    Raises:
        NotFound: there is none.
        Conflict: it was published.
    """
    record = find_record(session, record_id)
    before, status = record.status, TARIFF_LIFECYCLE.move(record.status, TariffStatus.DISCARDED)
    if before is not status:
        record.status = status
        session.flush()
        _tell(session, record, before, actor=actor, now=now)
    return record


def _title(typed: str) -> str:
    title = " ".join(typed.split())
    if not title:
        raise Invalid("Give the draft a name, as in: cheaper PETG.", place="title")
    return title[:LONGEST_TITLE]


def _fresh_name(session: Session, first_day: date) -> str:
    # A name that a withdrawn tariff had is not given again.
    taken = set(session.exec(select(TariffRecord.name)))
    taken |= {tariff.id for tariff in shipped_tariffs()}
    name, count = first_day.isoformat(), 1
    while name in taken:
        count += 1
        name = f"{first_day.isoformat()}.{count}"
    return name


def _same_day(first_day: date, name: str) -> Conflict:
    return Conflict(
        f"The tariff {name} begins on {first_day:%d/%m/%Y} already, and two cannot hold at once. "
        "Choose another day, or withdraw that one if it has not begun.",
        code="tariff_same_day",
        place="first_day",
    )


def _tell(
    session: Session,
    record: TariffRecord,
    before: TariffStatus | None,
    *,
    actor: str,
    now: datetime,
    reason: str | None = None,
) -> None:
    session.add(
        TariffEvent(
            tariff_record_id=record.id,
            at=now,
            from_status=before,
            to_status=record.status,
            actor=actor,
            reason=reason,
        )
    )
    session.flush()
