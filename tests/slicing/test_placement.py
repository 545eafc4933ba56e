import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.errors import Invalid, Unreadable
from parts3d.slicing.placement import place, place_copies, rotation_matrix
from parts3d.slicing.profiles import profile
from tests.slicing.shapes import box_stl, cylinder_stl

angles = st.tuples(*[st.floats(-180, 180) for _ in range(3)])
offsets = st.tuples(*[st.floats(-500, 500) for _ in range(3)])


def corners(stl: bytes) -> np.ndarray:
    facets = np.frombuffer(stl, dtype="<f4,(3,3)f4", count=0)
    assert facets.size == 0
    rows = np.frombuffer(stl, dtype=np.uint8, offset=84).reshape(-1, 50)[:, 12:48]
    return rows.copy().view("<f4").reshape(-1, 3)


@given(at=offsets, angle=angles)
def test_any_model_ends_centred_on_the_bed_with_its_volume(
    at: tuple[float, float, float], angle: tuple[float, float, float]
) -> None:
    part = place(box_stl(10, 20, 30, at=at), angle)
    points = corners(part.stl)
    low, high = points.min(axis=0), points.max(axis=0)
    assert low[2] == pytest.approx(0, abs=1e-3)
    assert (low + high)[:2] == pytest.approx([0, 0], abs=2e-3)
    assert high[2] == pytest.approx(part.height_mm, abs=1e-3)
    assert part.volume_mm3 == pytest.approx(6000, rel=1e-3)


def test_a_turn_about_x_lays_height_into_depth() -> None:
    part = place(box_stl(10, 20, 30), (90.0, 0.0, 0.0))
    assert (part.size_x_mm, part.size_y_mm, part.height_mm) == pytest.approx((10, 30, 20))


def test_the_turns_are_about_x_then_y_then_z() -> None:
    turned = rotation_matrix((90.0, 0.0, 90.0)) @ np.array([0.0, 1.0, 0.0])
    assert turned == pytest.approx([0, 0, 1], abs=1e-9)
    turned = rotation_matrix((90.0, 0.0, 90.0)) @ np.array([1.0, 0.0, 0.0])
    assert turned == pytest.approx([0, 1, 0], abs=1e-9)


def test_placing_twice_changes_nothing() -> None:
    once = place(cylinder_stl(10, 7))
    assert corners(place(once.stl).stl) == pytest.approx(corners(once.stl), abs=1e-5)


def test_a_brim_needs_its_room() -> None:
    plank = box_stl(240, 20, 5)
    place_copies(plank, profile("mk3s"))
    with pytest.raises(Invalid, match="needs 8 mm around it"):
        place_copies(plank, profile("mk3s"), brim_mm=8)


def test_a_part_that_fits_only_turned_is_turned_on_the_bed() -> None:
    part = place_copies(box_stl(20, 240, 5), profile("mk3s"))
    assert (part.size_x_mm, part.size_y_mm) == pytest.approx((240, 20))
    assert part.one_mm == pytest.approx((20, 240, 5))
    assert [spot.turned for spot in part.spots] == [True]


def test_one_copy_is_what_placing_the_model_gives() -> None:
    model = cylinder_stl(10, 7)
    assert place_copies(model, profile("mk3s")).stl == place(model).stl


def test_copies_measure_together_what_each_measures() -> None:
    one = place(box_stl(10, 20, 30))
    plate = place_copies(box_stl(10, 20, 30), profile("mk3s"), copies=5)
    assert plate.copies == 5
    assert plate.volume_mm3 == pytest.approx(5 * one.volume_mm3)
    assert len(plate.stl) == 84 + 5 * (len(one.stl) - 84)
    assert plate.height_mm == pytest.approx(30)
    points = corners(plate.stl)
    assert (points.min(axis=0) + points.max(axis=0))[:2] == pytest.approx([0, 0], abs=1e-3)
    assert points.min(axis=0)[2] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize("copies", [0, -1, 61, 10_000])
def test_more_copies_than_the_bed_takes_are_refused_with_the_most(copies: int) -> None:
    with pytest.raises(Invalid, match="choose from 1 to 60") as refused:
        place_copies(box_stl(10, 10, 5), profile("mk3s"), copies=copies)
    assert refused.value.place == "quantity"


@pytest.mark.parametrize("stl", [b"", b"\0" * 84, box_stl(1, 1, 1)[:-7]])
def test_a_broken_file_is_unreadable(stl: bytes) -> None:
    with pytest.raises(Unreadable):
        place(stl)


def test_an_open_surface_has_no_volume() -> None:
    whole = box_stl(10, 20, 30)
    lidless = whole[:80] + (11).to_bytes(4, "little") + whole[84:-50]
    assert place(lidless).volume_mm3 == 0
