"""How much later than it could be a promise for another day is, by how busy its point is. Pure.

Where printers are seldom taken, an order for today finds one whatever was promised for tomorrow.
Where they are taken most of the time, tomorrow's mornings are full of what was promised the night
before for the earliest minute, and nobody who orders then can be promised the same day, although
the work of the day would allow both. So the busier the point, the more room a promise for another
day leaves; at most until that day's end.
"""

NO_SLACK_BELOW = 0.25  # share of staffed printer minutes that is taken
FULL_SLACK_FROM = 0.65
MOST_MINUTES = 600.0  # longer than shops are open: the end of the day


def slack_minutes(load: float) -> float:
    """Return the open minutes of slack at a point.

    Args:
        load: share of its staffed printer minutes that prints and beds took lately; prints of the
            night count too, so it may pass 1.
    """
    share = (load - NO_SLACK_BELOW) / (FULL_SLACK_FROM - NO_SLACK_BELOW)
    return MOST_MINUTES * min(max(share, 0.0), 1.0)
