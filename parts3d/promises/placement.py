"""Where and when an order's prints go on a point's printers. Pure.

**Prints that are all alike** go one by one to the printer that would end them first: that takes
the k earliest ends there are, so nothing could end the last one sooner.

**Prints of several kinds** cannot be placed that way: the one that ends first now may stand in
the way of a longer one later, and a rule of thumb would answer a longer print with an earlier
ready time (Graham, "Bounds on multiprocessing timing anomalies", 1969). So *every* way to share
the prints out over the printers is looked at, in the order of the lines, and the one that is
bagged first is taken. The ways depend on how many prints and printers there are, never on how
long anything takes; each way's end never goes down when a moment or a duration goes up; hence
neither does their minimum, and the promise keeps its monotony.

A way is dropped early when another is nowhere later: no end of a print, no free bed. Where there
are too many ways, fewer are looked at, chosen without regard to times, so that all this still
holds: each need on some of its printers only, in turns; or lines that share a printer one after
another, each as a whole.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from math import comb, prod
from operator import le

from parts3d.points.hours import Stretch
from parts3d.promises.attendance import cleared_at, starts_at
from parts3d.promises.snapshot import Need, Placement, PointSnapshot

MOST_WAYS = 300
_NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Bench:
    """A printer that may take our prints.

    Args:
        printer_id: the printer's.
        free_at: when its bed is clear of all that stands before us; None: not until the horizon.
        durations: how long a print of each need takes there; None: it cannot make it.
        away: when it is out for maintenance.
    """

    printer_id: str
    free_at: datetime | None
    durations: tuple[timedelta | None, ...]
    away: tuple[Stretch, ...] = ()


# Ranks ways to place everything: when the last part is bagged; None is never.
BaggedAt = Callable[[Sequence[Placement]], datetime | None]


def place_all(
    point: PointSnapshot,
    needs: Sequence[Need],
    benches: Sequence[Bench],
    until: datetime,
    bagged_at: BaggedAt,
) -> list[Placement] | None:
    """Return every print with its printer and times, by end; None when they do not fit.

    Args:
        point: its hours and rules.
        needs: what is printed, in the order of the lines.
        benches: the printers that can make any of it.
        until: no print starts later.
        bagged_at: decides between ways.
    """
    if len(needs) == 1:
        return place_alike(point, benches, 0, needs[0].quantity, until)
    if ways_to_place(needs, benches) <= MOST_WAYS:
        return _best_way(point, needs, benches, until, bagged_at)
    ways = [
        _best_way(point, needs, _fewer_ways(needs, benches), until, bagged_at),
        _in_a_row(point, needs, benches, until),
    ]
    ranked = [
        (at, number, way)
        for number, way in enumerate(ways)
        if way is not None and (at := bagged_at(way)) is not None
    ]
    return min(ranked)[2] if ranked else None


def ways_to_place(needs: Sequence[Need], benches: Sequence[Bench]) -> int:
    """Return how many ways there are to share the prints out, whatever anything takes.

    ``k`` like prints on ``n`` printers: C(k + n - 1, n - 1) (stars and bars).
    """
    makers = [sum(bench.durations[index] is not None for bench in benches) for index in _of(needs)]
    return prod(
        comb(need.quantity + count - 1, count - 1) if count else 0
        for need, count in zip(needs, makers, strict=True)
    )


def place_alike(
    point: PointSnapshot,
    benches: Sequence[Bench],
    need: int,
    prints: int,
    until: datetime,
    *,
    not_before: datetime | None = None,
) -> list[Placement] | None:
    """Place like prints one by one where each ends first; ties go to the printer named first."""
    placements: list[Placement] = []
    ends: list[tuple[datetime, int, Placement]] = []

    def offer_next(index: int, free_at: datetime | None) -> None:
        placement = _print(point, benches[index], need, free_at, until)
        if placement is not None:
            heappush(ends, (placement.ends_at, index, placement))

    for index, bench in enumerate(benches):
        free_at = bench.free_at
        if free_at is not None and not_before is not None:
            free_at = max(free_at, not_before)
        offer_next(index, free_at)
    while len(placements) < prints:
        if not ends:
            return None
        ends_at, index, placement = heappop(ends)
        placements.append(placement)
        offer_next(index, cleared_at(point, ends_at))
    return placements


@dataclass(frozen=True, slots=True)
class _Way:
    """Some of the needs placed: when each bed is free again, and the prints by need.

    ``seconds`` holds the same moments in a row, to be compared: every bed, then the ends by need.
    """

    free: tuple[datetime, ...]
    prints: tuple[Placement, ...]
    seconds: tuple[float, ...]

    def is_nowhere_later(self, other: "_Way") -> bool:
        """Tell whether every bed is free and every print of each need ends no later."""
        return all(map(le, self.seconds, other.seconds))


# The prints that a bench would make one after another from a moment on, and its bed after each.
_Run = list[tuple[Placement, datetime]]


def _best_way(
    point: PointSnapshot,
    needs: Sequence[Need],
    benches: Sequence[Bench],
    until: datetime,
    bagged_at: BaggedAt,
) -> list[Placement] | None:
    known: dict[tuple[int, int, datetime], _Run] = {}

    def run(need: int, index: int, free_at: datetime) -> _Run:
        key = (need, index, free_at)
        if key not in known:
            known[key] = _run(point, benches[index], need, needs[need].quantity, free_at, until)
        return known[key]

    ways = [_Way(tuple(bench.free_at or _NEVER for bench in benches), (), ())]
    for need in _of(needs):
        further: list[_Way] = []
        for way in ways:
            runs = [run(need, index, free) for index, free in enumerate(way.free)]
            further += [
                _extended(way, runs, counts) for counts in _shares(needs[need].quantity, runs)
            ]
        ways = _worthwhile(further)
    ranked = []
    for number, way in enumerate(ways):
        placements = _by_end(way.prints)
        at = bagged_at(placements)
        if at is not None:
            ranked.append((at, number, placements))
    return min(ranked)[2] if ranked else None


def _run(
    point: PointSnapshot, bench: Bench, need: int, most: int, free_at: datetime, until: datetime
) -> _Run:
    found: _Run = []
    at: datetime | None = free_at
    while at is not None and at < _NEVER and len(found) < most:
        placement = _print(point, bench, need, at, until)
        if placement is None:
            break
        at = cleared_at(point, placement.ends_at)
        found.append((placement, at or _NEVER))
    return found


def _shares(prints: int, runs: Sequence[_Run]) -> list[tuple[int, ...]]:
    """Return every way to share like prints out over benches that can make so many each."""
    if len(runs) == 1:
        return [(prints,)] if prints <= len(runs[0]) else []
    return [
        (first, *rest)
        for first in range(min(prints, len(runs[0])) + 1)
        for rest in _shares(prints - first, runs[1:])
    ]


def _extended(way: _Way, runs: Sequence[_Run], counts: Sequence[int]) -> _Way:
    free = tuple(
        run[count - 1][1] if count else before
        for before, run, count in zip(way.free, runs, counts, strict=True)
    )
    made = _by_end([one for run, count in zip(runs, counts, strict=True) for one, _ in run[:count]])
    ends = way.seconds[len(free) :] + tuple(one.ends_at.timestamp() for one in made)
    return _Way(free, (*way.prints, *made), tuple(at.timestamp() for at in free) + ends)


def _worthwhile(ways: Sequence[_Way]) -> list[_Way]:
    """Return the ways than which no other is nowhere later; of equal ones the first."""
    kept: list[_Way] = []
    # By their sum, so that whatever is nowhere later than another comes before it.
    for way in sorted(ways, key=lambda way: sum(way.seconds)):
        if not any(other.is_nowhere_later(way) for other in kept):
            kept.append(way)
    return kept


def _fewer_ways(needs: Sequence[Need], benches: Sequence[Bench]) -> list[Bench]:
    """Let each need go to as many of its printers as can be looked at, another first for each."""
    for most in range(len(benches) - 1, 0, -1):
        allowed = [_in_turn(benches, need, most) for need in _of(needs)]
        fewer = [
            replace(
                bench,
                durations=tuple(
                    duration if index in allowed[need] else None
                    for need, duration in enumerate(bench.durations)
                ),
            )
            for index, bench in enumerate(benches)
        ]
        if ways_to_place(needs, fewer) <= MOST_WAYS:
            return fewer
    message = "One printer for each need is one way."
    raise AssertionError(message)


def _in_turn(benches: Sequence[Bench], need: int, most: int) -> set[int]:
    """Return the indices of up to ``most`` printers that can make a need."""
    able = [index for index, bench in enumerate(benches) if bench.durations[need] is not None]
    begin = need % len(able)
    return set([*able[begin:], *able[:begin]][:most])


def _in_a_row(
    point: PointSnapshot, needs: Sequence[Need], benches: Sequence[Bench], until: datetime
) -> list[Placement] | None:
    placed: list[Placement] = []
    done: list[datetime] = []
    for need in _of(needs):
        # Whoever shares a printer with an earlier need waits until that one is done everywhere.
        begin = max(
            (done[earlier] for earlier in range(need) if _share(benches, earlier, need)),
            default=None,
        )
        prints = place_alike(point, benches, need, needs[need].quantity, until, not_before=begin)
        if prints is None:
            return None
        placed += prints
        done.append(max(cleared_at(point, one.ends_at) or _NEVER for one in prints))
    return _by_end(placed)


def _share(benches: Sequence[Bench], one: int, another: int) -> bool:
    return any(
        bench.durations[one] is not None and bench.durations[another] is not None
        for bench in benches
    )


def _print(
    point: PointSnapshot,
    bench: Bench,
    need: int,
    free_at: datetime | None,
    until: datetime,
) -> Placement | None:
    duration = bench.durations[need]
    if free_at is None or free_at >= _NEVER or duration is None:
        return None
    start = starts_at(point, free_at, duration, until, bench.away)
    if start is None:
        return None
    return Placement(bench.printer_id, start, start + duration, need)


def _by_end(placements: Sequence[Placement]) -> list[Placement]:
    return sorted(placements, key=lambda one: (one.ends_at, one.need, one.starts_at))


def _of(needs: Sequence[Need]) -> range:
    return range(len(needs))
