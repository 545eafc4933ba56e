"""Prints that somebody waits for, and what can be done for them: the words of ``rescue``. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from parts3d.promises.snapshot import Need, Value


class CommittedState(StrEnum):
    """How far the print of a promised part is."""

    WAITING = "waiting"
    RUNNING = "running"
    PRINTED = "printed"


@dataclass(frozen=True, slots=True)
class Committed:
    """A print that somebody waits for.

    Args:
        job_id: as in the point's snapshot.
        order_id: its order.
        promised_at: aware.
        point_id: where it is to be ready.
        printer_id: where it runs or waits.
        state: how far it is.
        need: what one print of it takes, by printer model.
        hedge_of: the job it covers, if it is a hedge.
        may_leave: may the customer be asked for another point?
        may_hedge: may a second print be made? Not where one is under way.
    """

    job_id: str
    order_id: str
    promised_at: datetime
    point_id: str
    printer_id: str
    state: CommittedState
    need: Need
    hedge_of: str | None = None
    may_leave: bool = False
    may_hedge: bool = True


class MoveKind(StrEnum):
    """What is done for a promise at risk."""

    OTHER_PRINTER = "other_printer"
    HEDGE = "hedge"
    OTHER_POINT = "other_point"
    TELL = "tell"


@dataclass(frozen=True, slots=True)
class Move:
    """One thing to do, and why.

    Args:
        kind: see ``MoveKind``.
        job_id: of which print.
        order_id: its order.
        from_point_id: where it is.
        from_printer_id: where it is.
        to_point_id: where it goes; where it is for TELL.
        to_printer_id: printer for it; empty for TELL.
        ready_before: when it would be ready, with the probability asked for; None: not in sight.
        ready_after: the same with the move.
        kept_before: the chance that the promise is kept.
        kept_after: the same with the move.
        reason: data for the order's timeline.
    """

    kind: MoveKind
    job_id: str
    order_id: str
    from_point_id: str
    from_printer_id: str
    to_point_id: str
    to_printer_id: str
    ready_before: datetime | None
    ready_after: datetime | None
    kept_before: float
    kept_after: float
    reason: dict[str, Value]
