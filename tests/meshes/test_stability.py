import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.measure import measure
from parts3d.meshes.orient import rotate
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.stability import (
    centre_of_gravity,
    find_stability,
    hull,
    inside_by,
    stand_of,
)
from parts3d.meshes.shape import Shape, shape_of
from tests.meshes import solids
from tests.meshes.solids import Triangles, box, mesh, together

PLA = Printing("PLA")


def shape(triangles: Triangles) -> Shape:
    whole = mesh(triangles)
    return shape_of(whole, measure(whole))


def found(triangles: Triangles) -> dict[Code, Finding]:
    return {finding.code: finding for finding in find_stability(shape(triangles), PLA)}


@pytest.mark.parametrize(
    "triangles",
    [box(), box((50, 40, 1)), box((3, 3, 2)), box((10, 10, 90)), solids.cylinder(), solids.tube()],
)
def test_what_stands_on_a_broad_flat_side_is_safe(triangles: Triangles) -> None:
    assert found(triangles) == {}


def test_a_box_touches_the_bed_with_its_underside_and_its_weight_acts_in_the_middle() -> None:
    whole = shape(box((20, 30, 10), at=(100, -50, 7)))
    stand = stand_of(whole, np.eye(3), centre_of_gravity(whole), PLA)
    assert stand.contact_mm2 == pytest.approx(600)
    assert stand.margin_mm == pytest.approx(10)
    assert stand.height_mm == pytest.approx(10)
    assert stand.safe_margin_mm == pytest.approx(0.5)


def test_a_ball_touches_the_bed_with_too_little() -> None:
    finding = found(solids.sphere(100))[Code.SMALL_BED_CONTACT]
    assert finding.severity is Severity.WARNING
    assert finding.measured == pytest.approx(np.pi * 2 * 10 * 0.1, rel=0.1)
    assert finding.limit == pytest.approx(8, rel=0.01)


def test_a_cone_on_its_tip_touches_too_little_and_may_tip_over() -> None:
    cone = solids.lathe([(0, 0), (10, 30), (0, 30)], 48, closed_ring=False)
    assert set(found(cone)) == {Code.SMALL_BED_CONTACT, Code.MAY_TIP_OVER}


def test_a_part_whose_weight_acts_beyond_what_touches_the_bed_may_tip_over() -> None:
    gallows = together(box((10, 10, 40)), box((80, 10, 10), (0, 0, 40)))
    finding = found(gallows)[Code.MAY_TIP_OVER]
    assert finding.measured is not None
    assert finding.measured == pytest.approx(-((400 * 5 + 800 * 40) / 1200 - 10), rel=1e-3)


def test_a_slender_rod_may_tip_over_and_a_thicker_one_not() -> None:
    assert Code.MAY_TIP_OVER in found(solids.cylinder(48, radius=2, height=60))
    assert Code.MAY_TIP_OVER not in found(solids.cylinder(48, radius=5, height=60))


def test_four_feet_stand_as_safely_as_the_rectangle_round_them() -> None:
    feet = [box((5, 5, 10), (x, y, 0)) for x in (0, 45) for y in (0, 25)]
    assert found(together(*feet, box((50, 30, 4), (0, 0, 10)))) == {}


def test_the_weight_of_an_open_surface_acts_within_its_box() -> None:
    centre = centre_of_gravity(shape(box((10, 10, 10))[:3]))
    assert ((centre >= 0) & (centre <= 10)).all()


def test_an_inside_out_box_stands_like_the_box() -> None:
    assert found(solids.flipped(box())) == {}


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 360), st.floats(2, 40), st.floats(2, 40), st.floats(2, 200))
def test_a_turn_on_the_bed_keeps_the_stand(spin: float, x: float, y: float, z: float) -> None:
    one, two = (
        stand_of(s, np.eye(3), centre_of_gravity(s), PLA)
        for s in (
            shape(box((x, y, z))),
            shape(rotate(mesh(box((x, y, z))), (0, 0, spin)).triangles),
        )
    )
    assert two.contact_mm2 == pytest.approx(one.contact_mm2, rel=1e-3)
    assert two.margin_mm == pytest.approx(min(x, y) / 2, rel=1e-3)
    assert two.margin_mm == pytest.approx(one.margin_mm, rel=1e-3)


@given(
    st.lists(
        st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=40, unique=True
    )
)
def test_a_hull_holds_its_points(points: list[tuple[int, int]]) -> None:
    cloud = np.array(points, dtype=np.float64)
    outline = hull(cloud)
    assert {tuple(p) for p in outline} <= {tuple(p) for p in cloud}
    # The farthest points in 96 directions: what is left out sticks out less than 0.1 %.
    width = max(float(np.ptp(cloud, axis=0).max()), 1.0)
    assert min(inside_by(outline, point) for point in cloud) >= -0.03 * width


def test_corners_a_rounding_error_apart_do_not_turn_inside_out() -> None:
    ragged = np.array([[0, 0], [10, 0], [10, 1e-7], [10, 0], [10, 10], [0, 10]], dtype=np.float64)
    assert inside_by(ragged, np.array([4.0, 5.0])) == pytest.approx(4)
    assert inside_by(ragged, np.array([13.0, 5.0])) == pytest.approx(-3)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([1e-38, 1e-6, 1, 1e3]))
def test_a_soup_of_facets_is_endured(seed: int, count: int, size: float) -> None:
    soup = np.random.default_rng(seed).uniform(-size, size, (count, 3, 3)).astype(np.float32)
    for finding in find_stability(shape(soup), PLA):
        assert finding.measured is not None
        assert np.isfinite(finding.measured)
