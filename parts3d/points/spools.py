"""The book of spools: what is loaded, and how much of it is left.

A permit takes a print's filament off the spool before the print begins, so that two printers can
never count on the same grams; what a print has not used comes back at its end.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlmodel import Session, col, select

from parts3d.errors import Conflict, Invalid, NotFound
from parts3d.points.tables import Printer, Spool
from parts3d.slicing.profiles import materials, profile

MG_PER_GRAM = 1000
MOST_GRAMS = 20_000
# A slicer's figure is that of the part; the purge line and the end of the tube come on top.
SPARE_SHARE = 0.03
SPARE_MG = 2_000
# With less on it, a spool is no promise that a part can be made of it.
WORTH_LOADING_MG = 50_000

Short = Annotated[str, StringConstraints(strip_whitespace=True, max_length=80)]


class SpoolDetails(BaseModel):
    """A spool as staff write it down. ``grams`` is what is on it now, in grams."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    material: str
    grams: Annotated[int, Field(ge=1, le=MOST_GRAMS)]
    name: Short = ""
    lot: Short = ""


def needed_mg(filament_mg: int) -> int:
    """Return what must be on a spool, in mg, for a print that the slicer says takes so much."""
    return round(filament_mg * (1 + SPARE_SHARE)) + SPARE_MG


def add_spool(session: Session, point_id: str, details: SpoolDetails, now: datetime) -> Spool:
    """Write a spool into a point's book.

    Raises:
        Invalid: there is no such material.
    """
    if details.material not in materials():
        known = ", ".join(materials())
        raise Invalid(f"There is no material {details.material}; known: {known}.", place="material")
    spool = Spool(
        point_id=point_id,
        material=details.material,
        name=details.name,
        lot=details.lot,
        full_mg=details.grams * MG_PER_GRAM,
        left_mg=details.grams * MG_PER_GRAM,
        created_at=now,
    )
    session.add(spool)
    session.flush()
    return spool


def spools_of(session: Session, point_id: str) -> list[Spool]:
    """Return the spools of a point that are not finished, by material and age."""
    return list(
        session.exec(
            select(Spool)
            .where(Spool.point_id == point_id, col(Spool.finished_at).is_(None))
            .order_by(col(Spool.material), col(Spool.created_at))
        )
    )


def materials_in_stock(session: Session, point_ids: Collection[str]) -> Mapping[str, set[str]]:
    """Return by point the materials that staff could load: of spools that are in no printer."""
    found: dict[str, set[str]] = {point_id: set() for point_id in point_ids}
    loaded = select(Printer.spool_id).where(
        col(Printer.spool_id).is_not(None), col(Printer.withdrawn_at).is_(None)
    )
    rows = session.exec(
        select(Spool.point_id, Spool.material)
        .where(
            col(Spool.point_id).in_(list(point_ids)),
            col(Spool.finished_at).is_(None),
            col(Spool.left_mg) >= WORTH_LOADING_MG,
            col(Spool.id).not_in(loaded),
        )
        .distinct()
    )
    for point_id, material in rows:
        found[point_id].add(material)
    return found


def load_spool(
    session: Session, *, point_id: str, printer_id: str, spool_id: str, busy: bool
) -> Printer:
    """Say that a spool is loaded in a printer; it leaves any other printer.

    Args:
        session: flushed, not committed.
        point_id: whose staff say it.
        printer_id: where it is loaded.
        spool_id: which.
        busy: whether something is printed there, or about to be.

    Raises:
        NotFound: no such printer or spool at this point.
        Invalid: this printer model does not print the material.
        Conflict: a print runs there, or the spool is in a printer that does.
    """
    printer = _printer(session, point_id, printer_id)
    spool = session.get(Spool, spool_id, with_for_update=True)
    if spool is None or spool.point_id != point_id or spool.finished_at is not None:
        raise NotFound("There is no such spool at this point.")
    if busy and printer.spool_id is not None:
        raise Conflict(f"{printer.name} is printing. Change the spool when it has ended.")
    profile(printer.model).temperatures_for(spool.material)
    for other in session.exec(select(Printer).where(Printer.spool_id == spool.id)).all():
        if other.id != printer.id:
            other.spool_id = None
    printer.spool_id = spool.id
    printer.material = spool.material
    session.flush()
    return printer


def unload_spool(session: Session, *, point_id: str, printer_id: str, busy: bool) -> Printer:
    """Say that no spool of the book is loaded in a printer.

    Raises:
        NotFound: no such printer at this point.
        Conflict: a print runs there.
    """
    printer = _printer(session, point_id, printer_id)
    if busy:
        raise Conflict(f"{printer.name} is printing. Change the spool when it has ended.")
    printer.spool_id = None
    session.flush()
    return printer


def weigh_spool(
    session: Session, *, point_id: str, spool_id: str, grams: int, now: datetime
) -> Spool:
    """Correct how much is left on a spool; none left finishes it.

    Raises:
        NotFound: no such spool at this point.
        Invalid: less than nothing, or more than a spool holds.
    """
    spool = session.get(Spool, spool_id, with_for_update=True)
    if spool is None or spool.point_id != point_id:
        raise NotFound("There is no such spool at this point.")
    if not 0 <= grams <= MOST_GRAMS:
        raise Invalid("Type the grams of filament that are left, as 450.", place="grams")
    spool.left_mg = grams * MG_PER_GRAM
    spool.full_mg = max(spool.full_mg, spool.left_mg)
    spool.finished_at = now if grams == 0 else None
    if grams == 0:
        for printer in session.exec(select(Printer).where(Printer.spool_id == spool.id)).all():
            printer.spool_id = None
    session.flush()
    return spool


def take_off(session: Session, spool: Spool, filament_mg: int) -> None:
    """Take a print's filament off a spool, locked; never below zero."""
    spool.left_mg = max(spool.left_mg - filament_mg, 0)
    session.flush()


def put_back(session: Session, spool: Spool, filament_mg: int) -> None:
    """Put back what a print has not used, locked; never more than it held."""
    spool.left_mg = min(spool.left_mg + filament_mg, spool.full_mg)
    session.flush()


def _printer(session: Session, point_id: str, printer_id: str) -> Printer:
    printer = session.get(Printer, printer_id, with_for_update=True)
    if printer is None or printer.point_id != point_id or printer.withdrawn_at is not None:
        raise NotFound("There is no such printer at this point.")
    return printer
