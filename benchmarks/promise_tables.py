"""Promises kept and made, by policy, in simulated networks, beside the goals.

    python benchmarks/promise_tables.py [FOLDER] [--seeds N] [--load 0.2 ...] [--policy NAME ...]

Without a folder, the shipped scenarios are run. Every policy meets the same luck, so rows compare;
scenarios do not. Goals are those of the offered load that is nearest.
"""

import argparse
import time
from pathlib import Path

from rich.console import Console

from parts3d.simulation.figures import Figures
from parts3d.simulation.running import compare
from parts3d.simulation.scenario import Scenario
from parts3d.simulation.scenario_file import read_scenario
from parts3d.simulation.scenarios import shipped
from parts3d.simulation.table import heading, of_oracle, percent, table

# By offered load: same-day promises kept, all kept, same-day offers as a share of the oracle's.
GOALS = {
    0.2: (0.993, 0.988, 0.92),
    0.4: (0.990, 0.985, 0.85),
    0.6: (0.990, 0.980, 0.80),
    0.8: (0.985, 0.975, 0.75),
}
GOAL_IN_TROUBLE = (0.985, 0.980, 0.80)


def main() -> None:
    """Run and print."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", nargs="?", type=Path)
    asked.add_argument("--seeds", type=int, default=1)
    asked.add_argument("--load", type=float, action="append")
    asked.add_argument("--policy", action="append")
    given = asked.parse_args()
    files = sorted(given.folder.glob("*.toml")) if given.folder else list(shipped().values())
    if not files:
        asked.error(f"{given.folder} has no .toml files.")
    console = Console()
    console.width = max(console.width, 165)
    for file in files:
        scenario = read_scenario(file.read_text(encoding="utf-8"), str(file))
        for load in given.load or [scenario.demand.utilisation]:
            show(console, scenario.at_load(load), given.policy or [], given.seeds)


def show(console: Console, scenario: Scenario, policies: list[str], seeds: int) -> None:
    """Run one scenario and print its table, its goals and how long it took."""
    begun = time.perf_counter()
    found = compare(scenario, policies, seeds=seeds)
    took = time.perf_counter() - begun
    console.print(f"\n{heading(scenario, found, seeds)}; {took:.0f} s", style="bold")
    console.print(table(found))
    if "ours" in found and "oracle" in found:
        console.print(against_goals(scenario, found["ours"].figures, found["oracle"].figures))


def against_goals(scenario: Scenario, ours: Figures, oracle: Figures) -> str:
    """Return ours beside the goals of the nearest load."""
    load = min(GOALS, key=lambda one: abs(one - scenario.demand.utilisation))
    goals = GOAL_IN_TROUBLE if scenario.events else GOALS[load]
    got = (ours.kept_same_day, ours.kept, of_oracle(ours, oracle))
    words = ("same day kept", "all kept", "offers of the oracle's")
    return "ours (goal): " + ", ".join(
        f"{word} {percent(value)} ({percent(goal)})"
        for word, value, goal in zip(words, got, goals, strict=True)
    )


if __name__ == "__main__":
    main()
