"""Thousands of generated and mutated files through the whole check, in children; ``make fuzz``.

``python -m fuzz.campaign --files 10000 --seed 1`` prints a table and exits 1 on any crash, wrong
count, kill, more than 512 MB or more than 10 s. A file that fails is kept under test-artefacts/fuzz
with its number and what was said; ``python -m fuzz.campaign --only NUMBER`` checks it again.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from parts3d.errors import Unreadable
from parts3d.meshes.isolation.sandbox import check_in_child
from tests.meshes.hostile.files import hostile_file
from tests.meshes.hostile.warm import ROOT, Outcome, Warm

KEPT = ROOT / "test-artefacts" / "fuzz"
SECONDS = 10.0
MEGABYTES = 512 * 1.048576
_NUMBERS_A_SEED = 1_000_000_000
_WHOLE_WAY_EVERY = 100
_SLOWEST = 5
_FINE = {"read", "refused"}
_DEATHS = {"check_stopped", "check_took_too_long"}


def main() -> int:
    """Run the campaign; 1 if anything failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", type=int, help="the number of one file")
    chosen = parser.parse_args()
    console = Console()
    first = chosen.seed * _NUMBERS_A_SEED
    numbers = range(first, first + chosen.files) if chosen.only is None else [chosen.only]
    outcomes: list[Outcome] = []
    with Warm(SECONDS) as warm:
        for at, number in enumerate(track(numbers, "Checking ...", console=console)):
            found = _judged(warm.check(number))
            if found.outcome in _FINE and at % _WHOLE_WAY_EVERY == 0:
                found = _the_whole_way(found)
            outcomes.append(found)
            if found.outcome not in _FINE:
                _keep(found)
                console.print(f"{number} ({found.kind}) {found.outcome}: {found.words}")
    console.print(_table(outcomes))
    slowest = sorted(outcomes, key=lambda found: found.seconds)[: -_SLOWEST - 1 : -1]
    console.print("Slowest:", ", ".join(f"{one.number} {one.seconds:.1f} s" for one in slowest))
    return int(any(found.outcome not in _FINE for found in outcomes))


def _judged(found: Outcome) -> Outcome:
    if found.outcome in _FINE and found.seconds > SECONDS:
        return replace(found, outcome="too slow")
    if found.outcome in _FINE and found.peak_mb > MEGABYTES:
        return replace(found, outcome="too large")
    return found


def _the_whole_way(found: Outcome) -> Outcome:
    """Check the file once more as an upload is: its real child must come to the same end."""
    try:
        check_in_child(hostile_file(found.number).data)
        outcome, words = "read", ""
    except Unreadable as refusal:
        outcome, words = "refused", refusal.code
    if outcome != found.outcome or words in _DEATHS:
        return replace(found, outcome="wrong", words=f"{found.words}, as an upload: {words}")
    return found


def _keep(found: Outcome) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{found.number}.bin").write_bytes(hostile_file(found.number).data)
    (KEPT / f"{found.number}.txt").write_text(
        f"{found.kind}: {found.outcome}\n{found.words}\n"
        f"Again: {Path(sys.executable).name} -m fuzz.campaign --only {found.number}\n",
        encoding="utf-8",
    )


def _table(outcomes: Iterable[Outcome]) -> Table:
    kinds: dict[str, list[Outcome]] = defaultdict(list)
    for found in outcomes:
        kinds[found.kind].append(found)
        kinds["all"].append(found)
    table = Table(title="Hostile files")
    for title in ("kind", "files", "refused", "read", "failed", "p99 s", "worst s", "worst MB"):
        table.add_column(title, justify="left" if title == "kind" else "right")
    for kind, these in sorted(kinds.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        ends = [found.outcome for found in these]
        seconds = sorted(found.seconds for found in these)
        table.add_row(
            kind,
            str(len(these)),
            str(ends.count("refused")),
            str(ends.count("read")),
            str(len(these) - ends.count("refused") - ends.count("read")),
            f"{seconds[int(0.99 * len(seconds))]:.3f}",
            f"{seconds[-1]:.3f}",
            f"{max(found.peak_mb for found in these):.0f}",
        )
    return table


if __name__ == "__main__":
    sys.exit(main())
