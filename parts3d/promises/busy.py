"""What changes in a promise with how busy its point is. Pure.

Where printers are seldom taken, an order for today finds one whatever was promised for tomorrow.
Where they are taken most of the time, tomorrow's mornings are full of what was promised the night
before for the earliest minute, and nobody who orders then can be promised the same day, although
the work of the day would allow both. So the busier the point, the more room a promise for another
day leaves, nearly until that day's end, and where it is crowded until the next one's; and the more
an order may take from others, who have that room. And the dearer is a print that is made twice,
and a place there at all where another point has room: futures know no orders to come, which find
a printer less.

``load`` is the share of a point's staffed printer minutes that prints and beds took lately; prints
of the night count too, so it may pass 1. ``backlog_minutes`` is how long each of its printers would
print what waits there: where that is more than a morning, a second print only makes others wait.
"""

from dataclasses import replace

from parts3d.points.hours import Unattended
from parts3d.promises.futures.quote import WHOLE_DAY_MINUTES
from parts3d.promises.rule import Rule

QUIET, BUSY = 0.4, 0.65  # loads: below is none of it, above all
CROWDED = 0.85  # the load from which a promise for another day leaves a further day of room
FREE_ENOUGH = 0.4  # load up to which those in danger are left alone
HARM_WHERE_BUSY = 3.5  # of the limit where it is quiet
# What a print that is made twice takes from whoever comes next, in promises.
PRICE_OF_A_HEDGE, PRICE_OF_A_TWIN = 0.5, 0.01
PRICE_WHERE_MANY_WAIT = 0.03  # of a twin, on top: more than is allowed to be taken from others
A_MORNING, MANY_WAIT = 120.0, 360.0  # minutes of backlog: below none of it, above all
# Loads between which a place becomes scarce, the nights' printing counted as more room by day.
SCARCE_FROM, SCARCE = 0.7, 1.1
ROOM_BY_NIGHT = 1.2


def eased(rule: Rule, load: float) -> Rule:
    """Return a rule as it holds at a point of a load."""
    levels = replace(
        rule.levels,
        slack_minutes=slack_minutes(load),
        spare_endangered=spares_endangered(load),
    )
    return replace(rule, levels=levels, most_harm=harm_limit(load, rule.most_harm))


def slack_minutes(load: float) -> float:
    """Return by how many open minutes a promise for another day is later than it could be.

    Up to a whole day where it is busy, up to two where it is crowded.
    """
    return WHOLE_DAY_MINUTES * (_share(load) + _between(load, BUSY, CROWDED))


def harm_limit(load: float, quiet: float) -> float:
    """Return by how much others' chances to be late may grow, summed.

    Args:
        load: of the point.
        quiet: the limit at a quiet one.
    """
    return quiet * (1 + (HARM_WHERE_BUSY - 1) * _share(load))


def price_of_a_hedge(load: float) -> float:
    """Return how much of a promise a second print has to save more than where it is quiet."""
    return PRICE_OF_A_HEDGE * _share(load)


def price_of_a_twin(load: float, backlog_minutes: float) -> float:
    """Return what two prints at once count as harm to others, on top of what the futures tell."""
    many_wait = _between(backlog_minutes, A_MORNING, MANY_WAIT)
    return PRICE_OF_A_TWIN * _share(load) + PRICE_WHERE_MANY_WAIT * many_wait


def scarcity(load: float, unattended: Unattended) -> float:
    """Return how scarce a place at a point is, 0 to 1: what is left for those who have no other.

    Where prints may run into the night, the same load by the hours of the day leaves more room.
    """
    room = 1.0 if unattended == Unattended.NONE else ROOM_BY_NIGHT
    return _between(load / room, SCARCE_FROM, SCARCE)


def spares_endangered(load: float) -> bool:
    """Tell whether nobody who is in danger may be harmed: a near point has room as well."""
    return load < FREE_ENOUGH


def _share(load: float) -> float:
    return _between(load, QUIET, BUSY)


def _between(load: float, least: float, most: float) -> float:
    return min(max((load - least) / (most - least), 0.0), 1.0)
