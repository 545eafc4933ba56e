"""What passes its check becomes units, with everything that a recall will ask for."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from parts3d.catalogue.tables import Part, Revision
from parts3d.db import new_id
from parts3d.errors import Invalid
from parts3d.jobs.bench import job_of_point
from parts3d.jobs.hedges import is_served, lock_twins, serve_line
from parts3d.jobs.lifecycle import JobStatus
from parts3d.jobs.moves import move_job
from parts3d.jobs.remaking import remake_copies
from parts3d.jobs.tables import Attempt, Job
from parts3d.points.shelf_tables import ShelfPart
from parts3d.points.tables import Point, Printer, Spool
from parts3d.slicing.tables import Slice
from parts3d.units.tables import Unit

SURPLUS = "Another print serves the order; this one is stock."


def pass_check(
    session: Session,
    *,
    point_id: str,
    job_id: str,
    actor: str,
    now: datetime,
    rejected: int = 0,
    why: str = "",
) -> list[Unit]:
    """Pass a print: each good copy gets a serial number and a trace record. Twice is once.

    Args:
        session: flushed, not committed.
        point_id: where it lies.
        job_id: the print.
        actor: who checks.
        now: the server's moment.
        rejected: copies of a plate that are not good; they are printed again by jobs of their own.
        why: what is wrong with those.

    Raises:
        NotFound: not a job of this point.
        Invalid: more copies rejected than lie there, all of them, or no reason.
        Conflict: nothing was printed yet.
    """
    # All jobs for the same copies first: of two that pass at once, one serves the line.
    twins = lock_twins(session, job_id)
    job = job_of_point(session, point_id, job_id)
    existing = units_of(session, job)
    if existing and job.status in {JobStatus.PASSED, JobStatus.READY}:
        return existing
    _check_rejected(job, rejected, why)
    move_job(session, job, JobStatus.PASSED, actor=actor, now=now)
    job.rejected_copies = rejected
    good = job.copies - rejected
    units = [_unit(session, job, job.copy_number + index, actor, now) for index in range(good)]
    session.add_all(units)
    session.flush()
    if is_served(job, twins):
        put_in_stock(session, job, units, actor=actor, now=now)
        return units
    serve_line(session, job, twins, now)
    if rejected:
        remake_copies(
            session,
            job,
            first_copy=job.copy_number + good,
            copies=rejected,
            now=now,
            reason=f"Rejected at the check: {why.strip()}",
        )
    return units


def put_in_stock(
    session: Session, job: Job, units: Sequence[Unit], *, actor: str, now: datetime
) -> None:
    """Keep a second print of what another job served: it goes on the stock's shelf."""
    job.surplus_since = job.surplus_since or now
    attempt = session.get_one(Attempt, job.attempt_id)
    for unit in units:
        unit.stocked_at = now
        session.add(
            ShelfPart(
                unit_id=unit.id,
                point_id=job.point_id,
                revision_id=unit.revision_id,
                job_id=job.id,
                serial=unit.serial,
                printer_id=attempt.printer_id,
                slice_id=attempt.slice_id,
                print_seconds=round(job.print_seconds / job.copies),
                since=now,
            )
        )
    session.flush()
    move_job(session, job, JobStatus.READY, actor=actor, now=now, reason=SURPLUS)


def units_of(session: Session, job: Job) -> list[Unit]:
    """Return the units that a job's present try has given, in the order of its copies.

    Of a job that the stock serves: that one part.
    """
    if job.stock_unit_id is not None:
        return list(session.exec(select(Unit).where(Unit.id == job.stock_unit_id)))
    return list(
        session.exec(
            select(Unit).where(Unit.attempt_id == job.attempt_id).order_by(col(Unit.copy_number))
        )
    )


def _check_rejected(job: Job, rejected: int, why: str) -> None:
    if not 0 <= rejected < job.copies:
        raise Invalid(
            f"{rejected} of {job.copies} copies cannot be rejected like this. "
            "If none is good, reject the whole print.",
            place="rejected",
        )
    if rejected and not why.strip():
        raise Invalid("Say what is wrong with the part.", place="why")


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
            col(Job.surplus_since).is_(None),
        )
    ).all()
    for job in jobs:
        move_job(session, job, JobStatus.HANDED_OVER, actor=actor, now=now)
        if job.stock_unit_id is not None:
            _sell_from_stock(session, job, now)
    attempts = {job.attempt_id for job in jobs}
    from_stock = {job.stock_unit_id for job in jobs}
    units = [
        unit
        for unit in session.exec(select(Unit).where(Unit.order_id == order_id)).all()
        if unit.attempt_id in attempts or unit.id in from_stock
    ]
    for unit in units:
        unit.handed_over_at = unit.handed_over_at or now
        unit.handed_over_by = unit.handed_over_by or actor
    session.flush()
    return units


def _sell_from_stock(session: Session, job: Job, now: datetime) -> None:
    """Let a part's record say who has it now: that is whom a recall has to reach."""
    unit = session.get_one(Unit, job.stock_unit_id, with_for_update=True)
    unit.trace = {
        **unit.trace,
        "stock": {
            "made_for_order": unit.order_id,
            "made_as_job": unit.job_id,
            "since": unit.stocked_at.isoformat() if unit.stocked_at else None,
            "sold_at": now.isoformat(),
        },
    }
    unit.order_id, unit.job_id = job.order_id, job.id
    unit.stock_left_at, unit.stock_left_why = now, f"Sold: {job.label}"
    session.flush()


def _spool(session: Session, attempt: Attempt) -> dict[str, object] | None:
    if attempt.spool_id is None:
        return None
    spool = session.get_one(Spool, attempt.spool_id)
    return {
        "id": spool.id,
        "lot": spool.lot,
        "name": spool.name,
        "filament_mg": attempt.filament_mg,
    }


def _unit(session: Session, job: Job, copy_number: int, actor: str, now: datetime) -> Unit:
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
        copy_number=copy_number,
        trace={
            "part": part.slug,
            "revision": revision.number,
            "safety_class": revision.safety_class,
            "model_sha256": revision.model_sha256,
            "recipe_sha256": revision.recipe_sha256,
            "gcode_sha256": attempt.gcode_sha256,
            "slicer": f"{sliced.engine} {sliced.engine_version}",
            "material": job.material,
            "spool": _spool(session, attempt),
            "printer": {"id": printer.id, "name": printer.name, "model": printer.model},
            "point": {"id": point.id, "name": point.name},
            "attempt": attempt.number,
            "epoch": attempt.epoch,
            "copies_on_the_bed": job.copies,
            "started_at": attempt.started_at.isoformat() if attempt.started_at else None,
            "printed_seconds": attempt.printed_seconds,
        },
        checked_by=actor,
        checked_at=now,
    )
