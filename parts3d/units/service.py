"""A job that passes its check becomes a unit, with everything that a recall will ask for."""

from datetime import datetime

from sqlmodel import Session, select

from parts3d.catalogue.tables import Part, Revision
from parts3d.db import new_id
from parts3d.jobs.bench import job_of_point
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.tables import Attempt, Job
from parts3d.points.tables import Point, Printer
from parts3d.slicing.tables import Slice
from parts3d.units.tables import Unit


def pass_check(session: Session, *, point_id: str, job_id: str, actor: str, now: datetime) -> Unit:
    """Pass a printed part: it gets a serial number and a trace record. Twice is once.

    Raises:
        NotFound: not a job of this point.
        Conflict: nothing was printed yet.
    """
    job = job_of_point(session, point_id, job_id)
    existing = session.exec(select(Unit).where(Unit.attempt_id == job.attempt_id)).first()
    if existing is not None and job.status in {JobStatus.PASSED, JobStatus.READY}:
        return existing
    move_job(session, job, JobStatus.PASSED, actor=actor, now=now)
    unit = _unit(session, job, actor, now)
    session.add(unit)
    session.flush()
    return unit


def hand_over_units(session: Session, *, order_id: str, actor: str, now: datetime) -> list[Unit]:
    """Mark all units and jobs of an order as handed over; returns the units.

    Raises:
        Conflict: a job of the order is not on the shelf.
    """
    jobs = session.exec(
        select(Job).where(
            Job.order_id == order_id,
            Job.status != JobStatus.CANCELLED,
            Job.status != JobStatus.MOVED,
        )
    ).all()
    for job in jobs:
        move_job(session, job, JobStatus.HANDED_OVER, actor=actor, now=now)
    attempts = {job.attempt_id for job in jobs}
    units = [
        unit
        for unit in session.exec(select(Unit).where(Unit.order_id == order_id)).all()
        if unit.attempt_id in attempts
    ]
    for unit in units:
        unit.handed_over_at = unit.handed_over_at or now
        unit.handed_over_by = unit.handed_over_by or actor
    session.flush()
    return units


def _unit(session: Session, job: Job, actor: str, now: datetime) -> Unit:
    attempt = session.get_one(Attempt, job.attempt_id)
    revision = session.get_one(Revision, job.revision_id)
    part = session.get_one(Part, revision.part_id)
    sliced = session.get_one(Slice, attempt.slice_id)
    printer = session.get_one(Printer, attempt.printer_id)
    point = session.get_one(Point, job.point_id)
    identity = new_id()
    return Unit(
        id=identity,
        serial=f"U-{identity[:4]}-{identity[4:8]}-{identity[8:12]}".upper(),
        job_id=job.id,
        order_id=job.order_id,
        revision_id=revision.id,
        attempt_id=attempt.id,
        trace={
            "part": part.slug,
            "revision": revision.number,
            "safety_class": revision.safety_class,
            "model_sha256": revision.model_sha256,
            "recipe_sha256": revision.recipe_sha256,
            "gcode_sha256": attempt.gcode_sha256,
            "slicer": f"{sliced.engine} {sliced.engine_version}",
            "material": job.material,
            "printer": {"id": printer.id, "name": printer.name, "model": printer.model},
            "point": {"id": point.id, "name": point.name},
            "attempt": attempt.number,
            "epoch": attempt.epoch,
            "started_at": attempt.started_at.isoformat() if attempt.started_at else None,
            "printed_seconds": attempt.printed_seconds,
        },
        checked_by=actor,
        checked_at=now,
    )
