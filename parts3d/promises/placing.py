"""What a promise writes down: one entry a print, and one a part that is served from stock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from parts3d.points.shelf_tables import ShelfPart
from parts3d.points.tables import Printer
from parts3d.promises.snapshot import Offer
from parts3d.quotes.layout import Layout


def to_print(session: Session, layouts: Sequence[Layout], offer: Offer) -> list[dict[str, Any]]:
    """Return one entry for each print of an offer."""
    beds = [
        (position, plate)
        for position, layout in enumerate(layouts, start=1)
        for plate in layout.plates
    ]
    models = _models(session, [placement.printer_id for placement in offer.placements])
    placements: list[dict[str, Any]] = []
    for one in offer.placements:
        position, plate = beds[one.need]
        sliced = plate.slices[models[one.printer_id]]
        placements.append(
            {
                "printer_id": one.printer_id,
                "print_seconds": sliced.print_seconds,
                "starts_at": one.starts_at.isoformat(),
                "line": position,
                "copies": plate.copies,
                "revision_id": layouts[position - 1].revision.id,
                "slice_id": sliced.slice_id,
            }
        )
        if one.twin:
            placements[-1]["twin"] = True
    return placements


def from_stock(stock: Mapping[int, Sequence[ShelfPart]], now: datetime) -> list[dict[str, Any]]:
    """Return one entry a part that is served from stock; it holds no printer, but that part."""
    return [
        {
            "unit_id": part.unit_id,
            "printer_id": part.printer_id,
            "print_seconds": part.print_seconds,
            "starts_at": now.isoformat(),
            "line": position,
            "copies": 1,
            "revision_id": part.revision_id,
            "slice_id": part.slice_id,
        }
        for position, parts in stock.items()
        for part in parts
    ]


def _models(session: Session, printer_ids: Sequence[str]) -> dict[str, str]:
    rows = session.exec(
        select(Printer.id, Printer.model).where(col(Printer.id).in_(list(printer_ids)))
    )
    return dict(rows.all())
