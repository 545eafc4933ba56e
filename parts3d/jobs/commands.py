"""What staff ask of a running print: pause, resume, cancel. A row until its agent has answered.

The row is the truth: the agent hears of it with every answer, first with that of its long poll,
which the point's bell ends. What is not answered in time is over, so that nothing happens long
after it was asked.
"""

from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.errors import Conflict
from parts3d.jobs.claims import ref_of
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job, PrinterCommand
from printer_agents.protocol import Command, CommandVerb, Report, ReportKind

# Something of the job may be on the printer, or about to be.
COMMANDABLE = frozenset({JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.UNKNOWN})
OBEYED, DISOBEYED, EXPIRED = "obeyed", "disobeyed", "expired"
_ANSWERS = {ReportKind.OBEYED: OBEYED, ReportKind.DISOBEYED: DISOBEYED}


def ask(
    session: Session, job: Job, verb: CommandVerb, *, actor: str, now: datetime, seconds: float
) -> PrinterCommand:
    """Ask the printer of a job for something; while the same is asked already, that is the answer.

    Args:
        session: flushed, not committed.
        job: locked, of the point whose staff ask.
        verb: what.
        actor: who.
        now: the moment.
        seconds: how long the agent has to answer.

    Raises:
        Conflict: the job is not being printed.
    """
    if job.status not in COMMANDABLE or job.attempt_id is None:
        raise Conflict("This job is not being printed. Look at the list again.")
    waiting = session.exec(
        select(PrinterCommand).where(
            PrinterCommand.attempt_id == job.attempt_id,
            PrinterCommand.verb == verb.value,
            col(PrinterCommand.outcome).is_(None),
            col(PrinterCommand.expires_at) > now,
        )
    ).first()
    if waiting is not None:
        return waiting
    attempt = session.get_one(Attempt, job.attempt_id)
    command = PrinterCommand(
        job_id=job.id,
        attempt_id=attempt.id,
        agent_id=attempt.agent_id,
        verb=verb.value,
        actor=actor,
        asked_at=now,
        expires_at=now + timedelta(seconds=seconds),
    )
    session.add(command)
    session.flush()
    return command


def commands_for(session: Session, agent: Agent, now: datetime) -> tuple[Command, ...]:
    """Return what an agent has not answered yet, in the order in which it was asked."""
    rows = session.exec(
        select(PrinterCommand, Job, Attempt)
        .join(Job, col(Job.id) == col(PrinterCommand.job_id))
        .join(Attempt, col(Attempt.id) == col(PrinterCommand.attempt_id))
        .where(
            PrinterCommand.agent_id == agent.id,
            col(PrinterCommand.outcome).is_(None),
            col(PrinterCommand.expires_at) > now,
        )
        .order_by(col(PrinterCommand.asked_at), col(PrinterCommand.id))
    ).all()
    return tuple(
        Command(command_id=row.id, ref=ref_of(job, attempt), verb=CommandVerb(row.verb))
        for row, job, attempt in rows
    )


def settle(session: Session, agent: Agent, report: Report, now: datetime) -> None:
    """Take an agent's answer to a command; a late one counts too, a second one does not."""
    if report.kind not in _ANSWERS or report.command_id is None:
        return
    command = session.get(PrinterCommand, report.command_id)
    if command is None or command.agent_id != agent.id or command.answered_at is not None:
        return
    command.answered_at = now
    command.outcome = _ANSWERS[report.kind]
    command.detail = report.detail
    session.flush()


def expire_commands(session: Session, now: datetime) -> list[Job]:
    """Say of commands that nobody answered in time that they are over; returns their jobs."""
    rows = session.exec(
        select(PrinterCommand, Job)
        .join(Job, col(Job.id) == col(PrinterCommand.job_id))
        .where(col(PrinterCommand.outcome).is_(None), col(PrinterCommand.expires_at) <= now)
    ).all()
    for command, _ in rows:
        command.outcome = EXPIRED
    session.flush()
    return [job for _, job in rows]


def last_command(session: Session, attempt_id: str | None) -> PrinterCommand | None:
    """Return what was asked last of an attempt."""
    return session.exec(
        select(PrinterCommand)
        .where(PrinterCommand.attempt_id == attempt_id)
        .order_by(col(PrinterCommand.asked_at).desc(), col(PrinterCommand.id))
        .limit(1)
    ).first()


def cancelled_by_staff(session: Session, attempt_id: str) -> bool:
    """Tell whether staff have stopped an attempt from the counter."""
    return (
        session.exec(
            select(PrinterCommand.id).where(
                PrinterCommand.attempt_id == attempt_id,
                PrinterCommand.verb == CommandVerb.CANCEL.value,
                PrinterCommand.outcome == OBEYED,
            )
        ).first()
        is not None
    )
