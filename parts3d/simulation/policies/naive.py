"""What shops do today, and what is tried first: baselines that know no failures and no staff."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from parts3d.points.hours import Unattended
from parts3d.simulation.calendar import MINUTES_PER_DAY, NEVER
from parts3d.simulation.policy import Answer, FirstComeFirstServed, Promised, Refused
from parts3d.simulation.seen import PrinterState, SeenOrder, SeenPrinter

NEXT_DAY_AT = 17 * 60.0

# Staffed minutes on top of queue and estimate. A constant lead time is a robust baseline of
# due-date quotation (Hopp and Sturgis, "Quoting manufacturing due dates subject to a service
# level constraint", IIE Transactions 32, 2000): half a working day, which everyday noise needs.
SAFETY_LEAD_MIN = 270.0


# A print nearly as long as the day waits for a bed that is clear at opening: shops decline it.
_SPARE_MIN = 60.0


@dataclass(slots=True)
class _Naive(FirstComeFirstServed):
    """Queue plus estimate: a print starts when what is before it has been printed."""

    def _choices(self, now: float, order: SeenOrder) -> Iterator[tuple[float, int, int]]:
        """Yield (naive ready minute, point, printer), the best printer of each point."""
        part = self.seen.parts[order.part]
        for candidate in order.candidates:
            point = self.seen.points[candidate.point]
            if part.material not in point.stock:
                continue
            best = (NEVER, -1)
            for index in point.printers:
                printer = self.seen.printers[index]
                estimate = part.estimates[printer.model]
                if point.unattended is Unattended.NONE and not self._ever_fits(
                    candidate.point, now, estimate + self.seen.material_change_min
                ):
                    continue
                ready = self._free_at(now, printer) + estimate
                best = min(best, (ready, index))
            if best[1] >= 0:
                yield best[0], candidate.point, best[1]

    def _ever_fits(self, point: int, now: float, minutes: float) -> bool:
        """Tell whether a print that has to end before closing fits into an open day at all."""
        opens, closes = self.seen.points[point].calendar.day_of(now + MINUTES_PER_DAY)
        return minutes <= closes - opens - _SPARE_MIN

    def _free_at(self, now: float, printer: SeenPrinter) -> float:
        estimate = self.seen.estimate
        free_at = now
        if printer.state is PrinterState.PRINTING and printer.job is not None:
            free_at = max(now, printer.since + estimate(printer.job, printer.index))
        return free_at + sum(estimate(job, printer.index) for job in printer.queue)

    def _promise(self, now: float, ready: float, point: int, printer: int) -> Answer:
        calendar = self.seen.points[point].calendar
        at = self.seen.round_up(calendar.next_open(ready))
        if at > now + self.seen.horizon_min:
            return Refused()
        return Promised(point, at, printer)


@dataclass(slots=True)
class NextDay(_Naive):
    """The nearest point, whatever waits there: the next business day at 17:00."""

    name: ClassVar[str] = "next-day"

    def answer(self, now: float, order: SeenOrder) -> Answer:
        """Promise the next business day."""
        for _, point, printer in self._choices(now, order):
            calendar = self.seen.points[point].calendar
            opens, _ = calendar.day_of((now // MINUTES_PER_DAY + 1) * MINUTES_PER_DAY)
            ready = opens // MINUTES_PER_DAY * MINUTES_PER_DAY + NEXT_DAY_AT
            return self._promise(now, ready, point, printer)
        return Refused("no_material")


@dataclass(slots=True)
class NearestNaive(_Naive):
    """The nearest point: its shortest queue plus the slicer's estimate."""

    name: ClassVar[str] = "nearest-naive"

    def answer(self, now: float, order: SeenOrder) -> Answer:
        """Promise the sum."""
        for ready, point, printer in self._choices(now, order):
            return self._promise(now, ready, point, printer)
        return Refused("no_material")


@dataclass(slots=True)
class EarliestNaive(_Naive):
    """The point nearby with the earliest such sum."""

    name: ClassVar[str] = "earliest-naive"

    def answer(self, now: float, order: SeenOrder) -> Answer:
        """Promise the earliest sum; of equal ones the nearest."""
        best = min(self._choices(now, order), key=lambda one: one[0], default=None)
        if best is None:
            return Refused("no_material")
        return self._promise(now, *best)


@dataclass(slots=True)
class SafetyLead(_Naive):
    """The earliest nearby, plus a constant number of staffed minutes."""

    name: ClassVar[str] = "safety-lead"

    def answer(self, now: float, order: SeenOrder) -> Answer:
        """Promise the earliest sum and the lead."""
        best = min(self._choices(now, order), key=lambda one: one[0], default=None)
        if best is None:
            return Refused("no_material")
        ready, point, printer = best
        later = self.seen.points[point].calendar.add_open(ready, SAFETY_LEAD_MIN)
        return self._promise(now, later, point, printer)
