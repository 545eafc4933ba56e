"""Which lines of an order a point's stock serves, read from the rows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlmodel import Session

from parts3d.points.shelf import shelves_of
from parts3d.points.shelf_tables import ShelfPart
from parts3d.promises.queries import held_units
from parts3d.promises.snapshot import Need
from parts3d.quotes.layout import Layout


@dataclass(frozen=True, slots=True)
class Stock:
    """The parts that serve lines of an order, by point and the line's position, from 1.

    A line is served from stock as a whole, or printed as a whole.
    """

    lines: Mapping[str, Mapping[int, Sequence[ShelfPart]]] = field(default_factory=dict)

    def at(self, point_id: str) -> Mapping[int, Sequence[ShelfPart]]:
        """Return what serves at a point."""
        return self.lines.get(point_id, {})

    def needs_at(self, point_id: str, needs: Sequence[Need]) -> tuple[Need, ...]:
        """Return the needs as they are at a point: marked where its stock serves them."""
        served = self.at(point_id)
        return tuple(
            replace(need, on_shelf=True) if need.line in served else need for need in needs
        )


def stock_for(
    session: Session,
    layouts: Sequence[Layout],
    point_ids: Collection[str],
    now: datetime,
    *,
    leave_out: str | None = None,
) -> Stock:
    """Return what of an order lies on the shelves of points, and is held for nobody."""
    shelves = shelves_of(session, point_ids, {layout.revision.id for layout in layouts})
    if not shelves:
        return Stock()
    held = held_units(session, point_ids, now, leave_out=leave_out)
    found: dict[str, dict[int, Sequence[ShelfPart]]] = {}
    for point_id in point_ids:
        taken = set(held)
        for position, layout in enumerate(layouts, start=1):
            free = [
                part
                for part in shelves.get((point_id, layout.revision.id), ())
                if part.unit_id not in taken
            ][: layout.quantity]
            if len(free) == layout.quantity:
                taken |= {part.unit_id for part in free}
                found.setdefault(point_id, {})[position] = free
    return Stock(found)
