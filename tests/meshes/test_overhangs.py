import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.measure import measure
from parts3d.meshes.orient import rotate
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.overhangs import find_overhangs
from parts3d.meshes.shape import Shape, shape_of
from tests.meshes import solids
from tests.meshes.solids import Triangles, box, mesh, together

PLA = Printing("PLA")
TPU = Printing("TPU")


def prism(outline: list[tuple[float, float]], depth: float) -> Triangles:
    """A simple x-z outline (counterclockwise seen from -y) drawn out along y; shapely cuts it."""
    from shapely import Polygon, constrained_delaunay_triangles

    faces = []
    for piece in constrained_delaunay_triangles(Polygon(outline)).geoms:
        ring = np.array(piece.exterior.coords)[:3]
        (ax, az), (bx, bz) = ring[1] - ring[0], ring[2] - ring[0]
        if ax * bz < az * bx:
            ring = ring[::-1]
        front = np.stack((ring[:, 0], np.zeros(3), ring[:, 1]), axis=1)
        back = front[::-1] + np.array([0, depth, 0])
        faces += [front, back]
    for a, b in zip(outline, outline[1:] + outline[:1], strict=True):
        p, q = (a[0], 0.0, a[1]), (b[0], 0.0, b[1])
        r, s = (b[0], depth, b[1]), (a[0], depth, a[1])
        faces += [np.array([p, s, r]), np.array([p, r, q])]
    return np.array(faces, dtype=np.float32)


def gate(span: float, height: float = 20, depth: float = 10) -> Triangles:
    """Two legs of 5 mm with a beam of 5 mm over the span."""
    out = span + 10
    return prism(
        [
            (0, 0),
            (5, 0),
            (5, height),
            (5 + span, height),
            (5 + span, 0),
            (out, 0),
            (out, height + 5),
            (0, height + 5),
        ],
        depth,
    )


def shelf(reach: float, height: float = 20, depth: float = 10) -> Triangles:
    """A column of 10 mm with a board that sticks out at the top."""
    return prism(
        [
            (0, 0),
            (10, 0),
            (10, height),
            (10 + reach, height),
            (10 + reach, height + 5),
            (0, height + 5),
        ],
        depth,
    )


def hole_block(radius: float, steps: int = 32) -> Triangles:
    """A block with a horizontal tunnel, open at both ends: an arch on a slit to the bed."""
    angle = np.linspace(np.pi, 0, steps + 1)
    arch = [(float(30 + radius * np.cos(t)), float(20 + radius * np.sin(t))) for t in angle]
    return prism(
        [(0, 0), (30 - radius, 0), *arch, (30 + radius, 0), (60, 0), (60, 60), (0, 60)], 20
    )


def shape(triangles: Triangles) -> Shape:
    whole = mesh(triangles)
    return shape_of(whole, measure(whole))


def found(triangles: Triangles, printing: Printing = PLA) -> dict[Code, Finding]:
    return {finding.code: finding for finding in find_overhangs(shape(triangles), printing)}


@pytest.mark.parametrize(
    "triangles",
    [box(), solids.cylinder(), solids.tube(), solids.tetrahedron(), box(at=(500, -300, 200))],
)
def test_what_rises_from_the_bed_has_no_overhang(triangles: Triangles) -> None:
    assert found(triangles) == {}


def test_a_board_that_sticks_out_is_an_overhang_with_the_column_under_it() -> None:
    overhang = found(shelf(15))
    assert set(overhang) == {Code.OVERHANGS}
    finding = overhang[Code.OVERHANGS]
    assert finding.severity is Severity.INFO
    assert finding.params["area_mm2"] == pytest.approx(150, rel=1e-3)
    assert finding.params["support_mm3"] == pytest.approx(150 * 20, rel=1e-3)
    assert finding.limit == 45
    assert finding.count == len(finding.facets) == 2
    assert (shape(shelf(15)).mesh.triangles[finding.facets][:, :, 2] == 20).all()


def test_a_lip_of_two_lines_holds_itself() -> None:
    assert found(shelf(0.8)) == {}


def test_a_beam_held_at_both_ends_is_a_bridge_and_no_overhang() -> None:
    bridges = found(gate(18))
    assert set(bridges) == {Code.BRIDGES}
    finding = bridges[Code.BRIDGES]
    assert (finding.count, finding.severity, finding.limit) == (1, Severity.INFO, 20)
    assert finding.measured == pytest.approx(18, abs=0.1)


def test_a_beam_too_long_for_the_material_is_a_warning() -> None:
    assert found(gate(25))[Code.BRIDGES].severity is Severity.WARNING
    assert found(gate(18), TPU)[Code.BRIDGES].severity is Severity.WARNING


def test_a_beam_of_separate_overlapping_bodies_is_a_bridge_too() -> None:
    legs = (box((6, 10, 21)), box((6, 10, 21), (24, 0, 0)))
    bridges = found(together(*legs, box((30, 10, 5), (0, 0, 20))))
    assert set(bridges) == {Code.BRIDGES}
    assert bridges[Code.BRIDGES].measured == pytest.approx(18, abs=0.5)


def test_a_table_on_a_middle_leg_hangs_over_all_round() -> None:
    table = together(box((5, 5, 31), (-2.5, -2.5, 0)), box((60, 60, 4), (-30, -30, 30)))
    finding = found(table)[Code.OVERHANGS]
    assert finding.params["area_mm2"] == pytest.approx(3600 - 25, rel=0.05)
    assert finding.params["support_mm3"] == pytest.approx(30 * (3600 - 25), rel=0.05)


def test_support_ends_on_the_part_below() -> None:
    over_a_foot = together(shelf(15, height=40), box((30, 10, 10), (0, 0, 0)))
    finding = found(over_a_foot)[Code.OVERHANGS]
    assert finding.params["support_mm3"] == pytest.approx(150 * 30, rel=0.02)


def test_a_body_that_stands_on_another_does_not_hang() -> None:
    assert found(together(box((20, 20, 10)), box((10, 10, 10), (5, 5, 10)))) == {}


def test_a_small_horizontal_hole_carries_itself_a_large_one_does_not() -> None:
    assert Code.OVERHANGS not in found(hole_block(4))
    assert Code.OVERHANGS in found(hole_block(18))


def test_a_ball_hangs_over_below() -> None:
    finding = found(solids.sphere(64))[Code.OVERHANGS]
    cap = 2 * np.pi * 100 * (1 - np.sin(np.radians(45.5)))
    assert finding.params["area_mm2"] == pytest.approx(cap, rel=0.1)
    assert 0 < finding.params["support_mm3"] < np.pi * 50 * 3


@pytest.mark.parametrize(("degrees", "hangs"), [(40, False), (44, False), (50, True), (60, True)])
def test_a_leaning_slab_hangs_over_beyond_the_limit(degrees: float, *, hangs: bool) -> None:
    lean = 30 * np.tan(np.radians(degrees))
    slab = prism([(0, 0), (30, 0), (30 + lean, 30), (lean, 30)], 10)
    assert (Code.OVERHANGS in found(slab)) is hangs


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 360), st.floats(5, 40), st.floats(5, 60))
def test_a_turn_on_the_bed_changes_nothing(spin: float, reach: float, height: float) -> None:
    turned = rotate(mesh(shelf(reach, height)), (0, 0, spin)).triangles
    straight, other = found(shelf(reach, height)), found(turned)
    assert set(straight) == set(other) == {Code.OVERHANGS}
    one, two = straight[Code.OVERHANGS].params, other[Code.OVERHANGS].params
    assert two["support_mm3"] == pytest.approx(one["support_mm3"], rel=1e-2)


@settings(max_examples=25, deadline=None)
@given(st.floats(0, 360), st.floats(4, 40))
def test_a_bridge_is_a_bridge_however_it_is_turned_on_the_bed(spin: float, span: float) -> None:
    bridges = found(rotate(mesh(gate(span, depth=30)), (0, 0, spin)).triangles)
    assert set(bridges) == {Code.BRIDGES}
    assert span - 0.1 <= (bridges[Code.BRIDGES].measured or 0) <= span * 1.08 + 0.1


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([1e-38, 1e-6, 1, 1e3]))
def test_a_soup_of_facets_is_endured(seed: int, count: int, size: float) -> None:
    soup = np.random.default_rng(seed).uniform(-size, size, (count, 3, 3)).astype(np.float32)
    for finding in find_overhangs(shape(soup), PLA):
        assert np.isfinite(finding.measured or 0.0)
        assert all(np.isfinite(value) for value in finding.params.values())


def test_one_facet_many_times_is_endured() -> None:
    same = np.repeat(box()[:1], 3_000, axis=0)
    assert find_overhangs(shape(same), PLA) == ()


def test_a_large_mesh_gives_what_the_same_small_one_gives() -> None:
    fine = shelf(15)
    for _ in range(7):
        a, b, c = fine[:, 0], fine[:, 1], fine[:, 2]
        d, e, f = (a + b) / 2, (b + c) / 2, (c + a) / 2
        fine = np.concatenate(
            [np.stack(t, 1) for t in ((a, d, f), (d, b, e), (f, e, c), (d, e, f))]
        )
    assert len(fine) > 200_000
    finding = found(fine)[Code.OVERHANGS]
    assert finding.params["area_mm2"] == pytest.approx(150, rel=0.01)
    assert finding.params["support_mm3"] == pytest.approx(3000, rel=0.02)
