"""What a policy sees of the simulated network: what the server's rows would hold, and no more.

These are plain values. No object here leads to the world's truth (real durations, biases, draws to
come, the ends of outages); ``tests/simulation`` walks everything reachable and holds it. The
engine changes the mutable ones as reports arrive; a policy reads them only. Of a point whose
agent is silent, they stay as last heard.

Moments are minutes (see ``calendar``); durations are minutes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from parts3d.points.hours import Unattended
from parts3d.promises.sequence import BY_DAY, Evening
from parts3d.simulation.calendar import MINUTES_PER_DAY, Calendar, moment_of


class PrinterState(StrEnum):
    """What a printer does, as last heard."""

    IDLE = "idle"  # nothing runs; look at ``bed_clear`` too
    CHANGING = "changing"  # staff change the material for ``job``
    PRINTING = "printing"
    DOWN = "down"  # out of order; nobody knows for how long


class JobState(StrEnum):
    """Where a job is, as last heard."""

    WAITING = "waiting"  # in the queue of its printer
    CHANGING = "changing"
    PRINTING = "printing"
    PRINTED = "printed"  # lies on the bed until staff have cleared and checked it
    PASSED = "passed"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class SeenPart:
    """A part of the catalogue.

    Args:
        index: its number; the first is ordered most.
        material: "PETG".
        estimates: minutes of one print by the slicer, by model index. What a print really takes
            differs, see the measured ones in ``Event``.
    """

    index: int
    material: str
    estimates: tuple[float, ...]


@dataclass(slots=True)
class SeenPrinter:
    """A printer as last heard.

    Args:
        index: its number in the network.
        id: as in the real rows.
        point: index of its point.
        model: index of its model.
        loaded: the material in it.
        state: see ``PrinterState``.
        bed_clear: nothing lies on the bed.
        job: number of the job that prints, changes or lies on the bed; None when there is none.
        since: when that began to print; when it went down.
        progress: share of the running print by the printer's own report (file position: not
            quite proportional to time), with ``progress_at``. Zero when none was heard yet.
        queue: numbers of the jobs that wait for it, in the order they were given.
        printed_at: when the print that lies on the bed ended; None when none lies there.
    """

    index: int
    id: str
    point: int
    model: int
    loaded: str
    state: PrinterState = PrinterState.IDLE
    bed_clear: bool = True
    job: int | None = None
    since: float = 0.0
    progress: float = 0.0
    progress_at: float = 0.0
    queue: tuple[int, ...] = ()
    printed_at: float | None = None


@dataclass(slots=True)
class SeenPoint:
    """A point: all constant but ``online`` and ``silent_since``.

    Args:
        index: its number.
        id: as in the real rows.
        x_km: east in the square.
        y_km: north in it.
        calendar: staffed hours, which are the opening hours too.
        unattended: what its printers may do alone.
        stock: materials it has.
        printers: indices of its printers.
        online: is its agent heard?
        silent_since: when it was last heard, if not.
    """

    index: int
    id: str
    x_km: float
    y_km: float
    calendar: Calendar
    unattended: Unattended
    stock: frozenset[str]
    printers: tuple[int, ...]
    online: bool = True
    silent_since: float | None = None

    def may_start(self, at: float, estimate: float) -> bool:
        """Tell whether the point's rule lets a print of that estimate start at ``at``.

        Breaks for lunch count as hours. A change of material needs staffed hours besides.
        """
        if self.unattended is Unattended.OVERNIGHT:
            return True
        opens, closes = self.calendar.day_of(at)
        if at < opens:
            return False
        return self.unattended is Unattended.FINISH or at + estimate <= closes

    def evening_at(self, at: float) -> Evening:
        """Return when the last person leaves and the first comes again."""
        if self.unattended is Unattended.NONE:
            return BY_DAY
        opens, closes = self.calendar.day_of(at)
        if opens > at:
            return Evening(at, at, opens)
        return Evening(at, closes, self.calendar.day_of(closes)[0])


@dataclass(frozen=True, slots=True)
class Candidate:
    """A point that the customer considers, and how far it is by road."""

    point: int
    km: float


@dataclass(slots=True)
class SeenOrder:
    """An order of one part, and what became of it so far.

    Args:
        id: its number, rising with time.
        placed_at: when.
        part: index of the part.
        candidates: the points that the customer considers, nearest first.
        point: where it was promised; None when it was refused.
        promised_at: when it was promised for.
        level: the probability that the promise stated.
        jobs: numbers of its jobs, hedges and twins too.
        ready_at: when it was heard to be ready.
        ready_point: where.
    """

    id: int
    placed_at: float
    part: int
    candidates: tuple[Candidate, ...]
    point: int | None = None
    promised_at: float | None = None
    level: float | None = None
    jobs: list[int] = field(default_factory=list)
    ready_at: float | None = None
    ready_point: int | None = None


@dataclass(slots=True)
class SeenJob:
    """A job: one print of an order's part. Its queue's printer changes by ``Move`` only.

    Args:
        id: its number.
        order: number of the order.
        part: index of the part.
        printer: index of the printer it waits for or is on.
        state: see ``JobState``.
        attempt: which try this is, from 1.
        hedge_of: number of the job that it covers; None for an order's first.
    """

    id: int
    order: int
    part: int
    printer: int
    state: JobState = JobState.WAITING
    attempt: int = 1
    hedge_of: int | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """All that a policy sees. ``orders`` and ``jobs`` grow as they come.

    Args:
        points: by index.
        printers: by index.
        models: names of printer models, by index.
        parts: by index.
        orders: by number.
        jobs: by number.
        warmup_days: simulated days before the first measured one.
        round_min: promises lie on multiples of this many minutes.
        horizon_min: nothing later than this after the order may be promised.
        material_change_min: staffed minutes to change a material, as the shops say.
        road_factor: kilometres by road for one as the crow flies.
    """

    points: Sequence[SeenPoint]
    printers: Sequence[SeenPrinter]
    models: Sequence[str]
    parts: Sequence[SeenPart]
    orders: dict[int, SeenOrder]
    jobs: dict[int, SeenJob]
    warmup_days: int
    round_min: float
    horizon_min: float
    material_change_min: float
    road_factor: float

    def moment(self, minute: float) -> datetime:
        """Return the aware moment (UTC) of a simulated minute."""
        return moment_of(minute, self.warmup_days)

    def estimate(self, job: int, printer: int) -> float:
        """Return the slicer's minutes of a job on a printer."""
        return self.parts[self.jobs[job].part].estimates[self.printers[printer].model]

    def round_up(self, at: float) -> float:
        """Return ``at``, or the next multiple of ``round_min``; a promise has to lie on one."""
        steps = -(-(at - 1e-9) // self.round_min)
        return steps * self.round_min

    @staticmethod
    def day(minute: float) -> int:
        """Return the simulated day of a minute, from 0."""
        return int(minute // MINUTES_PER_DAY)
