"""Why an order was promised what it was: reasons, the decision computed again, the moves since."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from parts3d.jobs.keeping.tables import Rescue, RescueKind, RescueStatus
from parts3d.orders.tables import Order
from parts3d.points.hours import BRUSSELS
from parts3d.points.tables import Point, Printer
from parts3d.promises.decision_tables import Outcome, PromiseDecision
from parts3d.promises.decisions import Replay, decisions_of, replay
from parts3d.promises.snapshot import Offer
from parts3d.promises.words import (
    N_,
    Translate,
    percent_words,
    promise_sentence,
    reason_sentence,
    refusal_sentence,
)

_KINDS = {
    RescueKind.PRINTER: N_("planned on {to_printer} instead of {from_printer}"),
    RescueKind.REPRINT: N_("printed again, on {to_printer}"),
    RescueKind.HEDGE: N_("a second print on {to_printer}"),
    RescueKind.TWIN: N_("promised with a second print, on {to_printer}"),
    RescueKind.POINT: N_("the customer is asked to collect at {to_point}"),
    RescueKind.TELL: N_("nothing helps: the customer is told"),
}
_STATUSES = {
    RescueStatus.ASKED: N_("waits for her answer"),
    RescueStatus.DONE: N_("done"),
    RescueStatus.DECLINED: N_("she stays"),
    RescueStatus.LAPSED: N_("no answer in time: it stays"),
    RescueStatus.OVERTAKEN: N_("no longer needed"),
}


@dataclass(frozen=True, slots=True)
class ExplainedDecision:
    """One decision in words; ``same`` tells whether today's planner gives the same answer."""

    made: str
    point: str
    percent: str
    sentence: str
    reasons: tuple[str, ...]
    same: bool
    replayed: str
    ended: str


@dataclass(frozen=True, slots=True)
class Explained:
    """An order's promise in words: its decisions, and the moves that were made to keep it."""

    number: str
    status: str
    decisions: tuple[ExplainedDecision, ...]
    moves: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def explain_order(
    session: Session, order: Order, translate: Translate = str, locale: str = "en"
) -> Explained:
    """Explain an order's promise in a language."""
    return Explained(
        number=order.number,
        status=order.status.value.replace("_", " "),
        decisions=tuple(
            _decision(session, replay(row), translate, locale)
            for row in decisions_of(session, order.id)
        ),
        moves=moves_in_words(session, order.id, translate),
    )


def moves_in_words(session: Session, order_id: str, _: Translate = str) -> tuple[str, ...]:
    """Return what was done to keep an order's promise, oldest first."""
    rows = session.exec(
        select(Rescue).where(Rescue.order_id == order_id).order_by(col(Rescue.made_at))
    ).all()
    return tuple(_move(session, row, _) for row in rows)


def move_words(session: Session, row: Rescue, _: Translate = str) -> str:
    """Return what one move is, without its moment."""
    return _(_KINDS[row.kind]).format(
        to_printer=_printer(session, row.to_printer_id, _),
        from_printer=_printer(session, row.from_printer_id, _),
        to_point=session.get_one(Point, row.to_point_id).name,
    )


def status_words(row: Rescue, _: Translate = str) -> str:
    """Return what became of a move."""
    return _(_STATUSES[row.status])


def _move(session: Session, row: Rescue, _: Translate) -> str:
    words = f"{_at(row.made_at)}: {move_words(session, row, _)} ({status_words(row, _)})"
    if row.chance_before is not None and row.chance_after is not None:
        words += _("; chance to keep it {before} %, then {after} %").format(
            before=round(100 * row.chance_before), after=round(100 * row.chance_after)
        )
    return words


def _decision(session: Session, found: Replay, _: Translate, locale: str) -> ExplainedDecision:
    row = found.decision
    point = session.get_one(Point, row.point_id)
    offer = found.evidence.offer if found.evidence else None
    return ExplainedDecision(
        made=_at(row.made_at),
        point=point.name,
        percent=percent_words(row.level, locale),
        sentence=promise_sentence(offer, now=row.made_at, point_name=point.name, _=_, locale=locale)
        if offer
        else _("Ready {at} at {point}").format(at=_at(row.ready_at), point=point.name),
        reasons=tuple(
            reason_sentence(reason, now=row.made_at, _=_, locale=locale)
            for reason in (offer.reasons if offer else ())
        ),
        same=found.same,
        replayed=_replayed(found, point.name, _),
        ended=_ended(row, _),
    )


def _replayed(found: Replay, point_name: str, _: Translate) -> str:
    if found.fault is not None:
        return found.fault
    if found.same:
        return _("Computed again from what was stored: the same answer.")
    if isinstance(found.again, Offer):
        return _("Computed again, today's planner answers otherwise: ready {at}.").format(
            at=_at(found.again.ready_at)
        )
    if found.again is None:
        return ""
    return _("Computed again, today's planner refuses: {why}").format(
        why=refusal_sentence(found.again, point_name=point_name, _=_)
    )


def _ended(row: PromiseDecision, _: Translate) -> str:
    if row.outcome is None:
        return _("Not ready yet.")
    if row.outcome is Outcome.ENDED:
        return _("The order ended before.")
    if row.became_ready_at is None:
        return _("Missed; not ready yet.")
    words = _("Kept: ready {at}.") if row.outcome is Outcome.KEPT else _("Missed: ready {at}.")
    return words.format(at=_at(row.became_ready_at))


def _printer(session: Session, printer_id: str | None, _: Callable[[str], str]) -> str:
    printer = session.get(Printer, printer_id) if printer_id else None
    return printer.name if printer else _("no printer")


def _at(moment: datetime) -> str:
    return f"{moment.astimezone(BRUSSELS):%d.%m. %H:%M}"
