"""The virtual printer: a machine on disk that outlives whoever drives it."""

import hashlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from printer_agents.config import VirtualPrinterSection
from printer_agents.drivers.base import JobOutcome, RemoteFile
from printer_agents.drivers.print_time import estimate
from printer_agents.drivers.virtual import VirtualPrinter
from printer_agents.errors import PrinterBusy, PrinterOffline, PrinterRefused, UploadCorrupt
from printer_agents.protocol import PrinterCondition

# 100 s of waiting, then a line of plastic, then 100 s more.
GCODE = b"G4 S100\nG1 X10 E1 F6000\nG4 P100000\n"
SHA256 = hashlib.sha256(GCODE).hexdigest()


class Bench:
    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.folder = folder
        (folder / "job.gcode").write_bytes(GCODE)
        self.printer = self.open()

    def open(self) -> VirtualPrinter:
        section = VirtualPrinterSection.model_validate(
            {
                "id": "p1",
                "driver": "virtual",
                "material": "PLA",
                "options": {"folder": self.folder / "machine", "speed": 10},
            }
        )
        return VirtualPrinter(section, lambda: self.now)

    def upload(self, name: str = "a.gcode") -> RemoteFile:
        return self.printer.upload(self.folder / "job.gcode", SHA256, name)

    def control(self, text: str) -> None:
        (self.folder / "machine" / "control.json").write_text(text)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_it_takes_as_long_as_its_moves_say_by_its_speed_and_survives_its_driver(
    bench: Bench,
) -> None:
    bench.printer.start(bench.upload())
    bench.now = 5
    state = bench.printer.snapshot()
    assert state.condition is PrinterCondition.PREPARING
    assert state.remaining_seconds == pytest.approx(15, abs=0.1)
    bench.now = 15
    printer = bench.open()
    state = printer.snapshot()
    assert state.condition is PrinterCondition.PRINTING
    assert state.progress == pytest.approx(0.75, abs=0.01)
    bench.now = 100
    assert bench.open().snapshot().condition is PrinterCondition.IDLE
    seen = bench.open().find("a.gcode")
    assert seen is not None
    assert seen.outcome is JobOutcome.COMPLETED
    assert seen.printed_seconds == pytest.approx(200, abs=1)


def test_a_second_start_is_refused_while_it_prints_and_starts_are_counted(bench: Bench) -> None:
    remote = bench.upload()
    bench.printer.start(remote)
    with pytest.raises(PrinterBusy, match=r"a\.gcode"):
        bench.printer.start(remote)
    assert bench.printer.starts() == 1
    bench.now = 100
    bench.printer.start(remote)
    assert bench.open().starts() == bench.open().snapshot().jobs_started == 2


def test_a_file_that_is_not_what_was_sent_is_refused(bench: Bench) -> None:
    with pytest.raises(UploadCorrupt):
        bench.printer.upload(bench.folder / "job.gcode", "0" * 64, "a.gcode")
    remote = bench.upload()
    (bench.folder / "machine" / "files" / "a.gcode").write_bytes(b"G1 X1")
    with pytest.raises(PrinterRefused):
        bench.printer.start(remote)
    assert bench.printer.starts() == 0


def test_a_start_torn_by_a_power_cut_did_not_happen(bench: Bench) -> None:
    log = bench.folder / "machine" / "starts.log"
    log.write_bytes(b'{"number":0,"file_na')
    assert bench.printer.snapshot().condition is PrinterCondition.IDLE
    bench.printer.start(bench.upload())
    assert bench.open().starts() == 1
    assert bench.open().find("a.gcode") is not None


def test_a_pause_takes_no_print_time(bench: Bench) -> None:
    bench.printer.start(bench.upload())
    bench.now = 10
    bench.printer.pause()
    bench.now = 500
    assert bench.printer.snapshot().condition is PrinterCondition.PAUSED
    bench.printer.resume()
    bench.now = 509
    state = bench.printer.snapshot()
    assert state.progress == pytest.approx(0.95, abs=0.01)
    with pytest.raises(PrinterRefused):
        bench.printer.resume()


def test_a_stalled_print_goes_on_where_it_stood(bench: Bench) -> None:
    bench.printer.start(bench.upload())
    bench.control('{"stall_at": 0.5}')
    bench.now = 300
    assert bench.printer.snapshot().progress == pytest.approx(0.5)
    bench.control("{}")
    assert bench.printer.snapshot().progress == pytest.approx(0.5)
    bench.now = 305
    assert bench.printer.snapshot().progress == pytest.approx(0.75, abs=0.01)


def test_orders_from_outside_fail_vanish_and_reboot(bench: Bench) -> None:
    bench.control('{"fail_at": 0.25}')
    bench.printer.start(bench.upload())
    bench.now = 50
    seen = bench.printer.find("a.gcode")
    assert seen is not None
    assert (seen.outcome, seen.progress) == (JobOutcome.FAILED, pytest.approx(0.25))
    bench.printer.start(bench.upload("b.gcode"))
    bench.control('{"vanish_at": 0.5}')
    bench.now = 65
    with pytest.raises(PrinterOffline):
        bench.printer.snapshot()
    bench.control("{}")
    before = bench.printer.snapshot().session
    bench.control('{"reboot": true}')
    assert bench.printer.snapshot().session != before
    assert bench.printer.find("b.gcode") is None
    assert bench.printer.starts() == 2


def test_cancel_and_emergency_stop_end_a_print(bench: Bench) -> None:
    for name, verb, outcome in (
        ("a.gcode", bench.printer.cancel, JobOutcome.CANCELLED),
        ("b.gcode", bench.printer.emergency_stop, JobOutcome.FAILED),
    ):
        bench.printer.start(bench.upload(name))
        verb()
        seen = bench.printer.find(name)
        assert seen is not None
        assert seen.outcome is outcome
        with pytest.raises(PrinterRefused):
            verb()


def test_a_long_move_takes_its_trapezoid() -> None:
    # 100 mm at 100 mm/s and 1000 mm/s2: 0.1 s up, 0.1 s down (10 mm), 90 mm at full speed.
    assert estimate(["G1 X100 F6000"], acceleration_mm_s2=1000).total_seconds == pytest.approx(1.1)
    # 1 mm never reaches full speed: a triangle of 2 * sqrt(s / a).
    assert estimate(["G1 X1 F6000"], acceleration_mm_s2=1000).total_seconds == pytest.approx(
        2 * (1 / 1000) ** 0.5
    )


def test_a_straight_line_in_pieces_takes_about_as_long_as_in_one() -> None:
    whole = estimate(["M204 S1000", "G1 X100 F3000"]).total_seconds
    pieces = estimate(["M204 S1000", *[f"G1 X{x} F3000" for x in range(5, 101, 5)]]).total_seconds
    assert pieces == pytest.approx(whole, rel=0.05)


def test_a_quarter_turn_an_extrusion_and_heating_take_their_time() -> None:
    arc = estimate(["G1 X10 Y0 F600", "G3 X0 Y10 I-10 J0 F600"], acceleration_mm_s2=1e6)
    assert arc.total_seconds == pytest.approx(1 + 1.5708, rel=0.01)
    assert estimate(["G1 E10 F300"], acceleration_mm_s2=1e6).total_seconds == pytest.approx(
        2, rel=0.01
    )
    heated = estimate(["M104 S200", "M109 S221 ; wait", "M109 S221"])
    assert heated.total_seconds == pytest.approx(80)
    assert heated.preparing_seconds == heated.total_seconds


@given(st.lists(st.text(alphabet="GMXYZEFIJS0123456789.- ;\n", max_size=30), max_size=30))
def test_no_text_whatever_stops_the_model(lines: list[str]) -> None:
    assert estimate(lines).total_seconds >= 0
