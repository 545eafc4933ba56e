"""How fast promises are: ``make bench-promises`` runs it beside the simulator's tables.

A decision is what a customer waits for: find the points near her, plan at each, rank. It is timed
at 10,000 and at 100,000 points with four printers each, beside the same decision with a look at
every point in plain Python, in the same run. Then a region with 1,000 queued jobs is planned anew.
"""

import random
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from parts3d.points.geography import Place
from parts3d.points.hours import Hours, Unattended
from parts3d.promises.choose import Customer, choose
from parts3d.promises.nearby import Nearby, Reach, scan
from parts3d.promises.plan import plan
from parts3d.promises.print_time import PrintTime
from parts3d.promises.queued import Queued
from parts3d.promises.rescue import Committed, CommittedState, rescue
from parts3d.promises.snapshot import Need, Offer, PointSnapshot, PrinterSnapshot

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
HOURS = [
    Hours.parse("Mo-Sa 09:30-18:30; PH off"),
    Hours.parse("Mo-Sa 09:30-12:30,13:30-18:30; PH off"),
]
QUANTILE = 0.99
REACH = Reach(radius_km=12, least=3, most=10)
DECISIONS, SCANS = 150, 5
PRINTERS, JOBS = 4, 1000


@dataclass(frozen=True)
class Network:
    """Points and where they are."""

    points: Sequence[PointSnapshot]
    places: Sequence[Place]
    tree: Nearby


def network(points: int, draw: random.Random) -> Network:
    """Return a network as dense as a country: 10,000 points within 175 km."""
    side = (points / 10_000) ** 0.5
    places = [
        Place(50 + 1.6 * side * draw.random(), 3 + 2.4 * side * draw.random())
        for _ in range(points)
    ]
    return Network(
        [point(n, place, draw) for n, place in enumerate(places)], places, Nearby(places)
    )


def point(number: int, place: Place, draw: random.Random, jobs: int = 3) -> PointSnapshot:
    """Return a point with four printers, some of which print and have jobs waiting."""
    waiting: list[list[Queued]] = [[] for _ in range(PRINTERS)]
    for job in range(jobs):
        waiting[draw.randrange(PRINTERS)].append(queued(f"{number}-{job}", draw))
    printers = tuple(
        PrinterSnapshot(
            f"{number}-p{index}",
            "mk4" if index % 2 else "mk3s",
            "PETG",
            running=some[0] if some else None,
            waiting=tuple(some[1:]),
            outages_per_hour=1 / 300,
        )
        for index, some in enumerate(waiting)
    )
    return PointSnapshot(
        f"point-{number}",
        HOURS[number % 2],
        HOURS[number % 2],
        list(Unattended)[number % 3],
        printers,
        place=place,
    )


def queued(job: str, draw: random.Random) -> Queued:
    """Return a job that was promised for today or tomorrow."""
    due_at = NOW + timedelta(hours=draw.choice([4.0, 7.0, 25.0, 27.0]))
    minutes = draw.uniform(30, 240)
    return Queued(PrintTime(60 * minutes, 0.1, 0.07), job, job, due_at=due_at)


def decide(network: Network, find: Callable[[Place], Sequence[int]], place: Place) -> object:
    """Return the ranking that a customer sees."""
    need = Need({"mk3s": PrintTime(5400, 0.1, 0.07), "mk4": PrintTime(4500, 0.1, 0.07)}, "PETG")
    near = [network.points[position] for position in find(place)]
    answers = plan(NOW, need, near, quantile=QUANTILE)
    return choose([one for one in answers if isinstance(one, Offer)], Customer(place))


def timed(work: Callable[[], object]) -> float:
    """Return the milliseconds that something takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def decisions(points: int) -> float:
    """Print how long decisions take among so many points; return the 99th percentile."""
    draw = random.Random(points)
    here = network(points, draw)
    customers = [draw.choice(here.places) for _ in range(DECISIONS)]
    decide(here, partial(here.tree.find, reach=REACH), customers[0])
    took = sorted(
        timed(partial(decide, here, partial(here.tree.find, reach=REACH), customer))
        for customer in customers
    )
    found = sorted(timed(partial(here.tree.find, customer, REACH)) for customer in customers)
    scanned = sorted(
        timed(partial(decide, here, partial(scan, here.places, reach=REACH), customer))
        for customer in customers[:SCANS]
    )
    same = all(
        here.tree.find(customer, REACH) == scan(here.places, customer, REACH)
        for customer in customers[:SCANS]
    )
    p99 = took[int(0.99 * (len(took) - 1))]
    print(
        f"{points:>7} points: decision p50 {took[len(took) // 2]:6.1f} ms, p99 {p99:6.1f} ms; "
        f"of it the look-up {found[len(found) // 2]:5.2f} ms; with a plain scan "
        f"{scanned[len(scanned) // 2]:7.1f} ms; same points: {'yes' if same else 'NO'}"
    )
    return p99


def region() -> None:
    """Print how long it takes to look at 1,000 queued jobs anew, and what is done."""
    draw = random.Random(JOBS)
    points = [point(number, Place(50, 4), draw, jobs=4) for number in range(JOBS // 4)]
    committed = [
        Committed(
            one.job_id,
            one.order_id,
            one.due_at or NOW,
            where.id,
            printer.id,
            CommittedState.RUNNING if one is printer.running else CommittedState.WAITING,
            Need({"mk3s": one.time, "mk4": one.time}, "PETG"),
        )
        for where in points
        for printer in where.printers
        for one in (printer.running, *printer.waiting)
        if one is not None
    ]
    moves: list[object] = []
    took = timed(lambda: moves.extend(rescue(NOW, points, committed, quantile=QUANTILE)))
    print(
        f"re-planning {len(committed)} jobs at {len(points)} points: {took:.0f} ms, "
        f"{len(moves)} moves"
    )


def main() -> int:
    """Print the figures."""
    small = decisions(10_000)
    large = decisions(100_000)
    print(f"p99 at 100,000 points is {large / small:.2f} times that at 10,000")
    region()
    return 0


if __name__ == "__main__":
    sys.exit(main())
