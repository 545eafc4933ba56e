"""What agents say of their printers, and what they are told: clear beds, attempts to drop."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.accounts.agents import COPIED
from parts3d.accounts.tables import Agent
from parts3d.errors import Conflict
from parts3d.jobs.claims import ref_of
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import ON_A_PRINTER, move_job
from parts3d.jobs.news import DROPPED
from parts3d.jobs.tables import AgentReport, Attempt, Job
from parts3d.points.tables import Printer
from printer_agents.protocol import AttemptRef, Hello, PrinterCondition, PrinterReport

_BUSY = frozenset(
    {
        PrinterCondition.PREPARING,
        PrinterCondition.PRINTING,
        PrinterCondition.PAUSED,
        PrinterCondition.FINISHING,
    }
)


# Built once: a thousand waiting agents ask it.
_PRINTERS_OF = select(Printer).where(col(Printer.agent_id) == sa.bindparam("agent_id"))


def greet(session: Session, *, agent: Agent, hello: Hello, now: datetime) -> int:
    """Take in an agent's first words; returns the highest event number heard of its generation.

    Raises:
        Conflict: an older journal than the one heard before (a restored card), or one whose
            baton another copy has passed on.
    """
    row = session.get_one(Agent, agent.id, with_for_update=True, populate_existing=True)
    last = _last_event_seq(session, agent, hello.agent_generation)
    known = hello.last_event_seq
    old_copy = known is not None and known < last
    if hello.agent_generation < row.generation or old_copy:
        raise Conflict(
            "This agent speaks with an older journal than before: its data folder was restored "
            "or copied. Move its journal away and start it again.",
            code="stale_generation",
        )
    fresh = hello.agent_generation > row.generation
    repeated = hello.baton_next is not None and hello.baton_next == row.baton
    if row.baton is not None and not (fresh or repeated or hello.baton_held == row.baton):
        raise Conflict(COPIED, code="copied_journal")
    if fresh and row.generation:
        # The journal that knew of starts by others is lost: nobody knows what lies there.
        for printer in session.exec(select(Printer).where(Printer.agent_id == row.id)).all():
            printer.bed_clear = False
    row.baton = hello.baton_next
    row.generation = hello.agent_generation
    row.version = hello.version
    row.last_heard_at = now
    session.flush()
    return last


def _last_event_seq(session: Session, agent: Agent, generation: int) -> int:
    last = session.exec(
        select(AgentReport.event_seq)
        .where(AgentReport.agent_id == agent.id, AgentReport.generation == generation)
        .order_by(col(AgentReport.event_seq).desc())
        .limit(1)
    ).first()
    return last or 0


def hear_printers(
    session: Session,
    *,
    agent: Agent,
    generation: int,
    reports: Sequence[PrinterReport],
    now: datetime,
) -> list[str]:
    """Store what an agent sees; returns the ids of orders whose progress moved."""
    row = session.get_one(Agent, agent.id)
    row.last_heard_at = now
    touched: list[str] = []
    for report in reports:
        printer = session.get(Printer, report.printer_id)
        if printer is None or printer.agent_id != agent.id:
            continue
        if generation < row.generation or not _is_news(printer, generation, report):
            continue
        _note_starts(session, printer, generation, report, now)
        printer.condition = report.condition
        printer.progress = report.progress
        printer.remaining_seconds = report.remaining_seconds
        printer.remaining_source = report.remaining_source
        printer.detail = report.detail
        printer.last_heard_at = now
        job = _job_seen(session, printer, report)
        if job is not None:
            job.last_heard_at = now
            job.progress = report.progress
            job.remaining_seconds = report.remaining_seconds
            if job.status is JobStatus.UNKNOWN:
                move_job(session, job, JobStatus.PRINTING, actor=f"agent:{agent.id}", now=now)
            touched.append(job.order_id)
    session.flush()
    return touched


def _is_news(printer: Printer, generation: int, report: PrinterReport) -> bool:
    """Tell whether a report is not older than the last one: starts never become fewer."""
    return generation != printer.starts_generation or report.starts >= printer.starts_seen


def _note_starts(
    session: Session, printer: Printer, generation: int, report: PrinterReport, now: datetime
) -> None:
    """A start that we did not permit leaves something on the bed; a press of the button clears it.

    A press is heard once, and means nothing while a job of ours may lie there.
    """
    if generation != printer.starts_generation:
        printer.starts_generation = generation
        printer.presses_seen = 0
        if report.starts:
            printer.bed_clear = False
    elif report.starts > printer.starts_seen:
        printer.bed_clear = False
    printer.starts_seen = report.starts
    if report.bed_confirmed > printer.presses_seen:
        printer.presses_seen = report.bed_confirmed
        busy = session.exec(
            select(Job.id).where(Job.printer_id == printer.id, col(Job.status).in_(ON_A_PRINTER))
        ).first()
        if busy is None and not printer.bed_clear:
            printer.bed_clear = True
            printer.bed_cleared_at = now


def _job_seen(session: Session, printer: Printer, report: PrinterReport) -> Job | None:
    """Return the job that the printer is seen printing, by the file's name."""
    if report.file_name is None or report.condition not in _BUSY:
        return None
    row = session.exec(
        select(Job, Attempt)
        .join(Attempt, col(Attempt.id) == col(Job.attempt_id))
        .where(
            Job.printer_id == printer.id,
            col(Job.status).in_([JobStatus.PRINTING, JobStatus.UNKNOWN]),
        )
    ).first()
    if row is None or ref_of(row[0], row[1]).file_name != report.file_name:
        return None
    return row[0]


def printers_of(session: Session, agent: Agent) -> Sequence[Printer]:
    """Return the printers of an agent: what staff say of beds and material is theirs to tell."""
    return session.exec(_PRINTERS_OF, params={"agent_id": agent.id}).all()


def held_attempts(session: Session, agent: Agent) -> tuple[AttemptRef, ...]:
    """Return the attempts that the server believes an agent holds."""
    return _refs(session, agent, [*ON_A_PRINTER])


def dropped_attempts(session: Session, agent: Agent) -> tuple[AttemptRef, ...]:
    """Return attempts that an agent may still hold, of jobs that were cancelled or moved."""
    return _refs(session, agent, [*DROPPED])


def _refs(session: Session, agent: Agent, statuses: list[JobStatus]) -> tuple[AttemptRef, ...]:
    rows = session.exec(
        select(Job, Attempt)
        .join(Attempt, col(Attempt.id) == col(Job.attempt_id))
        .where(
            Attempt.agent_id == agent.id,
            col(Attempt.ended_at).is_(None),
            col(Job.status).in_(statuses),
        )
    ).all()
    return tuple(ref_of(job, attempt) for job, attempt in rows)
