"""The points that a customer considers, from the rows: an R-tree of all points, kept in memory.

The rows are the truth: with each question one cheap aggregate tells whether the points are still
those that the tree was made of, and now and then it is made anew in any case.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlmodel import Session, col, select

from parts3d.points.geography import Place
from parts3d.points.tables import Point
from parts3d.promises.nearby import Nearby, Reach

# A part's page: all that a customer may want to go to.
TO_CHOOSE_FROM = Reach(radius_km=25.0, least=3, most=40)
# A card in the window shows one promise, the best; twenty-four cards are planned for one page.
FOR_A_GLANCE = Reach(radius_km=25.0, least=2, most=6)
_ANEW_AFTER_SECONDS = 60.0
_MICRODEGREES = 1_000_000

Mark = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Known:
    mark: Mark
    made_at: float
    ids: tuple[str, ...]
    places: tuple[Place, ...]
    tree: Nearby


_known: WeakKeyDictionary[Any, _Known] = WeakKeyDictionary()
_lock = threading.Lock()


def points_within(session: Session, place: Place | None, reach: Reach) -> list[Point]:
    """Return the active points that a customer considers, the nearest first.

    Args:
        session: only read from.
        place: where the customer is; None: not known, and the middle of the network stands in, so
            that of very many points some are shown until she says where she is.
        reach: how far she goes.
    """
    known = _index(session)
    if not known.ids:
        return []
    found = known.tree.find(place or _middle(known.places), reach if place else _anywhere(reach))
    ids = [known.ids[position] for position in found]
    rows = {
        point.id: point
        for point in session.exec(
            select(Point).where(col(Point.id).in_(ids), col(Point.active).is_(True))
        )
    }
    return [rows[point_id] for point_id in ids if point_id in rows]


def _index(session: Session) -> _Known:
    mark = _mark(session)
    bind = session.get_bind()
    with _lock:
        known = _known.get(bind)
    if (
        known is not None
        and known.mark == mark
        and monotonic() - known.made_at < _ANEW_AFTER_SECONDS
    ):
        return known
    rows = session.execute(
        sa.select(Point.id, Point.latitude, Point.longitude)  # type: ignore[call-overload]
        .where(col(Point.active).is_(True))
        .order_by(Point.name, Point.id)
    ).all()
    places = tuple(Place(latitude, longitude) for _, latitude, longitude in rows)
    known = _Known(mark, monotonic(), tuple(row[0] for row in rows), places, Nearby(places))
    with _lock:
        _known[bind] = known
    return known


def _mark(session: Session) -> Mark:
    """Return what differs when a point was added, moved, opened or closed."""

    def whole(column: Any) -> sa.ColumnElement[Any]:  # noqa: ANN401 - a column of either kind
        return sa.func.sum(sa.cast(column * _MICRODEGREES, sa.BigInteger))

    row = session.execute(
        sa.select(
            sa.func.count(),
            whole(col(Point.latitude)),
            whole(col(Point.longitude)),
            sa.func.max(Point.created_at),
            sa.func.max(Point.id),
        ).where(col(Point.active).is_(True))
    ).one()
    return tuple(row)


def _middle(places: Sequence[Place]) -> Place:
    return Place(
        sum(place.latitude for place in places) / len(places),
        sum(place.longitude for place in places) / len(places),
    )


def _anywhere(reach: Reach) -> Reach:
    """Return the reach of a customer of whom nothing is known: as many points, however far."""
    return Reach(reach.radius_km, reach.most, reach.most)
