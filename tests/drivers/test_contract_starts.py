"""Starts: once, only when idle, and never believed or denied without looking."""

import pytest

from printer_agents.drivers.base import JobOutcome
from printer_agents.errors import DriverFault, PrinterBusy, PrinterOffline, StartUnanswered
from printer_agents.protocol import PrinterCondition
from tests.hosts.rig import Rig, eventually, until_condition, until_outcome

BUSY = {PrinterCondition.PREPARING, PrinterCondition.PRINTING}


def test_a_second_start_is_busy_and_starts_nothing(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.running(driver)
    other = rig.sheet()
    with pytest.raises(PrinterBusy, match=r"\.$"):
        driver.start(remote)
    # Some hosts refuse even an upload while they print; then there is nothing to start.
    try:
        second = driver.upload(other.path, other.sha256, other.name)
    except DriverFault:
        second = None
    if second is not None:
        with pytest.raises(PrinterBusy):
            driver.start(second)
    assert driver.snapshot().file_name == remote.name
    assert rig.starts() == before + 1


def test_a_paused_printer_is_busy_too(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.running(driver)
    driver.pause()
    until_condition(driver, PrinterCondition.PAUSED)
    with pytest.raises(PrinterBusy):
        driver.start(remote)
    assert driver.snapshot().condition is PrinterCondition.PAUSED
    assert rig.starts() == before + 1


def test_a_printer_that_somebody_else_uses_is_busy(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.send(driver)
    name = rig.print_here(seconds=300)
    until_condition(driver, *BUSY)
    with pytest.raises(PrinterBusy):
        driver.start(remote)
    assert driver.snapshot().file_name == name
    assert driver.find(remote.name) is None


def test_a_start_whose_answer_was_lost_is_found_running(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.send(driver)
    rig.lose_start_answer()
    with pytest.raises(StartUnanswered, match=r"\.$"):
        driver.start(remote)
    assert until_outcome(driver, remote.name, JobOutcome.RUNNING) is JobOutcome.RUNNING
    with pytest.raises(PrinterBusy):
        driver.start(remote)
    assert rig.starts() == before + 1


def test_a_start_that_never_arrived_is_not_found(rig: Rig) -> None:
    driver = rig.open()
    before, starts = driver.snapshot(), rig.starts()
    remote = rig.send(driver)
    rig.swallow_start()
    with pytest.raises(StartUnanswered, match=r"\.$"):
        driver.start(remote)
    rig.wait(1)
    after = driver.snapshot()
    assert after.condition is PrinterCondition.IDLE
    assert driver.find(remote.name) is None
    assert (after.session, after.jobs_started) == (before.session, before.jobs_started)
    assert rig.starts() == starts


def test_a_start_at_a_host_that_answers_too_slowly_may_have_worked(rig: Rig) -> None:
    driver, before = rig.open(request_seconds=1), rig.starts()
    remote = rig.send(driver)
    rig.slow_down(3)
    with pytest.raises((StartUnanswered, PrinterOffline)) as caught:
        driver.start(remote)
    rig.mend()
    rig.wait(3)
    found = eventually(lambda: [driver.find(remote.name)], lambda _: True)[0]
    # Either it says that it does not know, or nothing was sent.
    assert caught.type is StartUnanswered or found is None
    assert rig.starts() - before == (found is not None)


def test_a_start_at_a_host_that_is_off_fails_and_starts_nothing_later(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.send(driver)
    rig.cut()
    with pytest.raises((PrinterOffline, StartUnanswered), match=r"\.$"):
        driver.start(remote)
    rig.mend()
    until_condition(driver, PrinterCondition.IDLE)
    rig.wait(1)
    assert driver.find(remote.name) is None
    assert rig.starts() == before


def test_one_print_after_the_other_is_counted_one_by_one(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    first = driver.snapshot()
    for number in (1, 2):
        remote = rig.send(driver, seconds=3)
        driver.start(remote)
        until_outcome(driver, remote.name, JobOutcome.COMPLETED, seconds=40)
        until_condition(driver, PrinterCondition.IDLE)
        assert rig.starts() == before + number
        if first.jobs_started is not None:
            wanted = first.jobs_started + number
            eventually(driver.snapshot, lambda now, wanted=wanted: now.jobs_started == wanted)
