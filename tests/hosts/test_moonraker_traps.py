"""What Klipper says too early, at a real one."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from printer_agents.drivers.base import JobOutcome
from printer_agents.errors import DriverFault
from printer_agents.protocol import PrinterCondition
from tests.hosts.rig import eventually
from tests.hosts.rigs.moonraker import MoonrakerRig

# So long an end must stay the same before the agent believes it.
STEADY_SECONDS = 6.0
LOOK_SECONDS = 14.0


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[MoonrakerRig]:
    made = MoonrakerRig(tmp_path / "moonraker")
    try:
        made.start()
        yield made
    finally:
        made.stop()


def test_a_controller_that_dies_as_complete_is_said_leaves_no_end_to_believe(
    rig: MoonrakerRig,
) -> None:
    driver = rig.open()
    remote = rig.send(driver, seconds=5)
    driver.start(remote)
    eventually(rig.said_of_the_print, lambda word: word == "complete", seconds=40)
    rig.pull_the_plug()
    longest, since = 0.0, None
    deadline = time.monotonic() + LOOK_SECONDS
    said_complete = False
    while time.monotonic() < deadline:
        try:
            idle = driver.snapshot().condition is PrinterCondition.IDLE
            seen = driver.find(remote.name)
        except DriverFault:
            idle, seen = False, None
        complete = seen is not None and seen.outcome is JobOutcome.COMPLETED
        said_complete = said_complete or complete
        if not (idle and complete):
            since = None
        else:
            since = since or time.monotonic()
            longest = max(longest, time.monotonic() - since)
        time.sleep(0.2)
    assert said_complete, "it is no trap if it is never said"
    assert longest < STEADY_SECONDS
    last = driver.find(remote.name)
    assert last is not None
    assert last.outcome is JobOutcome.FAILED
    assert driver.snapshot().condition is PrinterCondition.ERROR
