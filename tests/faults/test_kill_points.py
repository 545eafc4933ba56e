"""Agent, server and printer host are killed at every point of an attempt, on every driver.

``make test`` hits the virtual printer twice; ``make faults`` hits every driver at every point
(``PARTS3D_HOSTS`` names the hosts that are installed) and prints what came of it.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.killing.stage import Outcome, Stage
from tests.hosts.rig import Rig
from tests.hosts.rigs import RIGS

STEPS = ["claim", "download", "verify", "permit", "starting", "start", "printing", "report"]
KILL_POINTS = [f"{step}.{side}" for step in STEPS for side in ("before", "after")]
VICTIMS = ("agent", "server", "host")
FEW = [("start.after", "agent"), ("permit.after", "server"), ("printing.after", "host")]
ALL = [(moment, victim) for moment in KILL_POINTS for victim in VICTIMS]
ROUNDS = int(os.environ.get("PARTS3D_FAULT_ROUNDS", "1"))
HITS = ALL if ROUNDS > 1 else FEW
_named = os.environ.get("PARTS3D_HOSTS", "virtual").split()
BRANDS = list(RIGS) if _named == ["all"] else _named


@pytest.fixture(scope="module")
def outcomes() -> Iterator[list[Outcome]]:
    found: list[Outcome] = []
    yield found
    for line in table(found):
        print(line)  # noqa: T201  # the table of the long run


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("brand", BRANDS)
def test_whatever_is_killed_nothing_is_started_twice_and_nothing_is_lost(
    brand: str, tmp_path: Path, outcomes: list[Outcome]
) -> None:
    rig: Rig = RIGS[brand](tmp_path / "rig")
    stage: Stage | None = None
    mine: list[Outcome] = []
    try:
        rig.start()
        rig.fresh()
        stage = Stage(rig, tmp_path / "stage")
        # The virtual printer's host is the agent itself: a folder, killed in the long run only.
        hits = [hit for hit in HITS if brand != "virtual" or hit[1] != "host" or ROUNDS > 1]
        for moment, victim in hits:
            mine.append(stage.hit(moment, victim))
            outcomes.append(mine[-1])
    finally:
        if stage is not None:
            stage.close()
        rig.stop()
    assert [one for one in mine if one.double] == []
    assert [one for one in mine if one.lost] == []
    # What survives with all its memory is known to the end, not only safe.
    for one in mine:
        if one.brand == "virtual" and one.victim != "host":
            assert (one.status, one.starts) == ("printed", 1), one


def table(outcomes: list[Outcome]) -> list[str]:
    """Return kill points x drivers: how each ended, double starts and lost jobs."""
    brands = list(dict.fromkeys(one.brand for one in outcomes))
    lines = ["", "kill point x victim: how the job ended (starts)"]
    lines.append("  ".join([f"{'':26}", *(f"{brand:16}" for brand in brands)]))
    for moment, victim in dict.fromkeys((one.moment, one.victim) for one in outcomes):
        cells = []
        for brand in brands:
            hits = [o for o in outcomes if (o.brand, o.moment, o.victim) == (brand, moment, victim)]
            cells.append(f"{hits[0].status} ({hits[0].starts})" if hits else "-")
        lines.append("  ".join([f"{moment + ' ' + victim:26}", *(f"{cell:16}" for cell in cells)]))
    double = sum(one.double for one in outcomes)
    lost = sum(one.lost for one in outcomes)
    lines.append(f"{len(outcomes)} kills: {double} double starts, {lost} lost")
    return lines
