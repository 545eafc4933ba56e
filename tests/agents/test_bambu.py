"""Bambu Lab's driver on a channel and a disk of our own; the contract suite tries the rest."""

import hashlib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from printer_agents.config import BambuOptions, BambuSection
from printer_agents.drivers.bambu import BambuPrinter
from printer_agents.drivers.bambu_ftps import Disk
from printer_agents.drivers.bambu_mqtt import Channel, Report, Unanswered, merge
from printer_agents.drivers.bambu_project import project_of, unwrapped_sha256, wrap
from printer_agents.drivers.bambu_state import Endings, condition_of, error_words, name_of
from printer_agents.drivers.bambu_tls import CertificateChanged, Pin, pinned_context
from printer_agents.drivers.base import JobOutcome, RemoteFile
from printer_agents.errors import PrinterBusy, PrinterRefused, StartUnanswered, UploadCorrupt
from printer_agents.protocol import PrinterCondition

GCODE = b"G28\n" + b"G1 X10 E1\n" * 500
SHA256 = hashlib.sha256(GCODE).hexdigest()
CANCELLED, THERMAL = 0x0300400C, 0x03008008
SECTION = BambuSection.model_validate(
    {
        "id": "p1",
        "driver": "bambu",
        "material": "PLA",
        "options": {"host": "127.0.0.1", "serial": "01P00A", "access_code": "12345678"},
    }
)


class Voice(Channel):
    """A channel whose printer says what the test wants."""

    def __init__(self) -> None:
        self.told: Report = {"gcode_state": "IDLE", "subtask_name": "", "mc_percent": 0}
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.answer: Report | None = {"result": "success"}

    def report(self) -> Report:
        return self.told

    def ask(self, kind: str, command: str, **fields: object) -> Report:
        self.asked.append((f"{kind}.{command}", dict(fields)))
        if self.answer is None:
            raise Unanswered(command)
        if command == "project_file":
            self.told = {"gcode_state": "PREPARE", "subtask_name": fields["subtask_name"]}
        return self.answer

    def wait_for(self, wanted: Callable[[Report], bool], seconds: float) -> bool:
        del seconds
        return wanted(self.told)

    def close(self) -> None:
        """Nothing is open."""


class Shelf(Disk):
    """A disk in a folder; ``short`` uploads lose their end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.short = 0
        self.sent = 0
        self.silent = False

    def put(self, path: Path, name: str) -> int | None:
        self.sent += 1
        data = path.read_bytes()
        if self.short:
            self.short -= 1
            data = data[: len(data) // 2]
        (self.folder / name).write_bytes(data)
        return len(data)

    def size(self, name: str) -> int | None:
        path = self.folder / name
        return path.stat().st_size if path.exists() else None

    def fetch(self, name: str, target: Path) -> bool:
        if self.silent:
            return False
        target.write_bytes((self.folder / name).read_bytes())
        return True

    def delete(self, name: str) -> None:
        (self.folder / name).unlink(missing_ok=True)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.voice = Voice()
        (folder / "disk").mkdir()
        self.disk = Shelf(folder / "disk")
        self.path = folder / "job.gcode"
        self.path.write_bytes(GCODE)
        self.printer = self.open()

    def open(self) -> BambuPrinter:
        return BambuPrinter(SECTION, channel=self.voice, disk=self.disk)

    def upload(self) -> RemoteFile:
        return self.printer.upload(self.path, SHA256, "a.gcode")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_the_same_gcode_makes_the_same_envelope_and_comes_out_of_it_again(tmp_path: Path) -> None:
    path = tmp_path / "job.gcode"
    path.write_bytes(GCODE)
    first, second = wrap(path, tmp_path / "a.3mf"), wrap(path, tmp_path / "b.3mf")
    assert first == second == project_of(tmp_path / "b.3mf")
    assert unwrapped_sha256(tmp_path / "a.3mf") == SHA256
    with zipfile.ZipFile(tmp_path / "a.3mf") as envelope:
        plate = envelope.read("Metadata/plate_1.gcode.md5").decode()
    assert plate == hashlib.md5(GCODE, usedforsecurity=False).hexdigest().upper()
    (tmp_path / "a.3mf").write_bytes((tmp_path / "b.3mf").read_bytes()[:-40])
    assert unwrapped_sha256(tmp_path / "a.3mf") is None


def test_a_short_upload_is_sent_again_and_given_up_after_three(bench: Bench) -> None:
    bench.disk.short = 2
    bench.upload()
    assert bench.disk.sent == 3
    bench.disk.short = 3
    with pytest.raises(UploadCorrupt, match="3 times in a row"):
        bench.upload()
    assert bench.disk.size("a.gcode.3mf") is None


def test_a_start_names_file_plate_and_md5(bench: Bench) -> None:
    bench.printer.start(bench.upload())
    command, fields = bench.voice.asked[-1]
    assert command == "print.project_file"
    assert fields["url"] == "ftp:///a.gcode.3mf"
    assert fields["param"] == "Metadata/plate_1.gcode"
    assert fields["subtask_name"] == "a.gcode"
    assert fields["md5"] == project_of(bench.disk.folder / "a.gcode.3mf").md5
    assert fields["use_ams"] is False


def test_after_a_restart_of_the_agent_the_file_is_fetched_back_before_the_start(
    bench: Bench,
) -> None:
    remote = bench.upload()
    bench.printer = bench.open()
    bench.printer.start(remote)
    assert bench.voice.asked[-1][1]["md5"] == project_of(bench.disk.folder / "a.gcode.3mf").md5
    bench.voice.told = {"gcode_state": "IDLE"}
    bench.printer = bench.open()
    with pytest.raises(PrinterRefused, match="as it was uploaded"):
        bench.printer.start(RemoteFile("a.gcode", "0" * 64, len(GCODE)))


def test_a_file_that_has_changed_its_size_is_not_started(bench: Bench) -> None:
    remote = bench.upload()
    (bench.disk.folder / "a.gcode.3mf").write_bytes(b"short")
    with pytest.raises(PrinterRefused):
        bench.printer.start(remote)
    assert not [command for command, _ in bench.voice.asked if command == "print.project_file"]


def test_no_answer_to_a_start_is_said_so(bench: Bench) -> None:
    remote = bench.upload()
    bench.voice.answer = None
    with pytest.raises(StartUnanswered):
        bench.printer.start(remote)


def test_a_printer_that_wants_signed_orders_is_said_so(bench: Bench) -> None:
    remote = bench.upload()
    bench.voice.answer = {"result": "failed", "reason": "mqtt message verify failed"}
    with pytest.raises(PrinterRefused, match="developer mode"):
        bench.printer.start(remote)


def test_a_start_while_it_prints_is_busy_and_with_an_error_refused(bench: Bench) -> None:
    remote = bench.upload()
    bench.voice.told = {"gcode_state": "RUNNING", "subtask_name": "other.gcode"}
    with pytest.raises(PrinterBusy, match=r"other\.gcode"):
        bench.printer.start(remote)
    bench.voice.told = {"gcode_state": "FAILED", "print_error": THERMAL}
    with pytest.raises(PrinterRefused, match="0300-8008"):
        bench.printer.start(remote)


def test_an_emergency_stop_ends_the_print_and_the_heat(bench: Bench) -> None:
    bench.voice.told = {"gcode_state": "RUNNING"}
    bench.printer.emergency_stop()
    assert [command for command, _ in bench.voice.asked] == ["print.stop", "print.gcode_line"]
    assert "M104 S0" in str(bench.voice.asked[-1][1]["param"])


@pytest.mark.parametrize(
    ("state", "error", "condition"),
    [
        ("IDLE", 0, PrinterCondition.IDLE),
        ("PREPARE", 0, PrinterCondition.PREPARING),
        ("RUNNING", 0, PrinterCondition.PRINTING),
        ("PAUSE", 0, PrinterCondition.PAUSED),
        ("PAUSE", 0x03008004, PrinterCondition.ATTENTION),
        ("FINISH", 0, PrinterCondition.IDLE),
        ("FAILED", CANCELLED, PrinterCondition.IDLE),
        ("FAILED", THERMAL, PrinterCondition.ERROR),
        ("FAILED", str(THERMAL), PrinterCondition.ERROR),
        ("", 0, PrinterCondition.UNKNOWN),
    ],
)
def test_each_state_has_its_condition(state: str, error: object, condition: object) -> None:
    assert condition_of({"gcode_state": state, "print_error": error}) is condition


def test_an_unknown_error_still_shows_its_code() -> None:
    assert error_words({"print_error": 0x0300FFFF}) == (
        "The printer reports an error. (code 0300-FFFF)"
    )
    assert error_words({"print_error": CANCELLED}) is None


def test_why_a_print_ended_stays_known_when_the_screen_is_wiped() -> None:
    for error, outcome in ((CANCELLED, JobOutcome.CANCELLED), (THERMAL, JobOutcome.FAILED)):
        endings = Endings()
        report = {"gcode_state": "FAILED", "subtask_name": "a.gcode", "print_error": error}
        first = endings.seen(report, "a.gcode")
        assert first is not None
        assert first.outcome is outcome
        assert endings.seen({**report, "print_error": 0}, "a.gcode") == first
        late = Endings().seen({**report, "print_error": 0}, "a.gcode")
        assert late is not None
        assert late.outcome is JobOutcome.FAILED


def test_a_print_is_known_by_the_name_it_was_sent_with() -> None:
    assert name_of({"subtask_name": "a.gcode", "gcode_file": "/data/plate_1.gcode"}) == "a.gcode"
    assert name_of({"subtask_name": "", "gcode_file": "cache/a.gcode.3mf"}) == "a.gcode"
    assert name_of({}) is None
    assert Endings().seen({"gcode_state": "FINISH", "subtask_name": "b.gcode"}, "a.gcode") is None
    assert Endings().seen({"gcode_state": "IDLE", "subtask_name": "a.gcode"}, "a.gcode") is None


parts = st.dictionaries(st.sampled_from("abc"), st.integers() | st.lists(st.integers()))
reports = st.dictionaries(st.sampled_from("abc"), st.integers() | parts)


@settings(max_examples=50)
@given(known=reports, change=reports)
def test_a_change_wins_key_by_key_and_nothing_else_is_lost(known: Report, change: Report) -> None:
    wanted = {**known, **change}
    for key in known.keys() & change.keys():
        if isinstance(known[key], dict) and isinstance(change[key], dict):
            wanted[key] = {**known[key], **change[key]}
    merge(known, change)
    assert known == wanted
    merge(known, change)
    assert known == wanted, "heard twice is heard once"


def test_the_first_certificate_counts_until_another_is_configured() -> None:
    pin = Pin(None)
    pin.check(b"one")
    pin.check(b"one")
    with pytest.raises(CertificateChanged, match="another certificate"):
        pin.check(b"two")
    known = Pin(hashlib.sha256(b"two").hexdigest())
    known.check(b"two")
    with pytest.raises(CertificateChanged):
        known.check(b"one")


def test_a_channel_that_never_spoke_hangs_up_in_peace() -> None:
    options: BambuOptions = SECTION.options
    Channel(options, Pin(None), lambda: 0.0).close()
    Disk(options, pinned_context(Pin(None)))
