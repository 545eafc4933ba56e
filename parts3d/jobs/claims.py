"""Claims: an agent asks for work for one of its printers, and gets a lease.

Until a start is permitted, losing a lease is harmless: the job waits again and the next lease
carries a higher epoch.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func
from sqlalchemy import select as sa_select
from sqlmodel import Session, col, select

from parts3d.accounts.agents import revoked
from parts3d.accounts.tables import Agent
from parts3d.errors import StaleEpoch
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import ON_A_PRINTER, end_attempt, move_job
from parts3d.jobs.tables import Attempt, Job
from parts3d.jobs.turns import turns
from parts3d.jobs.versions import new_enough
from parts3d.points.tables import Printer
from parts3d.slicing.tables import Slice
from printer_agents.protocol import AttemptRef, PrinterCondition, PrinterReport, Work


@dataclass(frozen=True, slots=True)
class Leased:
    """What an agent gets, and the order that it is for: nothing of that is the agent's."""

    work: Work
    order_id: str


def download_token(secret: bytes, attempt_id: str) -> str:
    """Return the secret of one attempt's download; derived, so that an answer can be repeated."""
    return hmac.new(secret, f"gcode:{attempt_id}".encode(), hashlib.sha256).hexdigest()


def ref_of(job: Job, attempt: Attempt) -> AttemptRef:
    """Return an attempt's identity as the protocol writes it."""
    return AttemptRef(
        job_id=job.id,
        attempt=attempt.number,
        epoch=attempt.epoch,
        printer_id=attempt.printer_id,
        agent_generation=attempt.agent_generation,
        gcode_sha256=attempt.gcode_sha256,
    )


def claim(
    session: Session,
    *,
    agent: Agent,
    generation: int,
    printers: Sequence[PrinterReport],
    secret: bytes,
    lease_seconds: float,
    now: datetime,
    least_version: str = "",
    spools_required: bool = False,
) -> Leased | None:
    """Lease the most urgent job that one of these printers can print now.

    A repeated claim (its answer was lost) gets the same work and the same epoch again. A claim
    that has waited since before a newer journal of its agent gets nothing.

    Raises:
        NotSignedIn: the agent's key was revoked while it waited.
    """
    asking = session.get_one(Agent, agent.id)
    if asking.revoked_at is not None:
        raise revoked()
    if generation < asking.generation:
        return None
    may_have_new = new_enough(asking.version, least_version)
    _one_claim_at_a_time(session, [report.printer_id for report in printers])
    for report in printers:
        printer = session.get(Printer, report.printer_id)
        if printer is None or printer.agent_id != agent.id or printer.withdrawn_at is not None:
            continue
        held = _held_job(session, printer)
        if held is not None:
            again = _repeat(session, held, agent, generation, secret, lease_seconds, now)
            if again is not None:
                return again
            continue
        ready = report.condition is PrinterCondition.IDLE and report.bed_clear and printer.bed_clear
        if not ready or (report.material is not None and report.material != printer.material):
            continue
        if not may_have_new or (spools_required and printer.spool_id is None):
            continue
        found = _next_job(session, printer, now)
        if found is not None:
            job, sliced = found
            return _lease(
                session, job, sliced, printer, agent, generation, secret, lease_seconds, now
            )
    return None


def renew(
    session: Session, *, agent: Agent, ref: AttemptRef, lease_seconds: float, now: datetime
) -> float:
    """Extend a lease; returns its seconds from now.

    Raises:
        StaleEpoch: the attempt is no longer the current one.
    """
    job = current_job(session, agent, ref)
    if job.status is JobStatus.LEASED:
        job.lease_until = now + timedelta(seconds=lease_seconds)
    job.last_heard_at = now
    session.flush()
    return lease_seconds


def current_job(session: Session, agent: Agent, ref: AttemptRef) -> Job:
    """Return the job of an attempt that is still the current one, locked.

    Raises:
        StaleEpoch: unknown job, another agent's or printer's, or an older epoch.
    """
    job = session.exec(
        select(Job)
        .where(Job.id == ref.job_id)
        .with_for_update()
        # An earlier report of the same batch may have read it before it was locked.
        .execution_options(populate_existing=True)
    ).first()
    if job is None or (job.epoch, job.agent_id, job.printer_id) != (
        ref.epoch,
        agent.id,
        ref.printer_id,
    ):
        raise StaleEpoch(
            f"Attempt {ref.attempt} (epoch {ref.epoch}) of this job is no longer the current one."
        )
    return job


def _one_claim_at_a_time(session: Session, printer_ids: Sequence[str]) -> None:
    """Let nobody else claim for these printers until the commit.

    Two claims at once (the answer of the first was lost) would lease two jobs to one printer.
    """
    if session.get_bind().dialect.name == "postgresql":  # SQLite has one writer anyway
        for printer_id in sorted(printer_ids):
            key = func.hashtext(f"claim:{printer_id}")
            session.execute(sa_select(func.pg_advisory_xact_lock(key)))


def _held_job(session: Session, printer: Printer) -> Job | None:
    return session.exec(
        select(Job).where(Job.printer_id == printer.id, col(Job.status).in_(ON_A_PRINTER))
    ).first()


def _repeat(
    session: Session,
    job: Job,
    agent: Agent,
    generation: int,
    secret: bytes,
    lease_seconds: float,
    now: datetime,
) -> Leased | None:
    """Answer a claim for a printer that holds a lease already."""
    attempt = session.get(Attempt, job.attempt_id) if job.attempt_id else None
    if job.status is not JobStatus.LEASED or attempt is None:
        return None
    if attempt.agent_id != agent.id or attempt.agent_generation != generation:
        # An older journal had it; nothing was started, so it may be leased afresh.
        release(session, job, actor=f"agent:{agent.id}", outcome="journal_lost", now=now)
        return None
    job.lease_until = now + timedelta(seconds=lease_seconds)
    session.flush()
    sliced = session.get_one(Slice, attempt.slice_id)
    return _leased(job, attempt, sliced, secret, lease_seconds)


def release(session: Session, job: Job, *, actor: str, outcome: str, now: datetime) -> None:
    """Give a leased job back to the queue; nothing was started."""
    end_attempt(session, job, outcome, now)
    move_job(
        session,
        job,
        JobStatus.WAITING,
        actor=actor,
        now=now,
        reason="It was given back before it started; it waits for a printer again.",
    )
    job.printer_id = None
    job.agent_id = None
    job.lease_until = None
    session.flush()


def _next_job(session: Session, printer: Printer, now: datetime) -> tuple[Job, Slice] | None:
    """Lock and return the job whose turn it is; one that another printer takes just now is left."""
    for turn in turns(session, printer, now):
        job = session.exec(
            select(Job)
            .where(Job.id == turn.job_id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        ).first()
        if job is not None and job.status is JobStatus.WAITING:
            return job, turn.sliced
    return None


def _lease(
    session: Session,
    job: Job,
    sliced: Slice,
    printer: Printer,
    agent: Agent,
    generation: int,
    secret: bytes,
    lease_seconds: float,
    now: datetime,
) -> Leased:
    job.epoch += 1
    job.attempt_count += 1
    job.printer_id = printer.id
    job.agent_id = agent.id
    job.lease_until = now + timedelta(seconds=lease_seconds)
    job.last_heard_at = now
    job.progress = None
    job.remaining_seconds = None
    attempt = Attempt(
        job_id=job.id,
        number=job.attempt_count,
        epoch=job.epoch,
        printer_id=printer.id,
        agent_id=agent.id,
        agent_generation=generation,
        slice_id=sliced.id,
        gcode_sha256=sliced.gcode_sha256 or "",
        download_sha256="",
        leased_at=now,
    )
    token = download_token(secret, attempt.id)
    attempt.download_sha256 = hashlib.sha256(token.encode()).hexdigest()
    session.add(attempt)
    job.attempt_id = attempt.id
    move_job(session, job, JobStatus.LEASED, actor=f"agent:{agent.id}", now=now)
    return _leased(job, attempt, sliced, secret, lease_seconds)


def _leased(
    job: Job, attempt: Attempt, sliced: Slice, secret: bytes, lease_seconds: float
) -> Leased:
    work = Work(
        ref=ref_of(job, attempt),
        job_label=job.label,
        material=job.material,
        gcode_path=f"/agent/v1/gcode/{download_token(secret, attempt.id)}",
        gcode_bytes=sliced.gcode_bytes or 1,
        print_seconds=sliced.print_seconds or 0,
        lease_seconds=lease_seconds,
    )
    return Leased(work, job.order_id)
