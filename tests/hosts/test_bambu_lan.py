"""What only Bambu Lab printers do, tried at a real broker and at a disk that tells untruths."""

import hashlib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from printer_agents.drivers.base import JobOutcome
from printer_agents.errors import DriverFault, PrinterOffline, PrinterRefused, StartUnanswered
from printer_agents.protocol import PrinterCondition
from tests.hosts.rig import eventually, until_condition, until_outcome
from tests.hosts.rigs.bambu import BambuRig


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BambuRig]:
    rig = BambuRig(tmp_path_factory.mktemp("bambu"))
    rig.start()
    yield rig
    rig.stop()


@pytest.fixture
def rig(kept: BambuRig) -> Iterator[BambuRig]:
    kept.fresh()
    yield kept
    kept.close_drivers()


def fingerprint(folder: Path) -> str:
    certificate = (folder / "certificate.pem").read_text(encoding="ascii")
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate)).hexdigest()


def test_a_pinned_printer_is_trusted_and_another_one_gets_no_access_code(rig: BambuRig) -> None:
    sheet = rig.sheet()
    known = rig.open(certificate_sha256=fingerprint(rig.folder))
    known.upload(sheet.path, sheet.sha256, sheet.name)
    assert known.snapshot().condition is PrinterCondition.IDLE
    assert known.camera_jpeg() is not None
    stranger = rig.open(certificate_sha256="0" * 64)
    with pytest.raises(PrinterOffline, match="another certificate"):
        stranger.snapshot()
    with pytest.raises(PrinterOffline, match="another certificate"):
        stranger.upload(sheet.path, sheet.sha256, sheet.name)
    assert stranger.camera_jpeg() is None


def test_an_upload_that_is_cut_short_once_is_sent_again(rig: BambuRig) -> None:
    driver, sheet = rig.open(), rig.sheet()
    rig.order(short_uploads=2)
    driver.upload(sheet.path, sheet.sha256, sheet.name)
    assert rig.stored(sheet.name) == sheet.path.read_bytes()


def test_a_whole_file_that_is_called_broken_is_believed_by_its_size(rig: BambuRig) -> None:
    driver, sheet = rig.open(), rig.sheet()
    rig.order(answers_426=1)
    driver.upload(sheet.path, sheet.sha256, sheet.name)
    assert rig.stored(sheet.name) == sheet.path.read_bytes()


def test_without_developer_mode_it_says_what_to_switch_on(rig: BambuRig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.send(driver)
    rig.order(unsigned_refused=True)
    with pytest.raises(PrinterRefused, match="developer mode"):
        driver.start(remote)
    assert rig.starts() == before


def test_a_file_that_the_printer_cannot_read_is_a_failed_print_in_words(rig: BambuRig) -> None:
    driver, before = rig.open(), rig.starts()
    remote = rig.send(driver)
    envelope = rig.folder / "files" / f"{remote.name}.3mf"
    envelope.write_bytes(bytes(reversed(envelope.read_bytes())))
    driver.start(remote)
    assert until_outcome(driver, remote.name, JobOutcome.FAILED) is JobOutcome.FAILED
    found = driver.find(remote.name)
    assert found is not None
    assert "0500-4003" in (found.detail or "")
    assert driver.snapshot().condition is PrinterCondition.ERROR
    assert rig.starts() == before


def test_what_is_told_of_before_an_unanswered_start_is_not_believed_after_it(rig: BambuRig) -> None:
    driver = rig.open(request_seconds=1)
    remote = rig.send(driver)
    rig.lose_start_answer()
    with pytest.raises(StartUnanswered):
        driver.start(remote)
    # The very next look is a fresh one.
    found = driver.find(remote.name)
    assert found is not None
    assert found.outcome is JobOutcome.RUNNING


def test_silence_is_noticed_asked_about_and_called_away(rig: BambuRig) -> None:
    driver = rig.open(request_seconds=1)
    driver.snapshot()
    rig.order(mute=True, deaf=True)
    with pytest.raises(AssertionError, match="PrinterState"):
        eventually(driver.snapshot, lambda _: False, seconds=5)  # five seconds are not silence
    fault = eventually(lambda: caught(driver.snapshot), lambda seen: seen is not None, 15)
    assert isinstance(fault, PrinterOffline)
    assert "silent" in str(fault) or "does not answer" in str(fault)
    rig.mend()
    until_condition(driver, PrinterCondition.IDLE)


def test_a_reconnect_asks_for_everything_again(rig: BambuRig) -> None:
    driver = rig.open()
    remote = rig.running(driver)
    rig.cut()
    rig.pause_here()
    rig.mend()
    assert until_condition(driver, PrinterCondition.PAUSED).file_name == remote.name


def caught(look: object) -> DriverFault | None:
    try:
        look()  # type: ignore[operator]
    except DriverFault as fault:
        return fault
    return None
