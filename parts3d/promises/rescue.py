"""What can still be saved: promises at risk, and the moves that help. Pure.

A promise is at risk when the chance that it is late has grown beyond ``RISK``. Late by a night is
worse than late by minutes: closing time is a cliff, and what is late already may still be saved
from it. So what a move saves is the chance to be late and that to be late by a night, added. For
each promise, the most urgent first, the moves are tried from the mildest to the boldest, each on
the same futures as if it were made (common random numbers, so that two moves differ by their
effect and not by luck):

1. another printer of the point takes the waiting print;
2. a hedge: a second print of the same part at once, whichever passes first serves;
3. another point, which the customer has to agree to;
4. nothing keeps the promise: the customer is told before the time, with the time that can be held.

A move has to save clearly more than it costs others at the same point. Moves already decided are
in the futures of the next one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from parts3d.points.calendar import minutes_of, moment_of
from parts3d.promises.committed import Committed, CommittedState, Move, MoveKind
from parts3d.promises.futures.harm import A_NIGHT, harm_of
from parts3d.promises.futures.quote import collectable
from parts3d.promises.futures.ready import Futures, Prints, run, weighted_quantile
from parts3d.promises.futures.scene import Scene, scene_of, times_at
from parts3d.promises.snapshot import PointSnapshot

__all__ = ["Committed", "CommittedState", "Move", "MoveKind", "at_risk", "rescue"]

RISK = 0.06
HORIZON = timedelta(days=14)
_LEAST_GAIN = 0.04  # of the chance to be kept: a second print or another printer is worth that
_LEAST_GAIN_ELSEWHERE = 0.25  # a customer is not asked for less
_MOST_HARM_OF_GAIN = 0.5
_HEDGES_TRIED = 2  # printers, those that are free first
_IDLE, _PRINTING, _DOWN = 0, 1, 3  # as in ``futures.loop``
_NOT_SOON = 1e5
LOST = 0.5  # from this chance to be late on, whatever is done, the customer is told


@dataclass(frozen=True, slots=True)
class _Danger:
    """The chances that a part is ready after the promise, and after the night that follows it."""

    late: float
    by_a_night: float

    @property
    def total(self) -> float:
        """What a move may save."""
        return self.late + A_NIGHT * self.by_a_night


@dataclass(frozen=True, slots=True)
class _Option:
    """A move that is looked at."""

    kind: MoveKind
    point: str
    printer: str
    danger: _Danger
    ready: float
    scene: Scene  # of the point that gets the print, with it
    harm: float = 0.0


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
    by_id = {point.id: point for point in points}
    scenes = {point.id: scene_of(now, point, now + horizon) for point in points}
    standing: dict[str, Futures] = {}
    moves: list[Move] = []
    covered: set[str] = set()
    hedged = {one.hedge_of or "" for one in committed}
    for one in sorted(committed, key=lambda one: (one.promised_at, one.job_id)):
        scene = scenes.get(one.point_id)
        job = None if scene is None else _row_of(scene, one.job_id)
        if scene is None or job is None or (one.hedge_of or one.job_id) in covered:
            continue
        if one.point_id not in standing:
            standing[one.point_id] = run(scene)
        before = standing[one.point_id]
        part = int(scene.group[job])
        due = minutes_of(one.promised_at)
        danger = _danger(scene, before, part, due)
        if danger.total <= risk:
            continue
        covered.add(one.hedge_of or one.job_id)
        ready = collectable(scene.opening, _quantile(before, part, quantile))
        may_hedge = one.may_hedge and one.job_id not in hedged and one.hedge_of is None
        options = _options(one, job, scene, standing, by_id, scenes, quantile, may_hedge=may_hedge)
        chosen = _chosen(options, danger)
        if chosen is not None:
            scenes[chosen.point] = chosen.scene
            standing.pop(chosen.point, None)
            after = (chosen.danger.late, chosen.ready)
            moves.append(
                _move(one, chosen.kind, chosen.point, chosen.printer, (danger.late, ready), after)
            )
        if min(danger.late, 1.0 if chosen is None else chosen.danger.late) >= LOST:
            lost = (danger.late, ready) if chosen is None else after
            moves.append(_move(one, MoveKind.TELL, one.point_id, "", lost, lost))
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
        danger = _danger(scene, futures, int(scene.group[job]), minutes_of(one.promised_at))
        if danger.total > risk:
            found.append((one, danger.late))
    return found


def _options(
    one: Committed,
    job: int,
    scene: Scene,
    standing: dict[str, Futures],
    points: dict[str, PointSnapshot],
    scenes: dict[str, Scene],
    quantile: float,
    *,
    may_hedge: bool,
) -> list[_Option]:
    part = int(scene.group[job])
    due = minutes_of(one.promised_at)
    here, before = points[one.point_id], standing[one.point_id]
    found: list[_Option] = []
    able = [index for index in range(len(here.printers)) if np.isfinite(scene.minutes[job, index])]
    if one.state is CommittedState.WAITING and not scene.shared_queue:
        for index in able:
            if index != scene.home[job]:
                home = scene.home.copy()
                home[job] = index
                moved = replace(scene, home=home)
                after = run(moved)
                found.append(
                    _Option(
                        MoveKind.OTHER_PRINTER,
                        here.id,
                        here.printers[index].id,
                        _danger(scene, after, part, due),
                        collectable(scene.opening, _quantile(after, part, quantile)),
                        moved,
                        harm_of(scene, before, after),
                    )
                )
    times = times_at(one.need, here)
    if may_hedge:
        runs_on = -1 if one.state is CommittedState.WAITING else int(scene.home[job])
        others = [
            index for index, time in enumerate(times) if time is not None and index != runs_on
        ]
        for index in sorted(others, key=lambda index: _free_in(scene, index))[:_HEDGES_TRIED]:
            hedge = Prints([times], [index], [-1 - part], [one.need.material], [one.need.copies])
            urgency = float(scene.urgency[job]) + 0.5
            after = run(scene, hedge, urgency=urgency)
            found.append(
                _Option(
                    MoveKind.HEDGE,
                    here.id,
                    here.printers[index].id,
                    _danger(scene, after, part, due),
                    collectable(scene.opening, _quantile(after, part, quantile)),
                    scene,
                    harm_of(scene, before, after),
                )
            )
    if one.may_leave and one.state is not CommittedState.PRINTED:
        found += _elsewhere(one, due, points, scenes, standing, quantile)
    return found


def _free_in(scene: Scene, printer: int) -> float:
    """Return about how many minutes a printer is not free for yet; those out of order come last."""
    state, left = int(scene.printer_state[printer]), float(scene.printer_left[printer])
    waits = 60.0 * int((scene.home == printer).sum())
    return waits + {_IDLE: 0.0, _PRINTING: left, _DOWN: _NOT_SOON}.get(state, 0.0)


def _elsewhere(
    one: Committed,
    due: float,
    points: dict[str, PointSnapshot],
    scenes: dict[str, Scene],
    standing: dict[str, Futures],
    quantile: float,
) -> list[_Option]:
    """Return the moves to other points; their futures without the print are run once for all."""
    found: list[_Option] = []
    for point in points.values():
        times = times_at(one.need, point)
        if point.id == one.point_id or all(time is None for time in times):
            continue
        scene = scenes[point.id]
        home = min(
            (index for index, time in enumerate(times) if time is not None),
            key=lambda index: (scene.printer_state[index], int((scene.home == index).sum())),
        )
        new = Prints(
            [times],
            [-1 if scene.shared_queue else home],
            [0],
            [one.need.material],
            [one.need.copies],
        )
        after = run(scene, new, urgency=due)
        part = after.standing
        if point.id not in standing:
            standing[point.id] = run(scene)
        found.append(
            _Option(
                MoveKind.OTHER_POINT,
                point.id,
                point.printers[home].id,
                _danger(scene, after, part, due),
                collectable(scene.opening, _quantile(after, part, quantile)),
                scene,
                harm_of(scene, standing[point.id], after),
            )
        )
    return found


def _danger(scene: Scene, futures: Futures, part: int, due: float) -> _Danger:
    night = scene.day_ends(max(due, scene.now))
    return _Danger(futures.late(part, due), futures.late(part, night))


def _chosen(options: Sequence[_Option], danger: _Danger) -> _Option | None:
    """Return the mildest kind that gains enough, the best of its kind; ties as they came."""
    for kind in (MoveKind.OTHER_PRINTER, MoveKind.HEDGE, MoveKind.OTHER_POINT):
        least = _LEAST_GAIN_ELSEWHERE if kind is MoveKind.OTHER_POINT else _LEAST_GAIN
        worth = [
            one
            for one in options
            if one.kind is kind
            and danger.total - one.danger.total >= least
            and one.harm <= _MOST_HARM_OF_GAIN * (danger.total - one.danger.total)
        ]
        if worth:
            return min(worth, key=lambda one: one.danger.total + one.harm)
    return None


def _move(
    one: Committed,
    kind: MoveKind,
    point: str,
    printer: str,
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
        point,
        printer,
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


def _quantile(futures: Futures, part: int, level: float) -> float:
    return weighted_quantile(futures.ready[:, part], futures.weights, level)


def _moment(minute: float) -> datetime | None:
    return moment_of(minute) if np.isfinite(minute) else None
