"""What policy ``ours`` learns from what it hears, by the estimators that the server uses."""

from collections import defaultdict, deque
from dataclasses import dataclass, field

from parts3d.promises.learning.loads import shares_taken
from parts3d.promises.print_time import MAX_FAILURE_PROBABILITY, Pace, PrintTime
from parts3d.promises.snapshot import Need
from parts3d.simulation.calendar import MINUTES_PER_DAY
from parts3d.simulation.seen import Seen, SeenPrinter
from parts3d.slicing.correction import (
    NOTHING_MEASURED,
    Correction,
    corrected_median,
    share_of_printer,
    time_of_next,
)
from parts3d.slicing.correction_fit import Learned, MeasuredPrint, learn_model, learn_network

_MOST_PRINTS = 4000  # of a model, the latest
_PRIOR_TRIES, _PRIOR_FAILED, _PRIOR_REJECTED = 60.0, 0.05, 0.02
_PRIOR_OUTAGE_HOURS, _PRIOR_OUTAGES = 2000.0, 10.0
_STEPS = 8
# Staffed minutes until a bed is clear, as shops say before anybody measured.
_PRIOR_CLEARING = (5.0, 10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0, 45.0)
_LEAST_CLEARINGS = 30
# How busy printers are is counted over a week.
_BUSY_DAYS = 7
_PRIOR_LOAD = 0.4


@dataclass(slots=True)
class Learning:
    """Measured values, kept in memory; corrections are fitted anew each night."""

    seen: Seen
    prints: dict[int, deque[tuple[float, str, str, float, float]]] = field(
        default_factory=lambda: defaultdict(lambda: deque(maxlen=_MOST_PRINTS))
    )
    network: Correction = NOTHING_MEASURED
    models: dict[int, Learned] = field(default_factory=dict)
    tries: int = 0
    failed: int = 0
    rejected: int = 0
    checked: int = 0
    outages: int = 0
    clearings: deque[float] = field(default_factory=lambda: deque(maxlen=2000))
    clearing: tuple[float, ...] = _PRIOR_CLEARING
    loads: dict[int, float] = field(default_factory=dict)
    _busy: deque[tuple[float, int, float]] = field(default_factory=deque)
    _times: dict[tuple[int, int], PrintTime] = field(default_factory=dict)
    _paces: dict[int, Pace] = field(default_factory=dict)

    def printed(self, now: float, printer: SeenPrinter, part: int, minutes: float) -> None:
        """Take in a print that went to its end."""
        estimate = self.seen.parts[part].estimates[printer.model]
        self.prints[printer.model].append((now, printer.id, str(part), 60 * estimate, 60 * minutes))
        self.tries += 1

    def occupied(self, now: float, point: int, minutes: float) -> None:
        """Take in that a printer of a point printed, or waited for a person, so long."""
        self._busy.append((now, point, minutes))

    def load(self, point: int) -> float:
        """Return the share of a point's staffed printer minutes that was taken, this last week.

        What prints at night counts too, so it may pass 1.
        """
        return self.loads.get(point, _PRIOR_LOAD)

    def _fit_loads(self, now: float) -> None:
        since = max(now - _BUSY_DAYS * MINUTES_PER_DAY, 0.0)
        while self._busy and self._busy[0][0] < since:
            self._busy.popleft()
        busy: dict[int, float] = defaultdict(float)
        for _, point, minutes in self._busy:
            busy[point] += minutes
        staffed = {
            point.index: point.calendar.open_between(since, now) * len(point.printers)
            for point in self.seen.points
        }
        _, self.loads = shares_taken(busy, staffed, prior=_PRIOR_LOAD)

    def fit(self, now: float) -> None:
        """Fit the corrections to all prints so far, those that still run too; and the loads."""
        self._fit_loads(now)
        running: dict[int, list[MeasuredPrint]] = defaultdict(list)
        for printer in self.seen.printers:
            if printer.job is not None and printer.state == "printing" and now > printer.since:
                part = self.seen.jobs[printer.job].part
                estimate = self.seen.parts[part].estimates[printer.model]
                running[printer.model].append(
                    MeasuredPrint(
                        printer.id,
                        str(part),
                        60 * estimate,
                        60 * (now - printer.since),
                        complete=False,
                    )
                )
        self.models = {
            model: learn_model(
                [
                    MeasuredPrint(who, part, estimate, took, (now - at) / 1440)
                    for at, who, part, estimate, took in prints
                ]
                + running[model],
                self.network,
            )
            for model, prints in self.prints.items()
        }
        self.network = learn_network([one.model for one in self.models.values()])
        if len(self.clearings) >= _LEAST_CLEARINGS:
            ordered = sorted(self.clearings)
            last = len(ordered) - 1
            self.clearing = tuple(
                ordered[round(last * step / _STEPS)] for step in range(_STEPS + 1)
            )
        self._times.clear()
        self._paces.clear()

    def print_time(self, part: int, model: int) -> PrintTime:
        """Return what a print of a part takes on a printer of a model."""
        known = self._times.get((part, model))
        if known is None:
            learned = self.models.get(model)
            log_factor, variance = time_of_next(
                self.network,
                learned.model if learned else None,
                learned.parts.get(str(part)) if learned else None,
            )
            seconds = 60 * self.seen.parts[part].estimates[model]
            known = PrintTime(
                corrected_median(seconds, log_factor),
                variance**0.5,
                self.failure_probability,
                ruled_seconds=seconds,
            )
            self._times[part, model] = known
        return known

    def need(self, part: int) -> Need:
        """Return what a part needs."""
        return Need(
            {name: self.print_time(part, model) for model, name in enumerate(self.seen.models)},
            self.seen.parts[part].material,
        )

    def pace(self, printer: SeenPrinter) -> Pace:
        """Return how a printer differs from its model."""
        known = self._paces.get(printer.index)
        if known is None:
            learned = self.models.get(printer.model)
            log_factor, variance = share_of_printer(
                learned.model if learned else None,
                learned.printers.get(printer.id) if learned else None,
            )
            known = self._paces[printer.index] = Pace(log_factor, variance)
        return known

    @property
    def failure_probability(self) -> float:
        """Chance that a try gives no good part, outages apart."""
        return min(self._fail + self._reject, MAX_FAILURE_PROBABILITY)

    @property
    def reject_share(self) -> float:
        """Of those, the share that shows only at the check."""
        return self._reject / (self._fail + self._reject)

    def outages_per_hour(self, now: float) -> float:
        """Return how often a printer breaks down."""
        hours = len(self.seen.printers) * now / 60
        return (self.outages + _PRIOR_OUTAGES) / (hours + _PRIOR_OUTAGE_HOURS)

    @property
    def _fail(self) -> float:
        tries = self.tries + self.failed
        return (self.failed + _PRIOR_FAILED * _PRIOR_TRIES) / (tries + _PRIOR_TRIES)

    @property
    def _reject(self) -> float:
        return (self.rejected + _PRIOR_REJECTED * _PRIOR_TRIES) / (self.checked + _PRIOR_TRIES)
