"""How often prints fail, and checks reject: per print and per print-hour. Pure.

Two ways to fail are looked at: at a chance per print (a first layer that does not hold), or at a
rate per hour (a nozzle that clogs). Each is fitted; what is believed is their mixture, weighted by
how well each explains what was seen (Bayesian model averaging; Hoeting and others, 1999). Prints
that run still count as hours without a failure: leaving them out would make long prints look bad.
Outages are no failures; see ``hazards``.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from math import exp, expm1, log

from parts3d.promises.learning.shrinking import shrunken_rate

HALF_LIFE_DAYS = 60.0
FAILURE_PRIOR, REJECT_PRIOR = 0.05, 0.02
_PRIOR_PRINTS = 20.0  # what the judgement above is worth to the network
_PARENT_PRINTS = 30.0  # what the network is worth to a model, a model to a printer
_TYPICAL_HOURS = 2.0
_MOST = 0.5
_SHORTEST_HOURS = 1 / 60


class Ended(StrEnum):
    """How a try stands."""

    GOOD = "good"
    FAILED = "failed"  # while printing
    REJECTED = "rejected"  # at the check
    RUNNING = "running"  # nothing is known but that it has lasted so long
    LOST = "lost"  # an outage or a person ended it: as running, up to there


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt.

    Args:
        model: of the printer.
        printer: its id.
        hours: printed, up to the end or so far.
        planned_hours: of the whole print, as best known when it began.
        ended: how.
        age_days: how long ago.
    """

    model: str
    printer: str
    hours: float
    planned_hours: float
    ended: Ended
    age_days: float = 0.0

    @property
    def share(self) -> float:
        """Return how much of it was printed, 0 to 1."""
        return min(self.hours / self.planned_hours, 1.0) if self.planned_hours > 0 else 1.0


@dataclass(frozen=True, slots=True)
class Rate:
    """Of one scope: failures per print and per hour, rejects per checked part."""

    per_print: float = FAILURE_PRIOR
    per_hour: float = FAILURE_PRIOR / _TYPICAL_HOURS
    reject: float = REJECT_PRIOR
    prints: float = 0.0
    failures: float = 0.0
    rejects: float = 0.0


@dataclass(frozen=True, slots=True)
class Rates:
    """What was learned of failures.

    Args:
        network: of everything.
        models: by model.
        printers: by printer.
        by_hour: how much is believed in failing by the hour, 0 to 1.
    """

    network: Rate = Rate()
    models: Mapping[str, Rate] = field(default_factory=dict)
    printers: Mapping[str, Rate] = field(default_factory=dict)
    by_hour: float = 0.5

    def of(self, model: str, printer: str | None = None) -> Rate:
        """Return the rate of the narrowest scope that is known."""
        return self.printers.get(printer or "", self.models.get(model, self.network))

    def failure_probability(self, model: str, printer: str | None, hours: float) -> float:
        """Return the chance that a print of so many hours fails while printing."""
        rate = self.of(model, printer)
        hourly = -expm1(-rate.per_hour * hours)
        return min((1 - self.by_hour) * rate.per_print + self.by_hour * hourly, _MOST)

    def reject_probability(self, model: str, printer: str | None = None) -> float:
        """Return the chance that the check finds a finished part no good."""
        return min(self.of(model, printer).reject, _MOST)


@dataclass(slots=True)
class _Count:
    prints: float = 0.0
    hours: float = 0.0
    failures: float = 0.0
    checked: float = 0.0
    rejects: float = 0.0

    def add(self, one: Try) -> None:
        weight = 0.5 ** (one.age_days / HALF_LIFE_DAYS)
        self.hours += weight * one.hours
        if one.ended in {Ended.GOOD, Ended.REJECTED}:
            self.prints += weight
            self.checked += weight
            self.rejects += weight * (one.ended is Ended.REJECTED)
        elif one.ended is Ended.FAILED:
            self.prints += weight
            self.failures += weight
        else:
            # As much of a print as it was tried.
            self.prints += weight * one.share

    def rate(self, parent: Rate, worth: float) -> Rate:
        hours = max(self.hours / self.prints, _SHORTEST_HOURS) if self.prints else _TYPICAL_HOURS
        return Rate(
            shrunken_rate(self.failures, self.prints, parent.per_print, worth),
            shrunken_rate(self.failures, self.hours, parent.per_hour, worth * hours),
            shrunken_rate(self.rejects, self.checked, parent.reject, worth),
            self.prints,
            self.failures,
            self.rejects,
        )


def learn_rates(tries: Collection[Try]) -> Rates:
    """Learn how often prints fail; whatever order they are given in."""
    network = _Count()
    models: defaultdict[str, _Count] = defaultdict(_Count)
    printers: defaultdict[tuple[str, str], _Count] = defaultdict(_Count)
    ordered = sorted(
        tries,
        key=lambda one: (
            one.model,
            one.printer,
            one.hours,
            one.planned_hours,
            one.ended,
            one.age_days,
        ),
    )
    for one in ordered:
        for count in (network, models[one.model], printers[one.model, one.printer]):
            count.add(one)
    whole = network.rate(Rate(), _PRIOR_PRINTS)
    by_model = {name: count.rate(whole, _PARENT_PRINTS) for name, count in models.items()}
    by_printer = {
        printer: count.rate(by_model[model], _PARENT_PRINTS)
        for (model, printer), count in printers.items()
    }
    return Rates(whole, by_model, by_printer, _belief_by_hour(ordered, whole))


def _belief_by_hour(tries: Collection[Try], rate: Rate) -> float:
    """Return the posterior weight of failing by the hour, both having been as likely before."""
    difference = 0.0
    for one in tries:
        weight = 0.5 ** (one.age_days / HALF_LIFE_DAYS)
        by_hour = -rate.per_hour * one.hours
        if one.ended is Ended.FAILED:
            # Densities of failing just then: per print it is uniform over the whole print.
            by_hour += log(rate.per_hour)
            per_print = log(rate.per_print / max(one.planned_hours, one.hours, _SHORTEST_HOURS))
        elif one.ended in {Ended.RUNNING, Ended.LOST}:
            per_print = log(1 - rate.per_print * one.share)
        else:
            per_print = log(1 - rate.per_print)
        difference += weight * (by_hour - per_print)
    if difference > 0:
        return 1 / (1 + exp(-min(difference, 50.0)))
    return exp(max(difference, -50.0)) / (1 + exp(max(difference, -50.0)))
