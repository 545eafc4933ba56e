"""What a promise is computed from, and what comes out: closed, frozen values. Pure.

A snapshot is the state of a point at one moment, read in one query and then left alone; stored,
it lets every decision be computed again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from parts3d.errors import Invalid
from parts3d.points.geography import Place
from parts3d.points.hours import Hours, Stretch, Unattended
from parts3d.promises.print_time import AS_ITS_MODEL, Pace, PrintTime
from parts3d.promises.queued import Queued

MAX_QUANTITY = 500
Value = str | int | float


@dataclass(frozen=True, slots=True)
class Need:
    """Prints that are all alike: a line of an order, or those of its plates that are alike.

    Args:
        print_times: by printer model, the time of one print. A model that is missing cannot
            print the part: it does not fit its bed, or there is no slice for it.
        material: what must be loaded ("PETG").
        quantity: prints to be made, one after another or side by side, all at one point.
        copies: parts that lie on the bed in each of these prints.
        line: position of the order's line, from 1.
        on_shelf: these parts lie checked in the point's stock; nothing is printed.
        rush: paid to go before what waits and may wait; one such need makes it the order's.
    """

    print_times: Mapping[str, PrintTime]
    material: str
    quantity: int = 1
    copies: int = 1
    line: int = 1
    on_shelf: bool = False
    rush: bool = False

    def __post_init__(self) -> None:
        if self.quantity < 1 or self.copies < 1 or self.parts > MAX_QUANTITY:
            raise Invalid(
                f"{self.parts} copies cannot be ordered. Choose from 1 to {MAX_QUANTITY}.",
                place="quantity",
            )

    @property
    def parts(self) -> int:
        """How many parts these prints make."""
        return self.quantity * self.copies

    def time_on(self, printer: "PrinterSnapshot") -> PrintTime:
        """Return the time of one print on this printer; ``KeyError`` when it cannot print it."""
        return self.print_times[printer.model].at(printer.pace)


# What an order is to the planner: its needs in the order of its lines; one alone may stand bare.
Needs = Need | Sequence[Need]


def needs_of(wanted: Needs) -> tuple[Need, ...]:
    """Return what is to be printed as a tuple.

    Raises:
        Invalid: nothing at all, or more parts than anybody prints.
    """
    needs = (wanted,) if isinstance(wanted, Need) else tuple(wanted)
    parts = sum(need.parts for need in needs)
    if not 1 <= parts <= MAX_QUANTITY:
        raise Invalid(
            f"{parts} parts cannot be ordered at once. Choose from 1 to {MAX_QUANTITY}.",
            place="lines",
        )
    return needs


@dataclass(frozen=True, slots=True)
class PrinterSnapshot:
    """One printer and what stands before a new print on it.

    Args:
        id: the printer's.
        model: its profile, "mk3s".
        material: what is loaded.
        available: may it be planned with at all?
        reason: if not, why, in words for staff ("last heard 14:02").
        running: the print that runs now, with the time *remaining*; None when none runs.
        waiting: jobs placed on it that have not started, first to last.
        bed_clear: is the bed free now? Not looked at while a print runs.
        pace: how it differs from its model. ``running`` and ``waiting`` hold it already.
        lying: what was printed and lies on the bed until staff clear and check it.
        lying_minutes: staffed minutes that the bed has waited for them already.
        outages_per_hour: how often it breaks down, be it printing, idle or waiting.
        down_minutes: out of order for so long, and expected back; None when it is not.
        silent_minutes: staffed minutes since its agent was heard, where that is too long; a print
            goes on, but none is begun. None: it is heard, or nobody expects it back.
        away: when it is out for maintenance: nothing is printed there then, nor begun that would
            run into it.
    """

    id: str
    model: str
    material: str
    available: bool = True
    reason: str = ""
    running: Queued | None = None
    waiting: tuple[Queued, ...] = ()
    bed_clear: bool = True
    pace: Pace = AS_ITS_MODEL
    lying: Queued | None = None
    lying_minutes: float = 0
    outages_per_hour: float = 0
    down_minutes: float | None = None
    away: tuple[Stretch, ...] = ()
    silent_minutes: float | None = None

    def is_away(self, at: datetime) -> bool:
        """Tell whether it is out for maintenance at a moment."""
        return any(begins <= at < ends for begins, ends in self.away)


@dataclass(frozen=True, slots=True)
class Hold:
    """Capacity held by another customer's checkout: it counts as waiting until it expires.

    The planner counts every hold it is given that has not expired; whoever plans again for a
    checkout leaves that checkout's own hold out. ``due_at`` is what that customer was shown:
    nobody goes before her so that it would be missed.
    """

    printer_id: str
    prints: tuple[PrintTime, ...]
    expires_at: datetime
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PointSnapshot:
    """One point as it is now.

    Args:
        id: the point's.
        opening_hours: when customers can collect.
        staffed_hours: when somebody clears beds and checks parts.
        unattended: what printers may do while nobody is there.
        printers: its printers.
        bed_clear_minutes: staffed minutes from a print's end until the bed is free.
        check_minutes: staffed minutes to check and bag one part.
        holds: capacity held by other checkouts.
        place: where it is, for the choice among points.
        staff_backlog_minutes: staffed minutes of checking already lying there.
        break_minutes: a gap in staffed hours up to this long (lunch) is no closing: prints may
            run through it. 0 makes every gap a closing.
        people: how many clear and check at once.
        staff_minutes: as measured, evenly spaced quantiles of the staffed minutes from a print's
            end until its bed is clear (the check is ``check_minutes`` more); empty for
            ``bed_clear_minutes``, always.
        stock: materials that staff can load where another is in the printer.
        material_change_minutes: staffed minutes for that.
        shared_queue: does a free printer take the most urgent print of the point? Else each
            keeps to its own list.
        reject_share: of the prints that give no good part, how many show it only at the check.
        repair_hours: shortest and longest outage, log-uniform between.
        silences_per_hour: how often its agent falls silent, per staffed hour.
        silence_hours: shortest and longest silence in staffed hours, log-uniform between.
        load: share of its staffed printer minutes that was taken lately (``learning.loads``).
        misses: how many times as many promises as planned are missed there, at this hour
            (``learning.misses``); 1 is as planned, or not known.
    """

    id: str
    opening_hours: Hours
    staffed_hours: Hours
    unattended: Unattended
    printers: tuple[PrinterSnapshot, ...]
    bed_clear_minutes: float = 5
    check_minutes: float = 5
    holds: tuple[Hold, ...] = ()
    place: Place | None = None
    staff_backlog_minutes: float = 0
    break_minutes: float = 120
    people: int = 1
    staff_minutes: tuple[float, ...] = ()
    stock: frozenset[str] = frozenset()
    material_change_minutes: float = 10
    shared_queue: bool = False
    reject_share: float = 0.3
    repair_hours: tuple[float, float] = (1.0, 24.0)
    silences_per_hour: float = 0.0
    silence_hours: tuple[float, float] = (0.1, 9.0)
    load: float = 0.0
    misses: float = 1.0


class ReasonCode(StrEnum):
    """What an offer was computed from."""

    PRINT_TIME = "print_time"
    SPARE_PRINTS = "spare_prints"
    QUEUE = "queue"
    HOLDS = "holds"
    BED_NOT_CLEAR = "bed_not_clear"
    WAITS_FOR_ATTENDANCE = "waits_for_attendance"
    STAFF_TIME = "staff_time"
    STAFF_BACKLOG = "staff_backlog"
    MAINTENANCE = "maintenance"
    WAITS_FOR_OPENING = "waits_for_opening"
    MATERIAL_CHANGE = "material_change"
    OVERTAKES = "overtakes"
    RUSH = "rush"
    CHANCE = "chance"
    FROM_STOCK = "from_stock"
    TWINS = "twins"
    SLACK = "slack"


class RefusalCode(StrEnum):
    """Why a point promises nothing."""

    PART_DOES_NOT_FIT = "part_does_not_fit"
    NO_MATERIAL = "no_material"
    PRINTERS_UNAVAILABLE = "printers_unavailable"
    NEVER_OPEN = "never_open"
    TOO_LONG_FOR_HOURS = "too_long_for_hours"
    BEYOND_CAPACITY = "beyond_capacity"
    FULLY_BOOKED = "fully_booked"
    RUSH_NOT_EARLIER = "rush_not_earlier"


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of a ready time, as data that goes into JSON as it is (moments in ISO 8601)."""

    code: ReasonCode
    values: Mapping[str, Value] = field(default_factory=dict)

    def as_data(self) -> dict[str, Value]:
        """Return one flat dictionary for a JSON column."""
        return {"code": self.code.value, **self.values}


@dataclass(frozen=True, slots=True)
class Placement:
    """One print as planned, if everything takes its usual time and nothing fails.

    ``need`` is the index of what it prints among the order's needs; a ``twin`` is a second print of
    what the one before it makes.
    """

    printer_id: str
    starts_at: datetime
    ends_at: datetime
    need: int = 0
    twin: bool = False


@dataclass(frozen=True, slots=True)
class Offer:
    """A ready time that is kept with the probability ``quantile``.

    Args:
        point_id: where.
        printer_id: the printer of the first print.
        ready_at: to be shown and kept; within opening hours, on full five minutes, UTC.
        starts_at: when the first print starts, UTC.
        reasons: what it was computed from.
        placements: every print, as it would go if nothing failed.
        quantile: the probability asked for.
        place: the point's.
        otherwise_ready_at: of a rush order, what it would be without rush, which is later; None
            where rush was not asked for or brings nothing.
    """

    point_id: str
    printer_id: str
    ready_at: datetime
    starts_at: datetime
    reasons: tuple[Reason, ...]
    placements: tuple[Placement, ...]
    quantile: float
    place: Place | None = None
    otherwise_ready_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """No ready time at this point, and why; ``words.refusal_sentence`` says it to people.

    ``line`` is the position of the line that cannot be printed there; None when it is not one of
    several, or not about one.
    """

    point_id: str
    code: RefusalCode
    params: Mapping[str, Value] = field(default_factory=dict)
    line: int | None = None
