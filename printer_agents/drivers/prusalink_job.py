"""What PrusaLink's answers mean, and what is remembered of the last job. No I/O, no clock."""

from dataclasses import dataclass, replace
from typing import Any

from printer_agents.drivers.base import JobOutcome, JobSeen, RemainingSource
from printer_agents.protocol import PrinterCondition

CONDITIONS = {
    "IDLE": PrinterCondition.IDLE,
    "READY": PrinterCondition.IDLE,
    "FINISHED": PrinterCondition.IDLE,
    "STOPPED": PrinterCondition.IDLE,
    "PRINTING": PrinterCondition.PRINTING,
    "PAUSED": PrinterCondition.PAUSED,
    "ATTENTION": PrinterCondition.ATTENTION,
    "ERROR": PrinterCondition.ERROR,
}
ENDS = {
    "FINISHED": JobOutcome.COMPLETED,
    "STOPPED": JobOutcome.CANCELLED,
    "ERROR": JobOutcome.FAILED,
}
# Nothing is printed in these: a job that was there and is gone has ended unseen.
REST = {"IDLE", "READY"}


@dataclass(frozen=True, slots=True)
class Telling:
    """One look at the printer."""

    session: str
    state: str
    condition: PrinterCondition
    file_name: str | None
    progress: float | None
    remaining_seconds: float | None
    detail: str | None


@dataclass(frozen=True, slots=True)
class _Job:
    id: int | None
    file_name: str
    progress: float = 0.0
    remaining_seconds: float | None = None
    printed_seconds: float | None = None
    paused: bool = False
    outcome: JobOutcome | None = None
    detail: str | None = None


class JobMemory:
    """The last job that was seen, until another one or a restart of the host.

    An end is believed when the host says it (FINISHED, STOPPED, ERROR) while no other job has
    been seen. A job that is gone while the printer is merely idle ended unseen: it is forgotten,
    since nobody can tell how.
    """

    def __init__(self) -> None:
        self._session: str | None = None
        self._job: _Job | None = None

    def knows(self, job_id: int | None) -> bool:
        """Whether the file of this running job is known."""
        job = self._job
        return job is not None and job_id is not None and job.id == job_id and not job.outcome

    def hear(self, session: str, status: dict[str, Any], details: dict[str, Any] | None) -> Telling:
        """Take an answer of ``/api/v1/status`` and, of a new job, that of ``/api/v1/job``."""
        if session != self._session:
            self._session, self._job = session, None
        printer = status.get("printer") or {}
        state = str(printer.get("state") or "UNKNOWN").upper()
        running = status.get("job")
        if isinstance(running, dict):
            self._follow(state, running, details)
        elif self._job is not None and self._job.outcome is None:
            self._end(state)
        return self._telling(session, state, printer)

    def seen(self, file_name: str) -> JobSeen | None:
        """Return what is known of a job by its file name."""
        job = self._job
        if job is None or job.file_name != file_name:
            return None
        if job.outcome is not None:
            return JobSeen(job.outcome, job.progress, None, job.printed_seconds, job.detail)
        return JobSeen(
            JobOutcome.PAUSED if job.paused else JobOutcome.RUNNING,
            job.progress,
            job.remaining_seconds,
            job.printed_seconds,
            job.detail,
            remaining_source=source_of(job.remaining_seconds),
        )

    def _follow(self, state: str, running: dict[str, Any], details: dict[str, Any] | None) -> None:
        job_id = running.get("id")
        if details is not None:
            name = _file_name(details)
            if name is None:
                return  # the job ended between two questions, or prints from elsewhere
            if not self._same(job_id, name):
                self._job = _Job(job_id, name)
        if self._job is None:
            return
        percent = running.get("progress")
        self._job = replace(
            self._job,
            id=job_id,
            progress=self._job.progress if percent is None else min(max(percent / 100, 0.0), 1.0),
            # Nothing left of a running print means that the file does not say.
            remaining_seconds=_seconds(running.get("time_remaining")) or None,
            printed_seconds=_seconds(running.get("time_printing")),
            paused=state in {"PAUSED", "ATTENTION"},
        )
        if state in ENDS:
            self._end(state)

    def _same(self, job_id: int | None, name: str) -> bool:
        job = self._job
        if job is None or job.file_name != name:
            return False
        return job.id == job_id and job.outcome is None

    def _end(self, state: str) -> None:
        job = self._job
        if job is None:
            return
        if state in ENDS:
            detail = "The printer reports an error." if state == "ERROR" else None
            progress = 1.0 if state == "FINISHED" else job.progress
            self._job = replace(job, outcome=ENDS[state], progress=progress, detail=detail)
        elif state in REST:
            self._job = None

    def _telling(self, session: str, state: str, printer: dict[str, Any]) -> Telling:
        job = self._job if self._job is not None and self._job.outcome is None else None
        condition = CONDITIONS.get(state)
        if condition is None:
            # BUSY: a menu, a preheating, a self-test; within a print it is the print's.
            condition = PrinterCondition.UNKNOWN if job is None else PrinterCondition.PREPARING
        told = printer.get("status_printer") or {}
        detail = None if told.get("ok", True) else str(told.get("message") or "")[:500]
        if condition is PrinterCondition.UNKNOWN and not detail:
            detail = f"The printer says {state}."
        return Telling(
            session,
            state,
            condition,
            job.file_name if job else None,
            job.progress if job else None,
            job.remaining_seconds if job else None,
            detail or None,
        )


def source_of(remaining_seconds: float | None) -> RemainingSource | None:
    """Name whose figure the time left is: the printer's own, counted down by the file (M73)."""
    return None if remaining_seconds is None else RemainingSource.PRINTER


def _file_name(details: dict[str, Any]) -> str | None:
    """Return the long name: ``name`` is a short one (8.3) on printers with their own PrusaLink."""
    file = details.get("file") or {}
    name = file.get("display_name") or file.get("name")
    return str(name) if name else None


def _seconds(value: float | None) -> float | None:
    return None if value is None or value < 0 else float(value)
