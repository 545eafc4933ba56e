"""Run seeds of the protocol's simulation: ``python -m tests.faults.protocol --seed N`` replays one.

Usage: ``python -m tests.faults.protocol [--first 1] [--seeds 20000] [--kills 200]``
"""

import argparse
import logging
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor

from tests.faults.protocol.world import KILL_POINTS, Violation, run_seed

Case = tuple[int, str | None]


def try_case(case: Case) -> tuple[Case, str | None, int]:
    """Live through one case; returns it with what was violated, if anything, and its starts."""
    logging.disable(logging.CRITICAL)
    seed, kill_at = case
    try:
        world = run_seed(seed, kill_at)
    except Exception as fault:  # noqa: BLE001  # a crash of the agent is a violation too
        return case, f"{type(fault).__name__}: {fault}", 0
    return case, None, len(world.starts)


def try_all(cases: Iterable[Case], processes: int) -> tuple[int, int, list[tuple[Case, str]]]:
    """Try cases side by side; returns how many, how many starts, and what was violated."""
    count = starts = 0
    violated: list[tuple[Case, str]] = []
    with ProcessPoolExecutor(processes) as pool:
        for case, words, started in pool.map(try_case, cases, chunksize=20):
            count, starts = count + 1, starts + started
            if words is not None:
                violated.append((case, words))
    return count, starts, violated


def kill_cases(first: int, each: int) -> list[Case]:
    """Return so many seeds for each kill point."""
    return [(first + n, moment) for moment in KILL_POINTS for n in range(each)]


def main() -> int:
    """Run or replay; the exit code says whether anything was violated."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, help="replay this seed, telling what happens")
    parser.add_argument("--kill-at", choices=KILL_POINTS)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=200, help="seeds for each kill point")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    if options.seed is not None:
        logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="    %(message)s")
        try:
            run_seed(options.seed, options.kill_at, lambda words: print(words, flush=True))
        except Violation as violation:
            print(f"VIOLATED: {violation}")
            return 1
        print("Nothing was violated.")
        return 0
    began = time.monotonic()
    seeds: list[Case] = [(options.first + n, None) for n in range(options.seeds)]
    cases = [*kill_cases(options.first, options.kills), *seeds]
    count, starts, violated = try_all(cases, options.processes)
    for (seed, moment), words in violated[:20]:
        again = f"--seed {seed}" + (f" --kill-at {moment}" if moment else "")
        print(f"seed {seed} {moment or ''}: {words}\n  python -m tests.faults.protocol {again}")
    seconds = time.monotonic() - began
    print(
        f"protocol: {len(KILL_POINTS)} kill points x {options.kills} seeds + {options.seeds} "
        f"random seeds: {count} lives, {starts} starts, {len(violated)} violated, {seconds:.0f} s"
    )
    return 1 if violated else 0


if __name__ == "__main__":
    sys.exit(main())
