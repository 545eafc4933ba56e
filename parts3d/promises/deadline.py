"""Until when an offer stands: the last minute at which the same ready time is still promised.

Pure. The plan never gets earlier when asked later, so the moment can be found by halving.
"""

from datetime import datetime, timedelta

from parts3d.promises.promising import plan_promises
from parts3d.promises.rule import Rule
from parts3d.promises.snapshot import Needs, Offer, PointSnapshot

_FURTHEST_MINUTES = 24 * 60


def order_by(
    now: datetime, wanted: Needs, point: PointSnapshot, offer: Offer, *, rule: Rule
) -> datetime:
    """Return the latest full minute from ``now`` on at which ``offer`` would still be made.

    The point is taken as it is now; an order of somebody else may come first. Looks at most a
    day ahead.

    Args:
        now: when the offer was computed.
        wanted: what is to be printed.
        point: as the offer was computed from.
        offer: of ``plan``.
        rule: as the offer was computed with.
    """

    def stands(minutes: int) -> bool:
        [later] = plan_promises(now + timedelta(minutes=minutes), wanted, [point], rule=rule)
        return isinstance(later, Offer) and later.ready_at <= offer.ready_at

    stands_at, ends_by = 0, 1
    while ends_by <= _FURTHEST_MINUTES and stands(ends_by):
        stands_at, ends_by = ends_by, ends_by * 2
    while ends_by - stands_at > 1:
        middle = (stands_at + ends_by) // 2
        if middle <= _FURTHEST_MINUTES and stands(middle):
            stands_at = middle
        else:
            ends_by = middle
    return now + timedelta(minutes=stands_at)
