import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.meshes.check import check
from parts3d.meshes.orient import drop_to_bed, orient, rotate, rotation_matrix, write_stl
from tests.meshes import solids
from tests.meshes.solids import mesh

ANGLES = st.tuples(*[st.floats(-360, 360) | st.sampled_from([-90.0, 0.0, 45.0, 90.0, 180.0])] * 3)


@given(ANGLES)
def test_turning_keeps_volume_and_area_and_tears_nothing(
    degrees: tuple[float, float, float],
) -> None:
    before, after = (
        check(m).measures for m in (mesh(solids.torus()), rotate(mesh(solids.torus()), degrees))
    )
    assert after.volume_mm3 == pytest.approx(before.volume_mm3, rel=1e-4)
    assert after.area_mm2 == pytest.approx(before.area_mm2, rel=1e-4)
    assert after.exact.watertight


@given(ANGLES)
def test_a_rotation_is_a_rotation(degrees: tuple[float, float, float]) -> None:
    turn = rotation_matrix(degrees)
    assert turn @ turn.T == pytest.approx(np.eye(3), abs=1e-12)
    assert np.linalg.det(turn) == pytest.approx(1)


def test_the_turns_are_about_x_then_y_then_z_counterclockwise() -> None:
    up = np.array([0.0, 0.0, 1.0])
    assert rotation_matrix((90, 0, 0)) @ up == pytest.approx([0, -1, 0])
    assert rotation_matrix((0, 90, 0)) @ up == pytest.approx([1, 0, 0])
    assert rotation_matrix((90, 0, 90)) @ up == pytest.approx([1, 0, 0])


def test_quarter_turns_are_exact() -> None:
    turn = rotation_matrix((90, -180, 270))
    assert (turn == np.rint(turn)).all()


@given(ANGLES, st.tuples(*[st.integers(-500, 500)] * 3))
def test_an_oriented_part_lies_on_the_middle_of_the_bed(
    degrees: tuple[float, float, float], at: tuple[int, int, int]
) -> None:
    part = orient(mesh(solids.box(at=at)), degrees)
    assert part.lower_mm[2] == 0
    assert (part.lower_mm + part.upper_mm)[:2] == pytest.approx([0, 0], abs=1e-3)


def test_the_slicers_file_never_begins_with_solid_and_has_outward_normals() -> None:
    data = write_stl(drop_to_bed(mesh(solids.box())))
    assert not data.startswith(b"solid")
    first_normal = np.frombuffer(data, "<f4", 3, 84)
    assert first_normal.tolist() == [0, 0, -1]


def test_a_facet_without_area_has_a_zero_normal_not_nan() -> None:
    data = write_stl(mesh(solids.box()[:1][:, [0, 0, 1]]))
    assert np.frombuffer(data, "<f4", 3, 84).tolist() == [0, 0, 0]
