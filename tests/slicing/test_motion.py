import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.slicing.gcode import read
from parts3d.slicing.motion import move_seconds, print_seconds
from parts3d.slicing.profiles import profile

LIMITS = profile("mk3s").limits.model_copy(update={"jerk_xy": 1e-6, "jerk_z": 1e-6, "jerk_e": 1e-6})
MK3S = profile("mk3s").limits

lengths = st.lists(st.floats(0.1, 80), min_size=1, max_size=30)
points = st.lists(st.tuples(st.floats(0, 200), st.floats(0, 200)), min_size=2, max_size=40)


def gcode(xy: list[tuple[float, float]], speed: int = 6000, acceleration: int = 1000) -> bytes:
    moves = "\n".join(f"G1 X{x:.3f} Y{y:.3f}" for x, y in xy)
    return f"G28\nM204 S{acceleration}\nG1 F{speed}\n{moves}\n".encode()


def seconds(xy: list[tuple[float, float]], speed: int = 6000, acceleration: int = 1000) -> float:
    return print_seconds(read(gcode(xy, speed, acceleration)), MK3S)


def test_a_long_move_speeds_up_cruises_and_brakes() -> None:
    path = read(b"G28\nM204 S500\nG1 X100 F3000\n")
    # v = 50 mm/s, a = 500 mm/s²: 0.1 s and 2.5 mm to speed up and to brake, 95 mm at 50 mm/s.
    assert move_seconds(path, LIMITS)[0] == pytest.approx(0.1 + 0.1 + 95 / 50, rel=1e-4)


def test_a_short_move_never_reaches_its_speed() -> None:
    path = read(b"G28\nM204 S500\nG1 X1 F12000\n")
    assert move_seconds(path, LIMITS)[0] == pytest.approx(2 * math.sqrt(1 / 500), rel=1e-4)


def test_the_firmware_clamps_what_the_file_asks() -> None:
    path = read(b"G28\nM204 S1000\nG1 Z12 F60000\n")
    # Z: 12 mm/s and 200 mm/s² whatever was asked.
    assert move_seconds(path, LIMITS)[0] == pytest.approx(1 + 12 / 200, rel=1e-3)


def test_a_right_angle_is_taken_at_jerk_speed() -> None:
    # Each leg from 8 mm/s (jerk) to 100 and back, 1000 mm/s²: 92 ms and 4.968 mm a ramp.
    leg = 2 * 0.092 + (50 - 2 * 4.968) / 100
    assert seconds([(50, 0), (50, 50)]) == pytest.approx(2 * leg, rel=1e-6)
    assert seconds([(50, 0), (100, 0)]) == pytest.approx(2 * 0.092 + (100 - 9.936) / 100)


@given(lengths)
def test_cutting_a_straight_line_into_pieces_changes_nothing(pieces: list[float]) -> None:
    ends = np.round(np.cumsum(pieces), 3).tolist()
    cut = seconds([(x, 0.0) for x in ends])
    assert cut == pytest.approx(seconds([(ends[-1], 0.0)]), rel=1e-4, abs=1e-4)


@given(points)
def test_a_print_takes_at_least_its_length_over_its_speed(xy: list[tuple[float, float]]) -> None:
    path = read(gcode(xy))
    length = float(np.linalg.norm(path.end - path.start, axis=1).sum())
    assert print_seconds(path, MK3S) >= length / 100 - 1e-6


@given(points)
def test_more_speed_or_acceleration_never_takes_longer(xy: list[tuple[float, float]]) -> None:
    slow = seconds(xy, speed=3000, acceleration=500)
    assert seconds(xy, speed=3000, acceleration=900) <= slow * (1 + 1e-9) + 1e-9
    assert seconds(xy, speed=6000, acceleration=500) <= slow * (1 + 1e-6) + 0.02 * len(xy)


@given(points)
def test_a_path_takes_as_long_backwards(xy: list[tuple[float, float]]) -> None:
    there = [(0.0, 0.0), *xy, (0.0, 0.0)]
    assert seconds(there) == pytest.approx(seconds(there[::-1]), rel=1e-6, abs=1e-4)


def test_dwells_count_and_an_empty_file_takes_no_time() -> None:
    assert print_seconds(read(b"G4 P1500\nG4 S2\n"), MK3S) == pytest.approx(3.5)
    assert print_seconds(read(b""), MK3S) == 0
