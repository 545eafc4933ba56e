"""Planning by the rule that keeps what is stated: by point, as promises were kept. Pure."""

from collections.abc import Sequence
from datetime import datetime

from parts3d.promises.learning.misses import planned_level
from parts3d.promises.promising import plan_promises
from parts3d.promises.rule import Rule, rule_for
from parts3d.promises.snapshot import Needs, Offer, PointSnapshot, Refusal

# Levels this close are one: the quantile of some hundred futures wobbles by as much.
_DIGITS = 4


def rule_at(point: PointSnapshot, target: float) -> Rule:
    """Return the rule to plan a point by, so that a share ``target`` of its promises is kept."""
    if point.misses == 1:
        return rule_for(target)
    return rule_for(round(planned_level(target, point.misses), _DIGITS))


def plan_to_keep(
    now: datetime, wanted: Needs, points: Sequence[PointSnapshot], *, target: float
) -> list[Offer | Refusal]:
    """Plan each point by its own rule; one plan for all points of the same rule."""
    by_rule: dict[Rule, list[PointSnapshot]] = {}
    for point in points:
        by_rule.setdefault(rule_at(point, target), []).append(point)
    found: dict[str, Offer | Refusal] = {}
    for rule, some in by_rule.items():
        for one in plan_promises(now, wanted, some, rule=rule):
            found[one.point_id] = one
    return [found[point.id] for point in points]
