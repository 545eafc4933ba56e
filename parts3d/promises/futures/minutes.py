"""Minutes at which something may be collected: full five minutes, in opening hours. Pure."""

from math import ceil, inf

from parts3d.promises.futures.print_tables import Floats
from parts3d.promises.futures.scene import Scene

ROUND_MINUTES = 5
EDGE = 1e-6  # minutes that are none


def collectable(opening: Floats, minute: float) -> float:
    """Round up to five minutes and on to opening hours, until both hold; may be ``inf``."""
    at = _rounded_up(minute)
    opens, closes = opening
    for begin, end in zip(opens.tolist(), closes.tolist(), strict=True):
        if end > at:
            at = _rounded_up(max(at, begin))
            if at < end:
                return at
    return inf


def last_minute(scene: Scene, until: float) -> float:
    """Return the last full five minutes before the last closing until then; ``-inf`` for none."""
    opens, closes = scene.opening
    before = closes[opens < until]
    if not len(before):
        return -inf
    last = ROUND_MINUTES * ceil((min(before[-1], until) - EDGE) / ROUND_MINUTES - 1)
    return float(last) if last > scene.now else -inf


def last_minute_today(scene: Scene) -> float:
    """Return the last full five minutes before today's closing; ``-inf`` when it has passed."""
    return last_minute(scene, scene.today_ends)


def end_of_next_day(scene: Scene, minute: float) -> float:
    """Return the last minute of the next day on which the point opens; ``inf`` for none."""
    opens = scene.opening[0]
    after = opens[opens >= scene.day_ends(minute)]
    return last_minute(scene, scene.day_ends(float(after[0]))) if len(after) else inf


def closes_today(scene: Scene) -> float:
    """Return when the point closes for the day, midnight at most; ``-inf`` when it has."""
    opens, closes = scene.opening
    today = closes[opens < scene.today_ends]
    return float(min(today[-1], scene.today_ends)) if len(today) else -inf


def _rounded_up(minute: float) -> float:
    if minute == inf:
        return inf
    return ROUND_MINUTES * float(ceil((minute - EDGE) / ROUND_MINUTES))
