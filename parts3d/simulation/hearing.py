"""What the server hears, and how the view of a policy follows. A silent agent's news waits."""

from collections.abc import Callable

from parts3d.simulation.policy import Event, EventKind
from parts3d.simulation.seen import JobState, PrinterState, Seen, SeenJob, SeenPrinter


class Hearing:
    """Keeps a view up to date.

    Args:
        seen: the view.
        deliver: takes an event after the view has followed it.
    """

    def __init__(self, seen: Seen, deliver: Callable[[Event], None]) -> None:
        self.seen = seen
        self._deliver = deliver
        self._waiting: dict[int, list[Event]] = {}

    def happened(self, event: Event) -> None:
        """Let the server hear it, now or when the point's agent is back."""
        if event.point in self._waiting:
            self._waiting[event.point].append(event)
        else:
            self._hear(event)

    def silent(self, point: int, now: float) -> None:
        """Hear nothing of a point from now on."""
        site = self.seen.points[point]
        site.online, site.silent_since = False, now
        self._waiting[point] = []
        self._deliver(Event(EventKind.AGENT_SILENT, now, point))

    def back(self, point: int, now: float) -> None:
        """Hear everything that happened meanwhile, in order."""
        site = self.seen.points[point]
        site.online, site.silent_since = True, None
        for event in self._waiting[point]:
            self._hear(event)
        # Nothing starts before all is heard.
        del self._waiting[point]
        self._deliver(Event(EventKind.AGENT_BACK, now, point))

    def is_silent(self, point: int) -> bool:
        """Tell whether a point is not heard."""
        return point in self._waiting

    def waits_again(self, job: SeenJob, printer: SeenPrinter) -> None:
        """Put a job in front of its printer's queue, for another try; a served order needs none."""
        if self.seen.orders[job.order].ready_at is not None:
            job.state = JobState.CANCELLED
            return
        job.state = JobState.WAITING
        job.printer = printer.index
        printer.queue = (job.id, *printer.queue)

    def _hear(self, event: Event) -> None:
        if event.printer is not None:
            job = None if event.job is None else self.seen.jobs[event.job]
            self._follow(event, self.seen.printers[event.printer], job)
        self._deliver(event)

    def _follow(self, event: Event, printer: SeenPrinter, job: SeenJob | None) -> None:
        kind = event.kind
        if kind is EventKind.PRINTED and job is not None:
            printer.state, printer.bed_clear, printer.printed_at = (
                PrinterState.IDLE,
                False,
                event.at,
            )
            job.state = JobState.PRINTED
        elif kind is EventKind.FAILED and job is not None:
            printer.state, printer.bed_clear, printer.printed_at = (
                PrinterState.IDLE,
                False,
                event.at,
            )
            self._try_again(job, printer)
        elif kind is EventKind.PRINTER_DOWN:
            printer.state, printer.since = PrinterState.DOWN, event.at
            if job is not None:
                printer.bed_clear, printer.printed_at = False, event.at
                self._try_again(job, printer)
        elif kind is EventKind.PRINTER_UP:
            printer.state, printer.since = PrinterState.IDLE, event.at
        elif kind is EventKind.CHANGED and job is not None:
            printer.loaded = self.seen.parts[job.part].material
            printer.job = None
            if printer.state is PrinterState.CHANGING:
                printer.state = PrinterState.IDLE
            self.waits_again(job, printer)
        else:
            self._follow_bed(event, printer, job)

    def _follow_bed(self, event: Event, printer: SeenPrinter, job: SeenJob | None) -> None:
        printer.bed_clear, printer.printed_at, printer.job = True, None, None
        if job is None:
            return
        if event.kind is EventKind.REJECTED:
            self._try_again(job, printer)
        elif event.kind is EventKind.PASSED:
            job.state = JobState.PASSED
            self._serve(event, job, printer)

    def _try_again(self, job: SeenJob, printer: SeenPrinter) -> None:
        printer.job = None
        job.attempt += 1
        self.waits_again(job, printer)

    def _serve(self, event: Event, job: SeenJob, printer: SeenPrinter) -> None:
        """The first that passes serves the order; what still waits for it goes."""
        order = self.seen.orders[job.order]
        if order.ready_at is not None:
            return
        order.ready_at, order.ready_point = event.at, printer.point
        for other in order.jobs:
            waiting = self.seen.jobs[other]
            if waiting.state is JobState.WAITING:
                waiting.state = JobState.CANCELLED
                queue = self.seen.printers[waiting.printer]
                queue.queue = tuple(one for one in queue.queue if one != other)
