"""What every driver says of its printer, and what it finds again by file name."""

import pytest

from printer_agents.drivers.base import JobOutcome
from printer_agents.errors import DriverFault, PrinterOffline
from printer_agents.protocol import PrinterCondition
from tests.hosts.rig import Rig, eventually, until_condition, until_outcome

BUSY = {PrinterCondition.PREPARING, PrinterCondition.PRINTING}
OVER = (JobOutcome.COMPLETED, JobOutcome.FAILED, JobOutcome.CANCELLED)


def test_it_says_what_it_is_and_what_it_can(rig: Rig) -> None:
    driver = rig.open()
    can = driver.probe()
    assert len(can.host) > 3
    assert can.can_pause
    assert (driver.camera_jpeg() is not None) == can.has_camera


def test_an_idle_printer_is_idle_and_prints_nothing(rig: Rig) -> None:
    state = rig.open().snapshot()
    assert state.condition is PrinterCondition.IDLE
    assert state.file_name is None
    assert state.session


def test_a_print_is_seen_from_its_start_to_its_end(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.send(driver, seconds=6)
    driver.start(remote)
    state = until_condition(driver, *BUSY)
    assert state.file_name == remote.name
    found = driver.find(remote.name)
    assert found is not None
    assert found.outcome is JobOutcome.RUNNING
    assert until_outcome(driver, remote.name, *OVER, seconds=40) is JobOutcome.COMPLETED
    assert until_condition(driver, PrinterCondition.IDLE).file_name is None
    done = driver.find(remote.name)
    assert done is not None
    assert done.progress == 1
    assert rig.starts() == before + 1


def test_progress_grows_and_the_time_left_names_its_source(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.running(driver, seconds=120)
    first = eventually(driver.snapshot, lambda state: (state.progress or 0) > 0)
    later = eventually(driver.snapshot, lambda state: (state.progress or 0) > (first.progress or 0))
    assert 0 < (first.progress or 0) < (later.progress or 0) < 1
    found = driver.find(remote.name)
    assert found is not None
    for left, source in (
        (later.remaining_seconds, later.remaining_source),
        (found.remaining_seconds, found.remaining_source),
    ):
        assert (left is None) == (source is None)
        assert left is None or 0 < left < 240


def test_a_job_that_never_was_is_not_found(rig: Rig) -> None:
    driver = rig.open()
    assert driver.find("never_1_1_000000000000.gcode") is None
    remote = rig.send(driver)
    assert driver.find(remote.name) is None, "an upload is no start"


def test_an_ended_job_is_found_again_by_another_driver(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.send(driver, seconds=3)
    driver.start(remote)
    until_outcome(driver, remote.name, JobOutcome.COMPLETED, seconds=40)
    found = rig.open().find(remote.name)
    if driver.probe().remembers_jobs:
        assert found is not None
        assert found.outcome is JobOutcome.COMPLETED
    else:
        assert found is None or found.outcome is JobOutcome.COMPLETED


def test_a_running_job_is_found_by_another_driver(rig: Rig) -> None:
    remote = rig.running(rig.open())
    found = rig.open().find(remote.name)
    assert found is not None
    assert found.outcome is JobOutcome.RUNNING


def test_its_session_stays_the_same_while_it_is_watched(rig: Rig) -> None:
    driver = rig.open()
    session = driver.snapshot().session
    remote = rig.send(driver, seconds=3)
    driver.start(remote)
    assert until_condition(driver, *BUSY).session == session
    until_outcome(driver, remote.name, *OVER, seconds=40)
    assert until_condition(driver, PrinterCondition.IDLE).session == session


def test_what_a_power_cut_made_it_forget_is_no_proof(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.running(driver)
    before = driver.snapshot()
    rig.restart()
    after = until_condition(driver, PrinterCondition.IDLE, seconds=60)
    # A print that may have been forgotten shows in one of the two.
    assert after.session != before.session or after.jobs_started is None
    found = driver.find(remote.name)
    assert found is None or found.outcome in {JobOutcome.FAILED, JobOutcome.CANCELLED}
    driver.start(rig.send(driver))
    until_condition(driver, *BUSY)


def test_starts_by_anyone_are_counted_or_the_count_is_not_claimed(rig: Rig) -> None:
    driver = rig.open()
    before = driver.snapshot()
    name = rig.print_here(seconds=300)
    state = until_condition(driver, *BUSY)
    assert state.file_name == name
    assert driver.find(name) is not None
    if before.jobs_started is not None:
        assert state.session != before.session or eventually(
            driver.snapshot, lambda now: now.jobs_started == (before.jobs_started or 0) + 1
        )


def test_a_host_that_is_off_is_offline_in_words_and_comes_back(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.send(driver)
    rig.kill()
    with pytest.raises(PrinterOffline, match=r"\w+ .*\.$"):
        driver.snapshot()
    for verb in (driver.pause, driver.resume, driver.cancel, driver.probe):
        with pytest.raises(DriverFault):
            verb()
    with pytest.raises(DriverFault):
        driver.find(remote.name)
    rig.start()
    until_condition(driver, PrinterCondition.IDLE, seconds=60)


def test_a_print_goes_on_while_the_network_is_away(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.running(driver, seconds=120)
    rig.cut()
    with pytest.raises(PrinterOffline):
        driver.snapshot()
    rig.mend()
    assert until_condition(driver, *BUSY).file_name == remote.name
    assert rig.starts() == before + 1


def test_a_host_that_answers_too_slowly_counts_as_away(rig: Rig) -> None:
    driver = rig.open(request_seconds=1)
    driver.snapshot()
    rig.slow_down(4)
    with pytest.raises(PrinterOffline, match=r"\.$"):
        driver.snapshot()
    rig.mend()
    until_condition(driver, PrinterCondition.IDLE)


def test_a_wrong_key_is_said_in_words(rig: Rig) -> None:
    driver = rig.open(api_key="0" * 32)
    with pytest.raises(DriverFault, match=r"(?i)key|code|password"):
        driver.probe()


def test_a_picture_is_a_jpeg_of_bounded_size(rig: Rig) -> None:
    picture = rig.open().camera_jpeg()
    if picture is not None:
        assert picture.startswith(b"\xff\xd8")
        assert len(picture) < 1_000_000
