"""A print on its way: pauses, ends and faults, by the agent and at the printer."""

import threading
import time

import pytest

from printer_agents.drivers.base import JobOutcome
from printer_agents.errors import DriverFault, PrinterRefused
from printer_agents.protocol import PrinterCondition
from tests.hosts.rig import Rig, eventually, until_condition, until_outcome

BUSY = {PrinterCondition.PREPARING, PrinterCondition.PRINTING}
LOST = (JobOutcome.FAILED, JobOutcome.CANCELLED)
# Longer than the six seconds after which an end is believed.
BELIEVED_SECONDS = 7.0


def test_a_pause_and_a_resume_reach_the_printer(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.running(driver)
    driver.pause()
    until_condition(driver, PrinterCondition.PAUSED)
    assert until_outcome(driver, remote.name, JobOutcome.PAUSED) is JobOutcome.PAUSED
    driver.resume()
    until_condition(driver, PrinterCondition.PRINTING)
    assert until_outcome(driver, remote.name, JobOutcome.RUNNING) is JobOutcome.RUNNING


def test_a_pause_at_the_printer_is_seen_and_can_be_ended_from_here(rig: Rig) -> None:
    driver = rig.open()
    rig.running(driver)
    rig.pause_here()
    until_condition(driver, PrinterCondition.PAUSED)
    driver.resume()
    until_condition(driver, PrinterCondition.PRINTING)


def test_a_cancelled_print_is_cancelled_and_nothing_else(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.running(driver)
    driver.cancel()
    until_condition(driver, PrinterCondition.IDLE)
    assert until_outcome(driver, remote.name, *LOST) is JobOutcome.CANCELLED
    # Late events of a host must not change it.
    rig.wait(2)
    assert until_outcome(driver, remote.name, *LOST) is JobOutcome.CANCELLED
    found = rig.open().find(remote.name)
    assert found is None or found.outcome in LOST


def test_a_paused_print_can_be_cancelled(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.running(driver)
    driver.pause()
    until_condition(driver, PrinterCondition.PAUSED)
    driver.cancel()
    until_condition(driver, PrinterCondition.IDLE)
    assert until_outcome(driver, remote.name, *LOST) is JobOutcome.CANCELLED


def test_what_cannot_be_done_is_refused_in_words(rig: Rig) -> None:
    driver = rig.open()
    for verb in (driver.pause, driver.resume, driver.cancel):
        with pytest.raises(PrinterRefused, match=r"\.$"):
            verb()
    rig.running(driver)
    with pytest.raises(PrinterRefused):
        driver.resume()
    driver.pause()
    until_condition(driver, PrinterCondition.PAUSED)
    with pytest.raises(PrinterRefused):
        driver.pause()


def test_after_a_cancel_the_next_print_starts(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    rig.running(driver)
    driver.cancel()
    until_condition(driver, PrinterCondition.IDLE)
    rig.running(driver)
    assert rig.starts() == before + 2


def test_an_emergency_stop_ends_the_print_at_once_and_for_good(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.running(driver)
    driver.emergency_stop()
    eventually(
        driver.snapshot, lambda state: state.condition not in {*BUSY, PrinterCondition.PAUSED}
    )
    _never_completed(rig, remote.name, seconds=2)
    rig.recover()
    until_condition(driver, PrinterCondition.IDLE, seconds=60)
    _never_completed(rig, remote.name, seconds=1)


def test_after_an_emergency_stop_nothing_starts_until_a_person_has_looked(rig: Rig) -> None:
    driver = rig.open()
    rig.running(driver)
    driver.emergency_stop()
    state = eventually(driver.snapshot, lambda state: state.condition is PrinterCondition.ERROR)
    assert state.detail
    before, sheet = rig.starts(), rig.sheet()
    with pytest.raises(DriverFault, match=r"\.$"):
        driver.start(driver.upload(sheet.path, sheet.sha256, sheet.name))
    assert rig.starts() == before
    rig.recover()
    until_condition(driver, PrinterCondition.IDLE, seconds=60)
    rig.running(driver)


def test_a_firmware_error_is_never_taken_for_the_end_of_a_print(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.running(driver)
    rig.firmware_error()
    _never_completed(rig, remote.name, seconds=BELIEVED_SECONDS)
    assert driver.snapshot().condition not in {*BUSY, PrinterCondition.PAUSED}
    found = driver.find(remote.name)
    assert found is None or found.outcome in LOST
    rig.recover()
    until_condition(driver, PrinterCondition.IDLE, seconds=60)
    rig.running(driver)


def test_news_wake_whoever_listens(rig: Rig) -> None:
    driver, woken = rig.open(), threading.Event()
    assert driver.probe().pushes
    driver.listen(woken.set)
    driver.snapshot()
    rig.wait(2)
    woken.clear()
    rig.print_here(seconds=300)
    assert woken.wait(5)


def test_when_push_falls_silent_the_poll_still_tells_and_push_comes_back(rig: Rig) -> None:
    driver, woken = rig.open(), threading.Event()
    driver.listen(woken.set)
    driver.snapshot()
    rig.wait(1)
    rig.mute()
    name = rig.print_here(seconds=300)
    assert until_condition(driver, *BUSY).file_name == name
    rig.mend()
    # Its staleness clock ends the silent connection, and it listens anew.
    eventually(driver.snapshot, lambda state: state.condition in BUSY)
    rig.wait(15)
    woken.clear()
    rig.pause_here()
    assert woken.wait(10)


def _never_completed(rig: Rig, name: str, seconds: float) -> None:
    """Look for so long with a driver that has seen it all, and with one that comes new."""
    drivers = [rig.open(), *rig._drivers[:1]]
    deadline = time.monotonic() + seconds / rig.pace
    while time.monotonic() < deadline:
        for driver in drivers:
            try:
                found = driver.find(name)
            except DriverFault:
                continue
            assert found is None or found.outcome is not JobOutcome.COMPLETED
        time.sleep(0.1)
