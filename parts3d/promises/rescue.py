"""What can still be saved: promises at risk, and the moves that help. Pure.

A promise is at risk when the chance that it is late has grown beyond ``RISK``. Late by a night is
worse than late by minutes: closing time is a cliff, and what is late already may still be saved
from it. So what a move saves is the chance to be late and, twice more, that to be late by a
night. For each promise, the most urgent first, the moves are tried from the mildest to the
boldest, each on the same futures as if it were made (``rescue_ways``):

1. another printer of the point takes the waiting print;
2. a hedge: a second print of the same part at once, whichever passes first serves;
3. another point, which the customer has to agree to;
4. nothing keeps the promise: the customer is told before the time, with the time that can be held.

A move has to save clearly more than it costs others at the same point. Another printer that was
decided on is in the futures of the next promise; a second print is not yet: it takes its printer
once its job stands in the queue.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from parts3d.points.calendar import minutes_of, moment_of
from parts3d.promises.busy import price_of_a_hedge
from parts3d.promises.committed import Committed, CommittedState, Move, MoveKind
from parts3d.promises.futures.minutes import collectable
from parts3d.promises.futures.ready import Futures, run, weighted_quantile
from parts3d.promises.futures.scene import Scene, scene_of
from parts3d.promises.rescue_ways import (
    Standing,
    Tried,
    Way,
    danger_of,
    hedges,
    other_points,
    other_printers,
    worth_it,
)
from parts3d.promises.snapshot import PointSnapshot

__all__ = ["Committed", "CommittedState", "Move", "MoveKind", "at_risk", "rescue"]

RISK = 0.06
HORIZON = timedelta(days=14)
LOST = 0.5  # from this chance to be late on, whatever is done, the customer is told
_LEAST_GAIN = 0.04  # of the chance to be kept: a second print or another printer is worth that
_LEAST_GAIN_ELSEWHERE = 0.25  # a customer is not asked for less
_MOST_HARM_OF_GAIN = 0.5


def rescue(
    now: datetime,
    points: Sequence[PointSnapshot],
    committed: Sequence[Committed],
    *,
    quantile: float,
    risk: float = RISK,
    horizon: timedelta = HORIZON,
) -> list[Move]:
    """Return what to do for promises at risk, the most urgent first; nothing for the others.

    Args:
        now: aware; the moment of the snapshots.
        points: where the prints are, and where they may go: near points of the same customers.
        committed: prints that are promised and not ready; others are left alone.
        quantile: with which the ready times of moves are stated.
        risk: above this chance to be late something is done.
        horizon: how far is looked ahead.
    """
    points_by_id = {point.id: point for point in points}
    scenes = {point.id: scene_of(now, point, now + horizon) for point in points}
    standing = Standing(points_by_id, scenes)
    moves: list[Move] = []
    covered: set[str] = set()
    hedged = {one.hedge_of or "" for one in committed}
    for one in sorted(committed, key=lambda one: (one.promised_at, one.job_id)):
        scene = scenes.get(one.point_id)
        job = None if scene is None else _row_of(scene, one.job_id)
        if scene is None or job is None or (one.hedge_of or one.job_id) in covered:
            continue
        before = standing.futures(one.point_id)
        part = int(scene.group[job])
        danger = danger_of(scene, before, part, minutes_of(one.promised_at))
        if danger.total <= risk:
            continue
        covered.add(one.hedge_of or one.job_id)
        may_hedge = one.may_hedge and one.job_id not in hedged and one.hedge_of is None
        chosen = _best(one, job, standing, may_hedge=may_hedge)
        ready = _ready(scene, before, part, quantile)
        after, ready_after = danger, ready
        if chosen is not None:
            way = chosen.way
            standing.take(way.point, way.scene)
            after = chosen.danger
            ready_after = _ready(way.scene, chosen.futures, way.part, quantile)
            moves.append(_move(one, way.kind, way, (danger.late, ready), (after.late, ready_after)))
        if min(danger.late, after.late) >= LOST:
            lost = (after.late, ready_after)
            moves.append(_move(one, MoveKind.TELL, None, lost, lost))
    return moves


def at_risk(
    now: datetime,
    point: PointSnapshot,
    committed: Sequence[Committed],
    *,
    risk: float = RISK,
    horizon: timedelta = HORIZON,
) -> list[tuple[Committed, float]]:
    """Return the prints of a point whose promise is at risk, and their chance to be late.

    The most urgent first; of several prints for one part the first.
    """
    scene = scene_of(now, point, now + horizon)
    futures = run(scene)
    found: list[tuple[Committed, float]] = []
    parts: set[int] = set()
    for one in sorted(committed, key=lambda one: (one.promised_at, one.job_id)):
        job = _row_of(scene, one.job_id)
        if one.point_id != point.id or job is None or int(scene.group[job]) in parts:
            continue
        parts.add(int(scene.group[job]))
        danger = danger_of(scene, futures, int(scene.group[job]), minutes_of(one.promised_at))
        if danger.total > risk:
            found.append((one, danger.late))
    return found


def _best(one: Committed, job: int, standing: Standing, *, may_hedge: bool) -> Tried | None:
    """Return the best move of the mildest kind that gains enough; ties as they came."""
    part = int(standing.scenes[one.point_id].group[job])

    def kinds() -> Iterator[tuple[Iterator[Way], float]]:
        yield other_printers(one, job, standing), _LEAST_GAIN
        if may_hedge:
            price = price_of_a_hedge(standing.points[one.point_id].load)
            yield hedges(one, job, standing), _LEAST_GAIN + price
        if one.may_leave:
            yield other_points(one, standing), _LEAST_GAIN_ELSEWHERE

    for ways, least in kinds():
        worth = worth_it(list(ways), one, part, standing, least=least, share=_MOST_HARM_OF_GAIN)
        if worth:
            return min(worth, key=lambda move: move.danger.total + move.harm)
    return None


def _move(
    one: Committed,
    kind: MoveKind,
    way: Way | None,
    before: tuple[float, float],
    after: tuple[float, float],
) -> Move:
    kept_before, kept_after = 1 - before[0], 1 - after[0]
    return Move(
        kind,
        one.job_id,
        one.order_id,
        one.point_id,
        one.printer_id,
        one.point_id if way is None else way.point,
        "" if way is None else way.printer,
        _moment(before[1]),
        _moment(after[1]),
        kept_before,
        kept_after,
        {
            "code": "at_risk",
            "move": kind.value,
            "promised_at": one.promised_at.isoformat(),
            "kept_before": round(kept_before, 4),
            "kept_after": round(kept_after, 4),
        },
    )


def _row_of(scene: Scene, job_id: str) -> int | None:
    for index, job in enumerate(scene.jobs):
        if job is not None and job.job_id == job_id:
            return index
    return None


def _ready(scene: Scene, futures: Futures, part: int, level: float) -> float:
    """Return the minute at which a part may be collected with that probability."""
    ready = weighted_quantile(futures.ready[:, part], futures.weights, level)
    return collectable(scene.opening, ready)


def _moment(minute: float) -> datetime | None:
    return moment_of(minute) if np.isfinite(minute) else None
