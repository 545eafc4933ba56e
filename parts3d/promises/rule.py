"""How sure a promise is when it is made, and what it may take from others: the one rule. Pure.

The server (``levels``) and policy ``ours`` of the simulator both read it here, so that what was
measured is what runs. It was found by simulation: promises planned so are kept at the level it is
named after (docs/promise.md). The futures hold fewer hazards than the world, and later orders take
printers that an earlier one counts on; so it plans surer than it aims at.
"""

from dataclasses import dataclass, replace

from parts3d.promises.futures.quote import Levels

# Some hundred futures cannot tell what is surer than this.
_SUREST = 0.9995


@dataclass(frozen=True, slots=True)
class Rule:
    """What a promise is planned by.

    Args:
        aim: the share of promises that are to be kept.
        levels: the quantiles that are read from the futures for it.
        most_harm: by how much the others' chances to be late may grow, summed, those to be late by
            a night counted three times.
    """

    aim: float
    levels: Levels
    most_harm: float


MEASURED = Rule(
    0.99,
    Levels(0.9985, 0.993, least_same_day=0.998, least_with_twin=0.988, by_evening=0.999),
    most_harm=0.008,
)


def rule_for(aim: float) -> Rule:
    """Return the rule that keeps a share ``aim`` (between 0 and 1) of what is promised by it.

    As measured for 99 %; for another aim all that may go wrong is in proportion.
    """
    if aim == MEASURED.aim:
        return MEASURED
    more = (1 - aim) / (1 - MEASURED.aim)

    def level(measured: float) -> float:
        return min(1 - more * (1 - measured), _SUREST)

    def perhaps(measured: float | None) -> float | None:
        return None if measured is None else level(measured)

    levels = MEASURED.levels
    return Rule(
        aim,
        replace(
            levels,
            same_day=level(levels.same_day),
            later=level(levels.later),
            least_same_day=perhaps(levels.least_same_day),
            least_with_twin=perhaps(levels.least_with_twin),
            by_evening=perhaps(levels.by_evening),
        ),
        min(more * MEASURED.most_harm, 1.0),
    )


def plain_rule(level: float, *, most_harm: float = MEASURED.most_harm) -> Rule:
    """Return the rule that plans with the very level it aims at, whatever day it is for."""
    return Rule(level, Levels(level, level), most_harm)
