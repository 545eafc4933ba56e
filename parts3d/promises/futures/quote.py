"""From the futures of a point to the minute that is promised there. Pure.

The new order's turn is decided by the minute it is promised for, as everybody's is (earliest due
date first; Jackson, 1955). Two ways are tried: behind all that stands there, and, when that is
not today, before what is promised for later days. A way counts only if it takes nobody's promise
away: the chances that the others are late may grow by so much in all, else the new promise is
moved behind theirs.

A promise for another day is given some slack, so that tomorrow's orders for tomorrow can go before
it: who waits for the next day anyway seldom minds the hour, who could have it today does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import inf

import numpy as np

from parts3d.promises.futures.harm import dues_by_part, harm_of
from parts3d.promises.futures.minutes import (
    EDGE,
    ROUND_MINUTES,
    closes_today,
    collectable,
    end_of_next_day,
    last_minute,
    last_minute_today,
)
from parts3d.promises.futures.printer_states import PRINTING
from parts3d.promises.futures.ready import Futures, Joined, Prints, join
from parts3d.promises.futures.scene import Scene
from parts3d.promises.futures.stretches import calendar_add

# Of slack: longer than shops are open, so until the end of the day.
WHOLE_DAY_MINUTES = 600.0
_MOST_TURNS = 8
_BEFORE_EVENING = 90.0
_LESS_THAN_REFUSED = 0.1  # harm that is better than no promise at all


@dataclass(frozen=True, slots=True)
class Levels:
    """How sure a promise is, by when it is for; prints of the night fail unseen.

    Args:
        same_day: for today.
        later: for another day.
        least_same_day: where ``same_day`` is not reached today, the last minute of today is
            promised if it is as sure as that; None: as sure as ``same_day``.
        least_with_twin: the same of two prints at once, where one is not sure enough.
        least_later: where ``later`` is not reached until the horizon, its last minute is promised
            if it is as sure as that, also where others lose a little by it; None: it has to be as
            sure as ``later``.
        by_evening: how sure it has to be by the end of the day that it is promised for: late by a
            night is worse than late by minutes; None: as sure as by its minute.
        slack_minutes: open minutes that a promise for another day is later than it could be: at
            most until the end of that day, or of the next one for what is more than
            ``WHOLE_DAY_MINUTES``.
        spare_endangered: whoever is in danger already may not be harmed at all: right where there
            are other printers near; where all are busy it closes a point after each failure.
    """

    same_day: float
    later: float
    least_same_day: float | None = None
    least_with_twin: float | None = None
    least_later: float | None = None
    by_evening: float | None = None
    slack_minutes: float = 0.0
    spare_endangered: bool = True

    def of_twins(self) -> "Levels":
        """Return how sure a promise by two prints at once has to be."""
        return replace(self, least_same_day=self.least_with_twin or self.least_same_day)


@dataclass(frozen=True, slots=True)
class Quoted:
    """A minute to promise, and what it was read from.

    Args:
        ready_at: in opening hours, on full five minutes.
        bagged_at: the quantile before it was rounded.
        level: the quantile's.
        urgency: minute at which the new prints' turn is.
        harm: by how much the chances of others to be late grow, summed.
        futures: of the point with the order.
        same_day: is it for today?
        slack: minutes by which ``ready_at`` is later than it had to be.
    """

    ready_at: float
    bagged_at: float
    level: float
    urgency: float
    harm: float
    futures: Futures
    same_day: bool
    slack: float = 0.0

    def chance_by(self, minute: float) -> float:
        """Return the share of the futures in which the order is ready by a minute."""
        return float(self.futures.weights[self.futures.all_new() <= minute + EDGE].sum())

    def spare_prints(self, prints: int) -> int:
        """Return how many tries beyond the ordered prints the promise still leaves time for."""
        in_time = (self.futures.all_new() <= self.bagged_at + EDGE) & (self.futures.weights > 0)
        return max(int(self.futures.tries[in_time].max(initial=0)) - prints, 0)


def quote(
    joined: Joined,
    levels: Levels,
    *,
    most_harm: float,
    standing: Futures | None = None,
) -> Quoted | None:
    """Return the earliest minute that can be promised for an order; None: none until the horizon.

    Args:
        joined: the point with the order's prints.
        levels: how sure.
        most_harm: by how much others' chances to be late may grow, summed.
        standing: the point's futures without the order, where they are known.
    """
    scene = joined.scene
    last = _read(scene, joined.run(), levels, inf)
    if not len(scene.group):
        return None if last is None else _with_slack(scene, last, levels)
    if standing is None:
        standing = join(scene).run()
    closes = closes_today(scene)
    if (last is None or not last.same_day) and closes > scene.now and _overtakes(scene, closes):
        first = _read(scene, joined.run(urgency=closes), levels, closes)
        if first is not None and first.same_day:
            harm = harm_of(
                scene, standing, first.futures, to_spare_the_endangered=levels.spare_endangered
            )
            if harm <= most_harm:
                return replace(first, harm=harm)
    if last is None:
        return None
    return _in_turn(joined, _with_slack(scene, last, levels), standing, most_harm, levels)


def _in_turn(
    joined: Joined, last: Quoted, standing: Futures, most_harm: float, levels: Levels
) -> Quoted | None:
    """Return a promise by which the order overtakes nobody at too much harm.

    Promised for earlier than others, it will be printed before them as far as they wait. Where
    that takes too much from them, it goes behind one more day of them, in the end behind all.
    """
    scene = joined.scene
    spare = levels.spare_endangered

    def harm(futures: Futures) -> float:
        return harm_of(scene, standing, futures, to_spare_the_endangered=spare)

    least: Quoted | None = None
    while _overtakes(scene, last.ready_at):
        after = joined.run(urgency=last.ready_at)
        found = replace(last, urgency=last.ready_at, harm=harm(after))
        if found.harm <= most_harm:
            return found
        if least is None or found.harm < least.harm:
            least = found
        behind = collectable(scene.opening, scene.last_due_waiting + ROUND_MINUTES)
        ready_at = min(behind, end_of_next_day(scene, last.ready_at))
        if ready_at > scene.until:
            # Refused, it would be one promise less for certain.
            is_worth_it = levels.least_later is not None and least.harm <= _LESS_THAN_REFUSED
            return least if is_worth_it else None
        same_day = ready_at < scene.today_ends
        last = replace(last, ready_at=ready_at, same_day=same_day, slack=0.0)
    return replace(last, harm=harm(last.futures))


def quote_rush(joined: Joined, levels: Levels, *, than: float, most_harm: float) -> Quoted | None:
    """Return the earliest minute for an order that is paid to go before what waits.

    Its turn is decided by the minute it is promised for, as everybody's is: a minute counts only
    if the order is ready by it when it is served by it, and as far as nobody's promise is taken
    away; else the order goes behind one more of those that wait.

    Args:
        joined: the point with the order's prints.
        levels: how sure.
        than: the minute without rush; only an earlier one is worth anything.
        most_harm: by how much others' chances to be late may grow, summed.

    Returns:
        None where no minute is earlier.
    """
    scene = joined.scene
    if not len(scene.group):
        return None
    standing = join(scene).run()
    dues = dues_by_part(scene)
    turn = scene.now
    for _ in range(_MOST_TURNS):
        found = _read(scene, joined.run(urgency=turn), levels, turn)
        if found is None or max(found.ready_at, turn) >= than:
            return None
        if found.ready_at > turn:
            turn = found.ready_at
            continue
        harm = harm_of(scene, standing, found.futures, to_spare_the_endangered=True)
        if harm <= most_harm:
            same_day = turn < scene.today_ends
            return replace(found, ready_at=turn, harm=harm, same_day=same_day)
        later = dues[np.isfinite(dues) & (dues >= turn)]
        if not len(later):
            return None
        turn = collectable(scene.opening, float(later.min()) + ROUND_MINUTES)
    return None


def glance(joined: Joined, levels: Levels) -> Quoted | None:
    """Return what could be promised behind all others, if it took nothing from them: cheap.

    For choosing the points that are worth a ``quote``: of few futures, if joined so.
    """
    return _read(joined.scene, joined.run(only_new=True), levels, inf)


def may_be_today(joined: Joined) -> bool:
    """Tell whether a print could be ready today if nothing but what runs stood before it."""
    scene = joined.scene
    closes = closes_today(scene)
    news = joined.minutes[len(scene.group) :]
    if closes <= scene.now or not len(news):
        return False
    free_at = scene.now + np.where(scene.printer_state == PRINTING, scene.printer_left, 0.0)
    return bool((free_at + news.min(axis=0)).min() < closes)


def _read(scene: Scene, futures: Futures, levels: Levels, urgency: float) -> Quoted | None:
    """Read the quantile for today; if that is not today, the one for later."""
    reached = futures.reached()
    bagged_at = reached.quantile(levels.same_day)
    ready_at = collectable(scene.opening, bagged_at)
    evening = levels.by_evening or 0.0
    if ready_at < scene.today_ends and reached.share(scene.today_ends) >= evening:
        return Quoted(ready_at, bagged_at, levels.same_day, urgency, 0.0, futures, same_day=True)
    if levels.least_same_day is not None:
        last = last_minute_today(scene)
        level = reached.share(last + EDGE)
        if level >= levels.least_same_day:
            return Quoted(last, last, level, urgency, 0.0, futures, same_day=True)
    bagged_at = reached.quantile(levels.later)
    # Surer than today's promise would have been, it may not be earlier.
    ready_at = collectable(scene.opening, max(bagged_at, scene.today_ends))
    if ready_at <= scene.until and reached.share(scene.day_ends(ready_at)) < evening:
        surer_at = reached.quantile(evening)
        surely = collectable(scene.opening, max(surer_at, scene.today_ends))
        # Where no evening is that sure, the minute alone decides: better than no promise.
        if surely <= scene.until or levels.least_later is not None:
            bagged_at, ready_at = surer_at, surely
    if ready_at <= scene.until:
        return Quoted(ready_at, bagged_at, levels.later, urgency, 0.0, futures, same_day=False)
    last = last_minute(scene, scene.until)
    level = reached.share(last + EDGE)
    if levels.least_later is None or level < levels.least_later or last < scene.today_ends:
        return None
    return Quoted(last, last, level, urgency, 0.0, futures, same_day=False)


def _with_slack(scene: Scene, quoted: Quoted, levels: Levels) -> Quoted:
    """Return a promise for another day with its slack, within the horizon.

    Slack ends some time before its day: who is overtaken until then is late by minutes.
    """
    if quoted.same_day or levels.slack_minutes <= 0:
        return quoted
    opens, closes = scene.opening
    slack = min(levels.slack_minutes, WHOLE_DAY_MINUTES)
    last = last_minute(scene, scene.day_ends(quoted.ready_at))
    eased = min(calendar_add(opens, closes, quoted.ready_at, slack), last)
    next_last = end_of_next_day(scene, eased)
    if levels.slack_minutes > slack and next_last < inf:
        last = next_last
        eased = min(calendar_add(opens, closes, eased, levels.slack_minutes - slack), last)
    last = last_minute(scene, min(scene.day_ends(last), scene.until))
    eased = collectable(scene.opening, min(eased, last - _BEFORE_EVENING))
    if eased <= quoted.ready_at or eased > scene.until:
        return quoted
    return replace(quoted, ready_at=eased, slack=eased - quoted.ready_at)


def _overtakes(scene: Scene, due: float) -> bool:
    """Tell whether anything that waits is promised for later than that."""
    return scene.last_due_waiting > due


def doubled(new: Prints, printers: Sequence[int]) -> Prints:
    """Return prints of which each is made twice, at once where the point allows it.

    Args:
        new: as ordered.
        printers: for each print, the printer that its twin keeps to; -1 for any.
    """
    return Prints(
        [*new.times, *new.times],
        [*new.homes, *printers],
        [*new.parts, *new.parts],
        [*new.materials, *new.materials],
        [*new.copies, *new.copies],
    )
