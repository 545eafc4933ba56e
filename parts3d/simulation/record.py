"""What came of a simulated time: one row an order. Pure values; ``figures`` counts them."""

from dataclasses import dataclass, field

from parts3d.simulation.calendar import MINUTES_PER_DAY


@dataclass(slots=True)
class Outcome:
    """What came of an order, as it truly was.

    Args:
        placed_at: minute.
        promised_at: minute; None when it was refused.
        point: where it was promised.
        level: the probability that was stated.
        model: index of the model it was promised on.
        ready_at: when the first good part was checked and bagged; None: not within the time.
        ready_point: where.
        prints: prints that were started for it.
    """

    placed_at: float
    promised_at: float | None = None
    point: int | None = None
    level: float | None = None
    model: int | None = None
    ready_at: float | None = None
    ready_point: int | None = None
    prints: int = 0

    @property
    def kept(self) -> bool:
        """Whether it was ready by the promised minute, wherever."""
        return (
            self.promised_at is not None
            and self.ready_at is not None
            and self.ready_at <= self.promised_at
        )

    @property
    def moved(self) -> bool:
        """Whether it was ready at another point than promised."""
        return self.ready_point is not None and self.ready_point != self.point


@dataclass(slots=True)
class Record:
    """A whole run of one policy.

    Args:
        policy: its name.
        start: first measured minute.
        end: first minute after.
        outcomes: of every order, warm-up included, by number.
        busy_minutes: printing, and clearing beds, in the measured time.
        staffed_minutes: of all printers in it.
        decision_ms: real milliseconds of every measured answer to an order.
        decisions: answers to orders in the whole run.
        run_until: when the simulation ended.
    """

    policy: str
    start: float
    end: float
    outcomes: list[Outcome] = field(default_factory=list)
    busy_minutes: float = 0.0
    staffed_minutes: float = 0.0
    decision_ms: list[float] = field(default_factory=list)
    decisions: int = 0
    run_until: float = 0.0

    def measured(self) -> list[Outcome]:
        """Return the outcomes of orders placed in the measured days."""
        return [one for one in self.outcomes if self.start <= one.placed_at < self.end]

    def day_of(self, outcome: Outcome) -> int:
        """Return the measured day of an order, from 0."""
        return int((outcome.placed_at - self.start) // MINUTES_PER_DAY)

    def add_busy(self, start: float, end: float) -> None:
        """Count the part of a busy stretch that lies in the measured time."""
        self.busy_minutes += max(min(end, self.end) - max(start, self.start), 0.0)
