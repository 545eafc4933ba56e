import pytest

from parts3d.slicing.gcode import GcodeRefused, read
from parts3d.slicing.gcode_gate import check_gate
from parts3d.slicing.profiles import profile

GOOD = """M104 S210
M140 S60
M190 S60
M109 S210
G28
G90
M83
G92 E0
G1 Z0.2 F720
G1 X50 Y50 F6000
M106 S255
{here}
G1 X60 E1 F1200
M107
M104 S0
M140 S0
M84
"""


def let_through(gcode: str, printer_model: str = "mk3s") -> None:
    check_gate(read(gcode.encode()), profile(printer_model))


@pytest.mark.parametrize(
    "line",
    [
        "", "; a comment", "G4 P500", "M204 S800", "M205 X8 Y8", "M221 S95", "M220 S100",
        "M900 K0.05", "M862.1 P0.4", "G0 X249.9 Y209.9 F9000", "G1 Y-3 F1000\nG1 Y50",
        "M400", "M105",
        "G92 E0", "M106 S127.5", "G21", "M104 S285", "M140 S115", "G80", "G29", "G28 W",
    ],
)  # fmt: skip
def test_what_a_print_needs_passes(line: str) -> None:
    let_through(GOOD.format(here=line))


@pytest.mark.parametrize(
    "line",
    [
        # EEPROM, firmware, files, reset, other machines
        "M500", "M501", "M502", "M503", "M504", "M92 E500", "M301 P1", "M303", "M206 X5", "M851 Z1",
        "M115", "M997", "M999", "M112", "M28", "M29", "M30", "M32", "M23", "M24", "M26 S5", "M928",
        "M81", "M80", "M42 P5 S255", "M300", "M600", "M601", "M0", "M1", "M25", "M18", "M17",
        "M201 X9000", "M203 X900", "M569", "M906 X2000", "M907 E900", "M211 S0", "M302 P1",
        "M110", "M111 S255", "M155 S1", "M486 T0", "T1", "M116", "M98", "M150", "M118", "M117",
        # moving otherwise
        "G91", "G20", "G53", "G10", "G11", "G2 X1 Y1 I1 J1", "G3 X1 Y1 I1 J1", "G5", "G30", "G27",
        "G92 X0", "G92 Z5", "G92 E5", "G34", "G60", "G425",
        # beyond the limits
        "M104 S286", "M109 S400", "M140 S116", "M190 S200", "M104", "M104 S-5", "M104 T1 S200",
        "M106 S256", "M106 P2 S255", "M220 S300", "M221 S200", "M204 S90000", "M204 S0",
        "M205 X99", "G4 P99999999", "M900 K50", "M862.1 P5", "M84 S5", "G28 O", "M400 P1",
        "G1 X255 F6000", "G1 X-5 F6000", "G1 Y215 F6000", "G1 Y-4.5 F6000", "G1 Z210.5 F600",
        "G1 Z-0.1 F600", "G1 X251 E1 F1200", "G1 Y-2 E1 F1200",
        "G1 Y-3 F1000\nG1 Y5 E1",
        # cold
        "M104 S0\nG1 X55 E1 F1200", "M104 S100",
    ],
)  # fmt: skip
def test_what_no_print_needs_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(GcodeRefused) as refusal:
        let_through(GOOD.format(here=line))
    assert "Line 1" in refusal.value.message
    assert refusal.value.place is not None


@pytest.mark.parametrize(
    ("missing", "words"),
    [
        ("G28\n", "before the printer was homed"),
        ("M104 S0\n", "nozzle still heated"),
        ("M140 S0\n", "bed still heated"),
    ],
)
def test_what_every_print_needs_must_be_there(missing: str, words: str) -> None:
    gcode = GOOD.format(here="")
    assert missing in gcode
    with pytest.raises(GcodeRefused, match=words):
        let_through(gcode.replace(missing, ""))


def test_a_file_without_moves_or_with_a_late_heater_is_refused() -> None:
    with pytest.raises(GcodeRefused, match="moves nothing"):
        let_through("G28\nM104 S0\nM140 S0\n")
    with pytest.raises(GcodeRefused, match="nozzle still heated"):
        let_through(GOOD.format(here="") + "M104 S50\n")


def test_the_limits_are_those_of_the_printer() -> None:
    high = GOOD.format(here="G1 Z240 F600")
    let_through(high, "neptune4")
    with pytest.raises(GcodeRefused, match="Prusa MK3S"):
        let_through(high, "mk3s")
