"""Prints that were made and measured: attempts with a planted truth. For tests and pictures."""

from datetime import datetime, timedelta
from math import exp
from random import Random
from uuid import uuid4

from sqlmodel import Session, col, select

from parts3d.accounts.tables import Agent
from parts3d.catalogue.tables import Revision
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.tables import Attempt, Job
from parts3d.points.tables import Printer
from parts3d.slicing.tables import Slice, SliceStatus


def add_prints(
    session: Session,
    *,
    now: datetime,
    model: str,
    count: int,
    log_factor: float = 0.1,
    days: float = 40,
    failing: float = 0.06,
    running: int = 0,
    paused: int = 0,
    seed: int = 1,
) -> None:
    """Add attempts on a model's printers, as if the jobs of one order had been printed often.

    Each printer has its own deviation, and so has each revision that is sliced for the model;
    the session must hold at least one job and one agent.
    """
    chance = Random(seed)
    template = session.exec(select(Job).order_by(col(Job.created_at))).first()
    agent = session.exec(select(Agent)).first()
    assert template is not None
    assert agent is not None
    printers = session.exec(
        select(Printer).where(Printer.model == model).order_by(Printer.name)
    ).all()
    slices = session.exec(
        select(Slice, Revision)
        .join(Revision, col(Revision.model_sha256) == col(Slice.model_sha256))
        .where(Slice.printer_model == model, Slice.status == SliceStatus.READY)
        .order_by(col(Slice.print_seconds), col(Revision.id))
    ).all()
    of_printer = {one.id: chance.gauss(0, 0.05) for one in printers}
    of_part = {revision.id: chance.gauss(0, 0.05) for _, revision in slices}
    for number in range(count + running):
        printer, (sliced, revision) = chance.choice(printers), chance.choice(slices)
        ratio = exp(
            log_factor + of_printer[printer.id] + of_part[revision.id] + chance.gauss(0, 0.06)
        )
        seconds = (sliced.print_seconds or 0) * ratio
        still = number >= count
        ended = now - timedelta(days=days * (1 - (number + 1) / count))
        failed = not still and chance.random() < failing
        job = Job.model_validate(
            template.model_dump()
            | {
                "id": uuid4().hex,
                "label": f"{template.label}-{model}-{number}",
                "revision_id": revision.id,
                "epoch": 1,
                "version": 1,
                "printer_id": printer.id,
                "status": JobStatus.PRINTING if still else JobStatus.HANDED_OVER,
                "last_heard_at": now,
            }
        )
        attempt = Attempt(
            job_id=job.id,
            number=1,
            epoch=1,
            printer_id=printer.id,
            agent_id=agent.id,
            agent_generation=1,
            slice_id=sliced.id,
            gcode_sha256=sliced.gcode_sha256 or "",
            download_sha256=uuid4().hex,
            leased_at=ended - timedelta(seconds=seconds),
            permitted_at=ended - timedelta(seconds=seconds),
            started_at=ended - timedelta(seconds=seconds),
            ended_at=None if still else ended,
            outcome=None if still else "failed" if failed else "printed",
            printed_seconds=None if still or failed else seconds,
            running_seconds=seconds * 0.9,
            paused_at=ended if number < paused else None,
        )
        job.attempt_id = attempt.id
        session.add(job)
        session.flush()
        session.add(attempt)
    session.flush()
