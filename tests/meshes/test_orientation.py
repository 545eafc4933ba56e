import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Vector
from parts3d.meshes.orient import laying, orient, rotate, rotation_matrix
from parts3d.meshes.orientation import Candidate, candidates
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.hanging import hanging
from parts3d.meshes.shape import shape_of
from tests.meshes import solids
from tests.meshes.solids import Triangles, box, mesh, together

PLA = Printing("PLA")
MK3: Vector = (250, 210, 210)


def best(triangles: Triangles, **asked: object) -> Candidate:
    return candidates(mesh(triangles), printing=PLA, **asked)[0]  # type: ignore[arg-type]


def laid_size(triangles: Triangles, candidate: Candidate) -> list[float]:
    laid = orient(mesh(triangles), candidate.orientation_deg)
    return [round(float(side), 2) for side in laid.upper_mm - laid.lower_mm]


def table() -> Triangles:
    legs = [box((6, 6, 41), (x, y, 0)) for x in (0, 74) for y in (0, 54)]
    return together(*legs, box((80, 60, 5), (0, 0, 40)))


def l_bracket() -> Triangles:
    """Standing: a foot and a wall, 20 mm broad; an ell seen from the side."""
    return together(box((40, 20, 4)), box((4, 20, 40)))


def knob() -> Triangles:
    """A cap on a stem with a blind bore, stem down: the cap hangs over all round."""
    return solids.lathe(
        [(0, 14), (3, 14), (3, 0), (7, 0), (7, 15), (20, 15), (20, 23), (0, 23)],
        48,
        closed_ring=False,
    )


def cup() -> Triangles:
    """Upside down: the opening faces the bed."""
    return solids.lathe(
        [(0, 38), (28, 38), (28, 0), (30, 0), (30, 40), (0, 40)], 64, closed_ring=False
    )


def test_a_standing_box_lies_down_on_its_largest_side() -> None:
    first = best(box((10, 30, 60)))
    assert laid_size(box((10, 30, 60)), first) == [60, 30, 10]
    assert first.support_mm3 == 0
    assert first.contact_mm2 == pytest.approx(1800)
    assert first.height_mm == pytest.approx(10)


def test_a_box_that_lies_well_stays_as_it_is() -> None:
    first = best(box((60, 30, 10)))
    assert first.as_is
    assert first.orientation_deg == (0, 0, 0)


def test_a_table_stands_on_its_top() -> None:
    first = best(table())
    assert first.support_mm3 < 20
    assert first.height_mm == pytest.approx(45)
    assert first.contact_mm2 == pytest.approx(4800)


def test_an_ell_is_laid_so_that_nothing_hangs() -> None:
    assert best(l_bracket()).support_mm3 == 0


def test_an_ell_that_is_bent_in_use_lies_on_its_side() -> None:
    # Pulled along the wall, upright layers would come apart: on its side the load is in the layer.
    first = best(l_bracket(), load_direction=(0, 0, 1))
    assert first.layer_angle_deg == pytest.approx(90)
    assert first.support_mm3 == 0
    assert first.height_mm == pytest.approx(20)


def test_a_knob_stands_on_its_cap() -> None:
    first = best(knob())
    assert not first.as_is
    assert first.contact_mm2 == pytest.approx(np.pi * 400, rel=0.01)
    assert first.support_mm3 == 0


def test_a_cup_stands_with_its_opening_up() -> None:
    first = best(cup())
    assert first.support_mm3 == 0
    assert first.contact_mm2 == pytest.approx(np.pi * 900, rel=0.01)


def test_a_tee_stands_on_its_bar() -> None:
    tee = together(box((10, 20, 31), (15, 0, 0)), box((40, 20, 6), (0, 0, 30)))
    assert best(tee).support_mm3 == 0


def test_a_rod_lies_when_it_is_pulled_along_its_length() -> None:
    rod = box((6, 6, 40))
    assert best(rod, load_direction=(0, 0, 5)).layer_angle_deg == pytest.approx(90)
    standing = [c for c in candidates(mesh(rod), printing=PLA, load_direction=(0, 0, 1)) if c.as_is]
    assert standing[0].layer_angle_deg == pytest.approx(0)
    assert dict(standing[0].costs_seconds)["layers"] > 1_000


def test_a_cube_has_one_pose() -> None:
    assert len(candidates(mesh(box((20, 20, 20))), printing=PLA)) == 1


def test_a_box_has_three_poses_and_no_double() -> None:
    several = candidates(mesh(box((10, 20, 30))), printing=PLA, count=9)
    assert sorted(round(c.height_mm) for c in several) == [10, 20, 30]


def test_a_cylinder_stands_on_either_end_once() -> None:
    several = candidates(mesh(solids.cylinder(48, 20, 12)), printing=PLA)
    assert several[0].height_mm == pytest.approx(12)
    assert sum(c.height_mm == pytest.approx(12) for c in several) == 1


def test_a_pose_that_no_printer_takes_comes_last() -> None:
    long = box((20, 300, 30))
    several = candidates(mesh(long), printing=PLA, beds_mm=[MK3], count=9)
    assert several[0].fits
    assert [c.fits for c in several] == sorted((c.fits for c in several), reverse=True)
    x, y, _ = laid_size(long, several[0])
    assert x <= 250.05
    assert y <= 210.05


def test_the_files_own_pose_is_always_there() -> None:
    several = candidates(mesh(table()), printing=PLA, count=1)
    assert [c.as_is for c in several] == [False, True]
    assert several[1].support_mm3 > 10_000
    assert several[1].orientation_deg == (0, 0, 0)


def test_the_cost_is_the_sum_of_its_named_parts_and_the_best_is_first() -> None:
    several = candidates(mesh(table()), printing=PLA, load_direction=(1, 1, 0), count=5)
    for one in several:
        assert one.cost_seconds == pytest.approx(sum(dict(one.costs_seconds).values()))
        assert all(seconds >= 0 for _, seconds in one.costs_seconds)
    ranked = [c.cost_seconds for c in several[:5]]
    assert ranked == sorted(ranked)


def test_the_same_mesh_gives_the_same_poses() -> None:
    assert candidates(mesh(knob()), printing=PLA) == candidates(mesh(knob()), printing=PLA)


@pytest.mark.parametrize("load", [(0.0, 0.0, 0.0), (float("nan"), 0.0, 1.0)])
def test_a_load_without_a_direction_is_refused(load: Vector) -> None:
    with pytest.raises(ValueError, match="load direction"):
        candidates(mesh(box()), printing=PLA, load_direction=load)


def test_no_candidates_asked_is_refused() -> None:
    with pytest.raises(ValueError, match="At least one"):
        candidates(mesh(box()), printing=PLA, count=0)


def test_a_flat_sheet_has_at_least_its_own_pose() -> None:
    assert any(c.as_is for c in candidates(mesh(box()[:2]), printing=PLA))


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[st.floats(-180, 180)] * 3), st.sampled_from([table, knob, l_bracket, cup]))
def test_a_part_turned_in_its_file_is_laid_the_same_way(degrees: Vector, part: object) -> None:
    triangles = part()  # type: ignore[operator]
    straight, turned = best(triangles), best(rotate(mesh(triangles), degrees).triangles)
    assert turned.height_mm == pytest.approx(straight.height_mm, rel=0.01, abs=0.1)
    assert turned.support_mm3 == pytest.approx(straight.support_mm3, rel=0.1, abs=60)
    assert turned.contact_mm2 == pytest.approx(straight.contact_mm2, rel=0.05, abs=2)


@settings(max_examples=25, deadline=None)
@given(st.tuples(*[st.floats(-180, 180)] * 3))
def test_what_hangs_in_a_pose_is_what_hangs_after_turning_the_mesh(degrees: Vector) -> None:
    part = mesh(l_bracket())
    laid = rotate(part, degrees)
    one = hanging(shape_of(part, measure(part)), rotation_matrix(degrees), PLA)
    two = hanging(shape_of(laid, measure(laid)), np.eye(3), PLA)
    assert one.area_mm2 == pytest.approx(two.area_mm2, rel=0.05, abs=5)
    assert one.support_mm3 == pytest.approx(two.support_mm3, rel=0.05, abs=50)


@given(
    st.tuples(*[st.floats(-1, 1)] * 3).filter(lambda v: sum(a * a for a in v) > 0.01),
    st.floats(0, 360),
)
def test_laying_turns_the_direction_to_the_bed(down: Vector, spin: float) -> None:
    turned = rotation_matrix(laying(down, spin)) @ (np.array(down) / np.linalg.norm(down))
    assert turned == pytest.approx([0, 0, -1], abs=3e-5)


@pytest.mark.parametrize("down", [(0, 0, -1), (0, 0, 1), (1, 0, 0), (-1, 0, 0), (0, 1, 0)])
def test_a_side_along_an_axis_is_laid_by_quarter_turns(down: Vector) -> None:
    assert all(angle % 90 == 0 for angle in laying(down))
