"""The contract suite runs once for every printer host on trial, and prints a table of it.

``make test`` tries the virtual printer alone; ``PARTS3D_HOSTS="octoprint moonraker"`` (or
``all``) the hosts that are named. A host that cannot be had fails its tests with the remedy.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.hosts.rig import Rig
from tests.hosts.rigs import RIGS
from tests.hosts.scheduling import BrandScheduling
from tests.hosts.table import contract_table


def chosen_brands() -> list[str]:
    """Which hosts are on trial in this run."""
    words = os.environ.get("PARTS3D_HOSTS", "virtual").split()
    if words == ["all"]:
        return list(RIGS)
    unknown = sorted(set(words) - set(RIGS))
    if unknown:
        raise pytest.UsageError(
            f"PARTS3D_HOSTS names {', '.join(unknown)}; known are {', '.join(RIGS)} and all."
        )
    return words


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "rig" not in metafunc.fixturenames:
        return
    name = metafunc.function.__name__
    brands = [brand for brand in chosen_brands() if name not in RIGS[brand].lacks]
    metafunc.parametrize(
        "rig",
        brands,
        indirect=True,
    )


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BrandScheduling | None:
    """With ``--dist loadgroup``, a brand's host serves all its tests, in one process."""
    if config.getvalue("dist") != "loadgroup":
        return None
    scheduling = BrandScheduling(config, log)
    scheduling.brands = [brand for brand in chosen_brands() if RIGS[brand].shared]
    return scheduling


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what applies to no host of this run, rather than skip it."""
    absent = [
        item
        for item in items
        if "rig" in getattr(item, "fixturenames", ()) and "[NOTSET" in item.name
    ]
    if absent:
        config.hook.pytest_deselected(items=absent)
        items[:] = [item for item in items if item not in absent]


class _Garage:
    """The hosts that run, kept for the next test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rigs: dict[str, Rig] = {}
        self.faults: dict[str, BaseException] = {}

    def rig(self, brand: str) -> Rig:
        if brand in self.faults:  # what could not start once is not tried forty times
            raise self.faults[brand]
        if brand not in self.rigs:
            rig = RIGS[brand](self.folder / brand)
            try:
                rig.start()
            except BaseException as fault:
                rig.stop()
                self.faults[brand] = fault
                raise
            self.rigs[brand] = rig
        return self.rigs[brand]


@pytest.fixture(scope="session")
def garage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Garage]:
    kept = _Garage(tmp_path_factory.mktemp("hosts"))
    yield kept
    for rig in kept.rigs.values():
        rig.stop()


@pytest.fixture
def rig(request: pytest.FixtureRequest, garage: _Garage) -> Iterator[Rig]:
    on_trial = garage.rig(request.param)
    on_trial.fresh()
    yield on_trial
    on_trial.close_drivers()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [
        report
        for kind in ("passed", "failed", "error")
        for report in terminalreporter.stats.get(kind, [])
        if isinstance(report, pytest.TestReport)
    ]
    lines = contract_table(
        [
            (report.nodeid, report.passed)
            for report in reports
            if "/test_contract_" in report.nodeid
        ],
        {brand: RIGS[brand].lacks for brand in chosen_brands()},
    )
    for line in lines:
        terminalreporter.write_line(line)
