"""Jobs in queues, and the moves that a policy makes with them."""

from collections.abc import Callable

from parts3d.simulation.policy import Move, MoveKind
from parts3d.simulation.seen import JobState, Seen, SeenJob, SeenOrder

_UNDER_WAY = {JobState.WAITING, JobState.CHANGING, JobState.PRINTING, JobState.PRINTED}


class Moving:
    """Adds jobs and moves them, as far as that is possible.

    Args:
        seen: the view; queues are the server's own, so they are no secret.
        try_start: called with a printer whose queue has become longer.
    """

    def __init__(self, seen: Seen, try_start: Callable[[int], None]) -> None:
        self.seen = seen
        self._try_start = try_start

    def add_job(self, order: SeenOrder, printer: int, hedge_of: int | None) -> SeenJob:
        """Put a new job for an order behind a printer's queue."""
        job = SeenJob(len(self.seen.jobs), order.id, order.part, printer, hedge_of=hedge_of)
        self.seen.jobs[job.id] = job
        order.jobs.append(job.id)
        self.seen.printers[printer].queue += (job.id,)
        return job

    def take_out(self, job: SeenJob) -> None:
        """Take a job out of its queue."""
        printer = self.seen.printers[job.printer]
        printer.queue = tuple(one for one in printer.queue if one != job.id)

    def carry_out(self, move: Move) -> bool:
        """Do what is possible; tell whether it was."""
        job = self.seen.jobs[move.job]
        order = self.seen.orders[job.order]
        if order.ready_at is not None:
            return False
        if move.kind is MoveKind.CANCEL:
            return self._cancel(job, order)
        if move.printer is None or not self._can_print(order, move.printer):
            return False
        if move.kind is MoveKind.HEDGE:
            self.add_job(order, move.printer, job.id)
        elif job.state is not JobState.WAITING:
            return False
        elif job.printer != move.printer:
            self.take_out(job)
            job.printer = move.printer
            self.seen.printers[move.printer].queue += (job.id,)
        self._try_start(move.printer)
        return True

    def _cancel(self, job: SeenJob, order: SeenOrder) -> bool:
        others = [self.seen.jobs[other] for other in order.jobs if other != job.id]
        is_covered = any(other.state in _UNDER_WAY for other in others)
        if job.state is not JobState.WAITING or not is_covered:
            return False
        self.take_out(job)
        job.state = JobState.CANCELLED
        return True

    def _can_print(self, order: SeenOrder, printer: int) -> bool:
        point = self.seen.printers[printer].point
        is_candidate = any(candidate.point == point for candidate in order.candidates)
        return (
            is_candidate and self.seen.parts[order.part].material in self.seen.points[point].stock
        )
