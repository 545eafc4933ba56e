"""Printers that are out for a while: maintenance that staff plan, a nozzle that is on its way."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.errors import Invalid, NotFound
from parts3d.points.closure_tables import PrinterAbsence
from parts3d.points.tables import Printer

LONGEST = timedelta(days=60)


def plan_absence(
    session: Session,
    *,
    point_id: str,
    printer_id: str,
    starts_at: datetime,
    ends_at: datetime,
    reason: str,
    actor: str,
    now: datetime,
) -> PrinterAbsence:
    """Take a printer out for a time: no print is begun there that would run into it.

    Raises:
        NotFound: no such printer at this point.
        Invalid: no reason, the end before the beginning, in the past, or too long.
    """
    _check_printer(session, point_id, printer_id)
    starts_at, ends_at = _minute(starts_at), _minute(ends_at)
    if not reason.strip():
        raise Invalid("Say what is done with the printer.", place="reason")
    if ends_at <= starts_at or ends_at <= now:
        raise Invalid("The end has to lie after the beginning, and ahead.", place="ends_at")
    if ends_at - starts_at > LONGEST:
        raise Invalid(
            f"At most {LONGEST.days} days. For longer, have the printer taken out of the network.",
            place="ends_at",
        )
    row = PrinterAbsence(
        printer_id=printer_id,
        starts_at=starts_at,
        ends_at=ends_at,
        reason=reason.strip()[:200],
        made_by=actor,
        made_at=now,
    )
    session.add(row)
    session.flush()
    return row


def end_absence(
    session: Session, *, point_id: str, printer_id: str, absence_id: str, now: datetime
) -> PrinterAbsence:
    """Call an absence off, or end it before its time; twice is once.

    Raises:
        NotFound: no such absence of this point's printer.
    """
    _check_printer(session, point_id, printer_id)
    row = session.get(PrinterAbsence, absence_id, with_for_update=True)
    if row is None or row.printer_id != printer_id:
        raise NotFound("There is no such maintenance of this printer.")
    row.called_off_at = row.called_off_at or now
    session.flush()
    return row


def absences_of(
    session: Session, printer_ids: Collection[str], now: datetime
) -> Mapping[str, Sequence[PrinterAbsence]]:
    """Return what is planned for printers from now on, in order of time; one query."""
    found: dict[str, list[PrinterAbsence]] = defaultdict(list)
    rows = session.exec(
        select(PrinterAbsence)
        .where(
            col(PrinterAbsence.printer_id).in_(list(printer_ids)),
            PrinterAbsence.ends_at > now,
            col(PrinterAbsence.called_off_at).is_(None),
        )
        .order_by(col(PrinterAbsence.starts_at), col(PrinterAbsence.id))
    )
    for row in rows:
        found[row.printer_id].append(row)
    return found


def _check_printer(session: Session, point_id: str, printer_id: str) -> None:
    printer = session.get(Printer, printer_id)
    if printer is None or printer.point_id != point_id or printer.withdrawn_at is not None:
        raise NotFound("There is no such printer at this point.")


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)
