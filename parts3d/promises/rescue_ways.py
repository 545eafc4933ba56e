"""The moves that may save a promise, and what would come of each. Pure.

Each is tried on the same futures as if it were made (common random numbers, so that two moves
differ by their effect and not by luck): on few of them first, and on all only where it then seems
to help.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np

from parts3d.points.calendar import minutes_of
from parts3d.promises.committed import Committed, CommittedState, MoveKind
from parts3d.promises.futures.harm import A_NIGHT, harm_of
from parts3d.promises.futures.printer_states import DOWN, IDLE, PRINTING
from parts3d.promises.futures.ready import FEW_SAMPLES, SAMPLES, Futures, Joined, Prints, join
from parts3d.promises.futures.scene import Scene, times_at
from parts3d.promises.snapshot import PointSnapshot

_Samples = tuple[int, int, int]

_LOOKED_AT_CLOSELY = 2  # of each kind, on all futures
_SEEMS = 0.25  # of the least gain, on few futures
_SOON_MIN = 30.0  # a second print begins on a printer that is free by then, or is of no use
_NOT_SOON = 1e5
_A_WAITING_PRINT_MIN = 60.0


@dataclass(frozen=True, slots=True)
class Danger:
    """The chances that a part is ready after the promise, and after the night that follows it."""

    late: float
    by_a_night: float

    @property
    def total(self) -> float:
        """What a move may save."""
        return self.late + A_NIGHT * self.by_a_night


@dataclass(slots=True)
class Standing:
    """Points as they stand with the moves made so far; their futures are run once.

    Args:
        points: by id.
        scenes: the same points, by id.
    """

    points: dict[str, PointSnapshot]
    scenes: dict[str, Scene]
    _futures: dict[tuple[str, _Samples], Futures] = field(default_factory=dict)

    def futures(self, point: str, samples: _Samples = SAMPLES) -> Futures:
        """Return what may come of a point if nothing is done."""
        known = self._futures.get((point, samples))
        if known is None:
            known = join(self.scenes[point], samples=samples).run()
            self._futures[point, samples] = known
        return known

    def take(self, point: str, scene: Scene) -> None:
        """Go on with a point as it stands after a move."""
        self.scenes[point] = scene
        for samples in (SAMPLES, FEW_SAMPLES):
            self._futures.pop((point, samples), None)


@dataclass(frozen=True, slots=True)
class Way:
    """A move that may be made for one print.

    Args:
        kind: of the move.
        point: where the print would be.
        printer: the one it is meant for.
        scene: of that point afterwards.
        joined: that point with what is new there.
        part: the number of the part in it.
        urgency: the minute that decides the turn of what is new.
    """

    kind: MoveKind
    point: str
    printer: str
    scene: Scene
    joined: Joined
    part: int
    urgency: float = inf


@dataclass(frozen=True, slots=True)
class Tried:
    """What comes of a move: the danger that is left, and what it takes from others."""

    way: Way
    danger: Danger
    harm: float
    futures: Futures


def danger_of(scene: Scene, futures: Futures, part: int, due: float) -> Danger:
    """Return how much in danger a part is that is promised for a minute."""
    night = scene.day_ends(max(due, scene.now))
    return Danger(futures.late(part, due), futures.late(part, night))


def worth_it(
    ways: Sequence[Way],
    one: Committed,
    part: int,
    standing: Standing,
    *,
    least: float,
    share: float,
) -> list[Tried]:
    """Return the moves that save at least so much, and clearly more than they cost others.

    Args:
        ways: of one kind.
        one: the print in danger.
        part: its number at its point.
        standing: the points.
        least: of the danger, that a move has to save.
        share: of what a move saves, that it may cost others.
    """
    due = minutes_of(one.promised_at)

    def tried(samples: _Samples, some: Sequence[Way]) -> tuple[float, list[Tried]]:
        before = standing.futures(one.point_id, samples)
        danger = danger_of(standing.scenes[one.point_id], before, part, due)
        return danger.total, [_try(way, due, standing, samples) for way in some]

    if len(ways) > 1:
        in_danger, looks = tried(FEW_SAMPLES, ways)
        ways = [
            look.way
            for look in sorted(looks, key=lambda look: look.danger.total + look.harm)
            if (gain := in_danger - look.danger.total) >= _SEEMS * least and look.harm <= gain
        ][:_LOOKED_AT_CLOSELY]
    in_danger, found = tried(SAMPLES, ways)
    return [
        move
        for move in found
        if (gain := in_danger - move.danger.total) >= least and move.harm <= share * gain
    ]


def _try(way: Way, due: float, standing: Standing, samples: _Samples) -> Tried:
    after = way.joined.with_samples(samples).run(urgency=way.urgency)
    harm = harm_of(standing.scenes[way.point], standing.futures(way.point, samples), after)
    return Tried(way, danger_of(way.scene, after, way.part, due), harm, after)


def other_printers(one: Committed, job: int, standing: Standing) -> Iterator[Way]:
    """Yield the other printers of the point for a print that waits, unless they share a queue."""
    scene, here = standing.scenes[one.point_id], standing.points[one.point_id]
    if one.state is not CommittedState.WAITING or scene.shared_queue:
        return
    for index in np.isfinite(scene.minutes[job]).nonzero()[0].tolist():
        if index != scene.home[job]:
            home = scene.home.copy()
            home[job] = index
            moved = replace(scene, home=home)
            part = int(scene.group[job])
            printer = here.printers[index].id
            yield Way(MoveKind.OTHER_PRINTER, here.id, printer, moved, join(moved), part)


def hedges(one: Committed, job: int, standing: Standing) -> Iterator[Way]:
    """Yield the printers of the point that could soon begin a second print of the same part."""
    scene, here = standing.scenes[one.point_id], standing.points[one.point_id]
    times = times_at(one.need, here)
    part = int(scene.group[job])
    runs_on = -1 if one.state is CommittedState.WAITING else int(scene.home[job])
    for index, time in enumerate(times):
        if time is None or index == runs_on or _free_in(scene, index) > _SOON_MIN:
            continue
        again = Prints([times], [index], [-1 - part], [one.need.material], [one.need.copies])
        urgency = float(scene.urgency[job]) + 0.5
        printer = here.printers[index].id
        yield Way(MoveKind.HEDGE, here.id, printer, scene, join(scene, again), part, urgency)


def _free_in(scene: Scene, printer: int) -> float:
    """Return about how many minutes a printer is not free for yet; out of order: not soon."""
    state, left = int(scene.printer_state[printer]), float(scene.printer_left[printer])
    waits = _A_WAITING_PRINT_MIN * int((scene.home == printer).sum())
    return waits + {IDLE: 0.0, PRINTING: left, DOWN: _NOT_SOON}.get(state, 0.0)


def other_points(one: Committed, standing: Standing) -> Iterator[Way]:
    """Yield the points where the print could be made instead."""
    if one.state is CommittedState.PRINTED:
        return
    for point in standing.points.values():
        times = times_at(one.need, point)
        if point.id == one.point_id or all(time is None for time in times):
            continue
        scene = standing.scenes[point.id]
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
        joined = join(scene, new)
        yield Way(
            MoveKind.OTHER_POINT,
            point.id,
            point.printers[home].id,
            scene,
            joined,
            joined.standing,
            minutes_of(one.promised_at),
        )
