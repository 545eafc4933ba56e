"""Files on their way to the printer: verified there, and removed again."""

import pytest

from printer_agents.errors import DriverFault, PrinterRefused, UploadCorrupt
from printer_agents.protocol import PrinterCondition
from tests.hosts.rig import Rig, until_condition


def test_an_upload_arrives_whole_and_starts_nothing(rig: Rig) -> None:
    driver, before, sheet = rig.open(), rig.starts(), rig.sheet()
    remote = driver.upload(sheet.path, sheet.sha256, sheet.name)
    assert (remote.name, remote.sha256, remote.size_bytes) == (
        sheet.name,
        sheet.sha256,
        sheet.size_bytes,
    )
    assert rig.stored(sheet.name) == sheet.path.read_bytes()
    assert driver.snapshot().condition is PrinterCondition.IDLE
    assert rig.starts() == before


def test_a_damaged_upload_is_noticed_and_removed_and_the_next_one_is_sound(rig: Rig) -> None:
    driver, sheet = rig.open(), rig.sheet()
    rig.damage_upload()
    with pytest.raises(UploadCorrupt, match=r"\.$"):
        driver.upload(sheet.path, sheet.sha256, sheet.name)
    assert rig.stored(sheet.name) is None
    driver.upload(sheet.path, sheet.sha256, sheet.name)
    assert rig.stored(sheet.name) == sheet.path.read_bytes()


def test_a_file_that_is_not_what_was_promised_is_refused(rig: Rig) -> None:
    driver, sheet = rig.open(), rig.sheet()
    with pytest.raises(UploadCorrupt):
        driver.upload(sheet.path, "0" * 64, sheet.name)
    assert rig.stored(sheet.name) is None


def test_the_same_file_may_be_sent_twice(rig: Rig) -> None:
    driver, sheet = rig.open(), rig.sheet()
    for _ in range(2):
        driver.upload(sheet.path, sheet.sha256, sheet.name)
    assert rig.stored(sheet.name) == sheet.path.read_bytes()
    driver.start(driver.upload(sheet.path, sheet.sha256, sheet.name))
    assert until_condition(driver, PrinterCondition.PRINTING).file_name == sheet.name


@pytest.mark.parametrize(
    "name",
    [
        "a.gcode",
        "0.1-Rev.B_12_3_abcdef012345.gcode",
        # The longest that the agent makes.
        "L" * 64 + "_100000_100000_abcdef012345.gcode",
    ],
    ids=["short", "dots and dashes", "long"],
)
def test_names_of_all_kinds_are_found_again(rig: Rig, name: str) -> None:
    driver = rig.open()
    remote = rig.send(driver, name=name)
    assert remote.name == name
    driver.start(remote)
    assert until_condition(driver, PrinterCondition.PRINTING).file_name == name
    assert driver.find(name) is not None
    driver.cancel()
    until_condition(driver, PrinterCondition.IDLE)
    driver.delete(name)
    assert rig.stored(name) is None


def test_a_deleted_file_is_gone_and_deleting_it_again_is_fine(rig: Rig) -> None:
    driver = rig.open()
    remote = rig.send(driver)
    driver.delete(remote.name)
    assert rig.stored(remote.name) is None
    driver.delete(remote.name)
    driver.delete("never-there.gcode")


def test_a_file_that_is_not_there_cannot_be_started(rig: Rig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.send(driver)
    driver.delete(remote.name)
    with pytest.raises(PrinterRefused, match=r"\.$"):
        driver.start(remote)
    assert driver.snapshot().condition is PrinterCondition.IDLE
    assert rig.starts() == before


def test_an_upload_to_a_host_that_is_off_fails_in_words(rig: Rig) -> None:
    driver, sheet = rig.open(), rig.sheet()
    rig.cut()
    with pytest.raises(DriverFault, match=r"\.$"):
        driver.upload(sheet.path, sheet.sha256, sheet.name)
    rig.mend()
    driver.upload(sheet.path, sheet.sha256, sheet.name)
    assert rig.stored(sheet.name) == sheet.path.read_bytes()
