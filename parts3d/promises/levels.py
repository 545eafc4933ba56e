"""Planning at the level that keeps what is stated: by point, as promises were kept. Pure."""

from collections.abc import Sequence
from datetime import datetime

from parts3d.promises.learning.misses import planned_level
from parts3d.promises.promising import plan_promises
from parts3d.promises.snapshot import Needs, Offer, PointSnapshot, Refusal

# Levels this close are one: the quantile of some hundred futures wobbles by as much.
_DIGITS = 4


def level_at(point: PointSnapshot, target: float) -> float:
    """Return the level to plan a point with, so that a share ``target`` of its promises is kept."""
    return target if point.misses == 1 else round(planned_level(target, point.misses), _DIGITS)


def plan_to_keep(
    now: datetime, wanted: Needs, points: Sequence[PointSnapshot], *, target: float
) -> list[Offer | Refusal]:
    """Plan each point at its own level; one plan for all points of the same level."""
    by_level: dict[float, list[PointSnapshot]] = {}
    for point in points:
        by_level.setdefault(level_at(point, target), []).append(point)
    found: dict[str, Offer | Refusal] = {}
    for level, some in by_level.items():
        for one in plan_promises(now, wanted, some, quantile=level):
            found[one.point_id] = one
    return [found[point.id] for point in points]
