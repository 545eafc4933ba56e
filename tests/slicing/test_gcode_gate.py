import pytest

from parts3d.slicing.gcode import GcodeRefused, read
from parts3d.slicing.gcode_gate import check_gate
from parts3d.slicing.profiles import profile
from tests.slicing.gate_cases import AT_LINE, bad_cases, good_cases, with_line


def let_through(gcode: str, printer_model: str = "mk3s") -> None:
    check_gate(read(gcode.encode()), profile(printer_model))


@pytest.mark.parametrize(("printer_model", "gcode"), good_cases())
def test_what_a_print_needs_passes(printer_model: str, gcode: str) -> None:
    let_through(gcode, printer_model)


@pytest.mark.parametrize(("printer_model", "line"), bad_cases())
def test_what_no_print_needs_is_refused_with_its_line(printer_model: str, line: str) -> None:
    with pytest.raises(GcodeRefused) as refusal:
        let_through(with_line(line), printer_model)
    place = refusal.value.place or ""
    # The line itself, or the next one, where it does its harm.
    assert place in {f"line {number}" for number in range(AT_LINE, AT_LINE + 3)}
    assert place.capitalize() in refusal.value.message


def test_there_are_two_hundred_bad_files_and_fifty_good_ones() -> None:
    bad, good = bad_cases(), good_cases()
    assert len({line for _, line in bad}) >= 200
    assert len({gcode for _, gcode in good}) >= 50
    firmwares = {profile(model).firmware for model, _ in bad}
    assert firmwares == {profile(model).firmware for model, _ in good}
    assert firmwares == {"prusa", "klipper", "bambu"}


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("G28\n", "before the printer was homed"),
        ("M104 S0\n", "nozzle still heated"),
        ("M140 S0\n", "bed still heated"),
    ],
)
def test_what_every_print_needs_must_be_there(missing: str, words: str) -> None:
    gcode = with_line("")
    assert missing in gcode
    with pytest.raises(GcodeRefused, match=words):
        let_through(gcode.replace(missing, ""))


def test_a_file_without_moves_or_with_a_late_heater_is_refused() -> None:
    with pytest.raises(GcodeRefused, match="moves nothing"):
        let_through("G28\nM104 S0\nM140 S0\n")
    with pytest.raises(GcodeRefused, match="nozzle still heated"):
        let_through(with_line("") + "M104 S50\n")


def test_the_limits_are_those_of_the_printer() -> None:
    high = with_line("G1 Z240 F600")
    let_through(high, "neptune4")
    with pytest.raises(GcodeRefused, match="Prusa MK3S"):
        let_through(high, "mk3s")


def test_a_plain_marlin_levels_by_its_own_command_only() -> None:
    marlin = profile("mk3s").model_copy(update={"firmware": "marlin"})
    check_gate(read(with_line("G29").encode()), marlin)
    for line in ("G80", "G29 A", "M862.1 P0.4"):
        with pytest.raises(GcodeRefused, match=f"Line {AT_LINE}"):
            check_gate(read(with_line(line).encode()), marlin)


def test_nothing_is_printed_where_something_stands_on_the_bed() -> None:
    let_through(with_line("G1 X20 E1 F1200"), "p1s")
    let_through(with_line("G1 X15 F6000\nG1 X50"), "p1s")
    with pytest.raises(GcodeRefused, match="prints beside the bed"):
        let_through(with_line("G1 X15 E1 F1200"), "p1s")
