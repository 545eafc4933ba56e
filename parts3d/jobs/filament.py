"""Filament of attempts: looked at before a lease, taken at the permit, settled at the end."""

from sqlmodel import Session

from parts3d.errors import Conflict
from parts3d.jobs.tables import Attempt, Job
from parts3d.points.spools import MG_PER_GRAM, needed_mg, put_back, take_off
from parts3d.points.tables import Printer, Spool
from parts3d.slicing.tables import Slice


def most_filament_mg(session: Session, printer: Printer) -> int | None:
    """Return what a print on this printer may take at most, in mg; None where nobody counts."""
    if printer.spool_id is None:
        return None
    left = session.get_one(Spool, printer.spool_id).left_mg
    # The inverse of ``needed_mg``, rounded down.
    spare = needed_mg(left) - left
    return max(left - spare, 0)


def take_for(session: Session, job: Job, attempt: Attempt, printer: Printer) -> None:
    """Take an attempt's filament off the loaded spool; the spool's lot goes into its trace.

    Raises:
        Conflict: another material is loaded by now, or too little is left.
    """
    if printer.material != job.material:
        raise Conflict(
            f"{printer.name} has {printer.material} loaded, not {job.material}.",
            code="wrong_material",
        )
    if printer.spool_id is None:
        return
    spool = session.get_one(Spool, printer.spool_id, with_for_update=True, populate_existing=True)
    filament_mg = session.get_one(Slice, attempt.slice_id).filament_mg or 0
    if needed_mg(filament_mg) > spool.left_mg:
        raise Conflict(
            f"{spool.left_mg // MG_PER_GRAM} g are left on the spool in {printer.name}; this "
            f"print wants {-(-needed_mg(filament_mg) // MG_PER_GRAM)} g.",
            code="too_little_filament",
        )
    take_off(session, spool, filament_mg)
    attempt.spool_id, attempt.filament_mg = spool.id, filament_mg
    session.flush()


def settle_filament(session: Session, attempt: Attempt, progress: float | None) -> None:
    """Put back what an attempt that has just ended did not use.

    Args:
        session: flushed, not committed.
        attempt: not settled before: its end is noted once.
        progress: share printed, 0 to 1; None counts as all of it, as nobody knows.
    """
    if attempt.spool_id is None or attempt.filament_mg is None or progress is None:
        return
    used = round(attempt.filament_mg * min(max(progress, 0.0), 1.0))
    spool = session.get_one(Spool, attempt.spool_id, with_for_update=True, populate_existing=True)
    put_back(session, spool, attempt.filament_mg - used)
    attempt.filament_mg = used
    session.flush()
