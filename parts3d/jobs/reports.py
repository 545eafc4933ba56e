"""What agents report about attempts. Heard twice, late or after hours: the same result."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, select

from parts3d.accounts.tables import Agent
from parts3d.errors import StaleEpoch
from parts3d.jobs.claims import current_job, release
from parts3d.jobs.commands import cancelled_by_staff, settle
from parts3d.jobs.lifecycle import JOB_LIFECYCLE, JobStatus
from parts3d.jobs.moves import end_attempt, move_job
from parts3d.jobs.tables import AgentReport, Attempt, Job
from printer_agents.protocol import Report, ReportKind, ReportResult

# What a report says of the job's status; the others only tell progress.
_TARGET = {
    ReportKind.PRINTING: JobStatus.PRINTING,
    ReportKind.PROGRESS: JobStatus.PRINTING,
    ReportKind.PAUSED: JobStatus.PRINTING,
    ReportKind.PRINTED: JobStatus.PRINTED,
    ReportKind.FAILED: JobStatus.FAILED,
    ReportKind.CANCELLED: JobStatus.FAILED,
    ReportKind.NEEDS_HUMAN: JobStatus.NEEDS_HUMAN,
}
_WORDS = {
    ReportKind.PAUSED: "Paused at the printer.",
    ReportKind.FAILED: "The print failed.",
    ReportKind.CANCELLED: "The print was cancelled at the printer.",
    ReportKind.NEEDS_HUMAN: "The agent cannot know what happened: please look at the printer.",
}
# Statuses in which a tale of progress still means something.
_UNDER_WAY = frozenset({JobStatus.START_PERMITTED, JobStatus.PRINTING, JobStatus.UNKNOWN})
_ROUNDS_BEFORE_A_PERSON = 5
_ANSWERS = frozenset({ReportKind.OBEYED, ReportKind.DISOBEYED})
_ENDS = frozenset({ReportKind.PRINTED, ReportKind.FAILED, ReportKind.CANCELLED})


def hear(
    session: Session, *, agent: Agent, generation: int, report: Report, now: datetime
) -> tuple[ReportResult, Job | None]:
    """Take in one report, and return the result and the job that it changed, if any."""
    job: Job | None
    try:
        # The lock first: the same report may be on its way twice at once.
        job = current_job(session, agent, report.ref)
    except StaleEpoch:
        job = None
    known = session.get(AgentReport, (agent.id, generation, report.event_seq))
    if known is not None:
        outcome = "stale" if known.outcome == "stale" else "repeated"
        return _result(report, outcome), None
    session.add(
        AgentReport(
            agent_id=agent.id,
            generation=generation,
            event_seq=report.event_seq,
            job_id=report.ref.job_id,
            epoch=report.ref.epoch,
            kind=report.kind,
            outcome="accepted" if job else "stale",
            body=report.model_dump(mode="json"),
            heard_at=now,
        )
    )
    session.flush()
    settle(session, agent, report, now)
    if job is None:
        return _result(report, "stale"), None
    if report.kind in _ANSWERS:  # about a command, not about the print
        job.last_heard_at = now
        session.flush()
        return _result(report, "accepted"), job
    _apply(session, job, report, agent, now)
    return _result(report, "accepted"), job


def _result(report: Report, outcome: str) -> ReportResult:
    return ReportResult.model_validate({"event_seq": report.event_seq, "outcome": outcome})


def _apply(session: Session, job: Job, report: Report, agent: Agent, now: datetime) -> None:
    actor = f"agent:{agent.id}"
    job.last_heard_at = now
    if report.progress is not None:
        job.progress = report.progress
    job.remaining_seconds = report.remaining_seconds
    attempt = session.get_one(Attempt, job.attempt_id)
    if report.kind is ReportKind.RELEASED:
        _give_back(session, job, report, actor, now)
        return
    if report.kind is ReportKind.STARTING:
        session.flush()
        return
    target = _TARGET[report.kind]
    tells_progress = target is JobStatus.PRINTING
    if tells_progress:
        _note_course(attempt, report, now)
    if tells_progress and job.status not in _UNDER_WAY | {JobStatus.NEEDS_HUMAN}:
        session.flush()  # a person has decided meanwhile; the tale is kept, the status stays
        return
    if report.kind in _ENDS:
        attempt.printed_seconds = report.printed_seconds
        used = 1.0 if report.kind is ReportKind.PRINTED else report.progress
        end_attempt(session, job, report.kind, now, progress=used)
    if not JOB_LIFECYCLE.allows(job.status, target):
        session.flush()
        return
    words = _words(session, attempt, report)
    if target is JobStatus.PRINTED:
        job.printed_at = now
        job.progress = 1.0
        job.remaining_seconds = None
        words = None
    if job.status == target:
        job.reason = words
    move_job(session, job, target, actor=actor, now=now, reason=words)
    session.flush()


def _words(session: Session, attempt: Attempt, report: Report) -> str | None:
    if report.kind is ReportKind.CANCELLED and cancelled_by_staff(session, attempt.id):
        return "Stopped from the counter."
    return " ".join(filter(None, [_WORDS.get(report.kind), report.detail])) or None


def _note_course(attempt: Attempt, report: Report, now: datetime) -> None:
    if report.kind is ReportKind.PRINTING and attempt.started_at is None:
        attempt.started_at = now
    if report.kind is ReportKind.PAUSED and attempt.paused_at is None:
        attempt.paused_at = now
    if report.printed_seconds is not None:
        attempt.running_seconds = report.printed_seconds


def _give_back(session: Session, job: Job, report: Report, actor: str, now: datetime) -> None:
    if job.status is JobStatus.LEASED:
        _release_or_ask(session, job, report, actor, now)
    elif job.status in {JobStatus.CANCELLED, JobStatus.MOVED}:
        end_attempt(session, job, "released", now)
    elif job.status in _UNDER_WAY:
        # After a permit only a person may say that nothing was printed.
        move_job(
            session,
            job,
            JobStatus.NEEDS_HUMAN,
            actor=actor,
            now=now,
            reason=f"The agent gave it back after the permit. {report.detail or ''}".strip(),
        )


def _release_or_ask(session: Session, job: Job, report: Report, actor: str, now: datetime) -> None:
    """Let the job wait again; after too many such rounds, ask a person instead.

    A full disk of the agent or a missing file would otherwise go round for ever, unseen.
    """
    before = session.exec(
        select(func.count())
        .select_from(Attempt)
        .where(Attempt.job_id == job.id, Attempt.outcome == "released")
    ).one()
    if before + 1 < _ROUNDS_BEFORE_A_PERSON:
        release(session, job, actor=actor, outcome="released", now=now)
        return
    end_attempt(session, job, "released", now)
    words = f"Given back {before + 1} times before it started. {report.detail or ''}".strip()
    move_job(session, job, JobStatus.NEEDS_HUMAN, actor=actor, now=now, reason=words)
    # The printer is free for other jobs: nothing of this one is on it.
    job.printer_id = None
    job.lease_until = None
    session.flush()
