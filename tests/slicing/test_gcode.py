import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.slicing.gcode import GcodeRefused, inspect, read

HEAD = b"G28\nM83\nM104 S200\nM140 S60\n"


def test_relative_and_absolute_extrusion_give_the_same_moves() -> None:
    relative = read(b"G28\nM83\nG1 X10 E1 F600\nG1 X20 E1\nG1 E-0.5\n")
    absolute = read(b"G28\nM82\nG92 E0\nG1 X10 E1 F600\nG1 X20 E2\nG1 E1.5\n")
    assert relative.extruded.tolist() == [1, 1, -0.5]
    assert absolute.extruded.tolist() == [1, 1, -0.5]
    assert relative.end.tolist() == absolute.end.tolist()


def test_speed_and_position_stay_until_changed() -> None:
    path = read(b"G28\nG1 X10 F600\nG1 Y5\nG0 Z2 F1200 ; up\n")
    assert path.speed.tolist() == [10, 10, 20]
    assert path.end.tolist() == [[10, 0, 0], [10, 5, 0], [10, 5, 2]]
    assert path.start[2].tolist() == [10, 5, 0]


def test_layers_are_counted_where_the_part_is_printed() -> None:
    gcode = HEAD + (
        b"G1 F1200 X5 E9\n;PARTS3D:PART\n"
        b"G1 Z0.2\n;TYPE:SKIRT\nG1 X100 E5\n;TYPE:WALL-OUTER\nG1 X20 Y20 E1\nG1 X30 E1\n"
        b"G1 Z0.8\nG1 X20\nG1 Z0.4\nG1 X40 Y30 E1\n;TYPE:FILL\nG1 X25 Y25 E3\n"
        b";TYPE:SUPPORT\nG1 Z0.5\nG1 X0 Y0 E2\n;PARTS3D:END\nG1 Z50\nM104 S0\nM140 S0\n"
    )
    found = inspect(read(b";PARTS3D:START\n" + gcode))
    assert (found.layers, found.first_layer_z_mm, found.top_z_mm) == (2, 0.2, 0.4)
    assert str(found.bounds_mm) == "((20.0, 0.0), (100.0, 30.0))"
    assert found.extruded_mm_by_role["infill"] == 3
    assert found.extruded_mm_by_role["support"] == 2
    assert found.filament_mm == 13
    assert found.purge_mm == 9
    assert found.max_nozzle_c == 200
    assert found.heaters_off_at_end


def test_a_file_that_prints_nothing_has_no_layers_and_no_bounds() -> None:
    found = inspect(read(b"G28\nG1 X10 F600\nG1 E-1\n"))
    assert (found.layers, found.bounds_mm, found.first_layer_z_mm) == (0, None, None)
    assert not found.heaters_off_at_end


@pytest.mark.parametrize(
    "line",
    [
        "G1 X1e3 F600", "G1 Xnan F600", "G1 X1_0 F600", "G1 X F600", "G1 X1 X2 F600",
        "G1 X1 G28", "G1 X1 H2 F600", "G1 X1 F0", "G1 X1 F-5", "G1 X1*55 F600",
        "N5 G1 X1*33", "@pause", "hello", "{macro}", "SET_PIN PIN=x", "G1\tX1e9 F600",
        "M117 Hello there", "M104 S200 S10", "G4 P1e9", "!reset", "G28 X$", "M23 a.g",
        "G1 X" + "9" * 400 + " F600", "M104 S" + "9" * 300,
    ],
)  # fmt: skip
def test_what_is_no_plain_gcode_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(GcodeRefused) as refusal:
        read(b"G28\nG1 X1 F600\n" + line.encode() + b"\n")
    assert refusal.value.place == "line 3" or "too large" in refusal.value.message


def test_bytes_that_are_no_text_are_refused_with_their_line() -> None:
    with pytest.raises(GcodeRefused, match="Line 2"):
        read(b"G28\n\xff\xfe\n")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    # Any other kind of error would fail this test.
    with contextlib.suppress(GcodeRefused):
        inspect(read(text.encode("utf-8", "replace")))
