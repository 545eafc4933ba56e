import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.measure import measure
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.rays import Rays
from parts3d.meshes.searches.thickness import measure_thickness
from parts3d.meshes.searches.walls import find_thin_walls, reach_for
from parts3d.meshes.shape import Shape, shape_of
from tests.meshes import solids
from tests.meshes.solids import Triangles

PLA = Printing()


def shape(triangles: Triangles) -> Shape:
    mesh = solids.mesh(triangles)
    return shape_of(mesh, measure(mesh))


def found(triangles: Triangles, printing: Printing = PLA) -> dict[Code, Finding]:
    return {finding.code: finding for finding in find_thin_walls(shape(triangles), printing)}


def frame(wall: float, size: float = 40, height: float = 20) -> Triangles:
    """Four upright walls around nothing: a square tube."""
    outer = solids.box((size, size, height))
    inner = solids.flipped(solids.box((size - 2 * wall,) * 2 + (height,), (wall, wall, 0)))
    tube = solids.together(outer[4:], inner[4:])
    rims = []
    for z, up in ((0.0, False), (height, True)):
        ring = [
            np.array([[c[0], c[1], z], [d[0], d[1], z], [e[0], e[1], z], [f[0], f[1], z]])
            for c, d, e, f in _ring(size, wall)
        ]
        for quad in ring:
            facets = quad[[[0, 1, 2], [0, 2, 3]]]
            rims.append(facets if up else facets[:, ::-1])
    return solids.together(tube, np.concatenate(rims).astype(np.float32))


def _ring(size: float, wall: float) -> list[tuple[tuple[float, float], ...]]:
    far = size - wall
    out = [(0.0, 0.0), (size, 0.0), (size, size), (0.0, size)]
    into = [(wall, wall), (far, wall), (far, far), (wall, far)]
    return [(out[i], out[(i + 1) % 4], into[(i + 1) % 4], into[i]) for i in range(4)]


def ring(radius: float, wall: float, height: float = 20, steps: int = 48) -> Triangles:
    inside = radius - wall
    profile = [(inside, 0.0), (radius, 0.0), (radius, height), (inside, height)]
    return solids.lathe(profile, steps, closed_ring=True)


def turned(triangles: Triangles, degrees: float, axis: int = 2) -> Triangles:
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    one, two = [other for other in range(3) if other != axis]
    matrix[one, one] = matrix[two, two] = cos
    matrix[one, two], matrix[two, one] = -sin, sin
    return np.asarray(triangles @ matrix.T, dtype=np.float32)


def hollow_ball(wall: float) -> Triangles:
    return solids.together(solids.sphere(60, 15), solids.flipped(solids.sphere(60, 15 - wall)))


@pytest.mark.parametrize("wall", [0.2, 0.35, 0.42])
@pytest.mark.parametrize("height", [20.0, 1.5])
def test_an_upright_wall_under_one_line_blocks(wall: float, height: float) -> None:
    finding = found(frame(wall, height=height))[Code.VANISHING_WALLS]
    assert finding.severity is Severity.BLOCKS
    assert finding.measured == pytest.approx(wall, rel=0.02)
    assert finding.limit == pytest.approx(0.45)
    assert finding.params["share_percent"] > 50


@pytest.mark.parametrize("wall", [0.5, 0.6, 0.7, 0.85 - 0.01])
def test_an_upright_wall_under_two_lines_warns(wall: float) -> None:
    findings = found(frame(wall))
    assert set(findings) == {Code.THIN_WALLS}
    assert findings[Code.THIN_WALLS].severity is Severity.WARNING
    assert findings[Code.THIN_WALLS].measured == pytest.approx(wall, rel=0.02)
    assert findings[Code.THIN_WALLS].limit == pytest.approx(PLA.wall_mm)


@pytest.mark.parametrize("wall", [0.9, 1.2, 2.0, 5.0])
def test_a_wall_of_two_lines_and_more_is_no_finding(wall: float) -> None:
    assert found(frame(wall)) == {}


@pytest.mark.parametrize(("wall", "code"), [(0.35, Code.VANISHING_WALLS), (0.6, Code.THIN_WALLS)])
@pytest.mark.parametrize("radius", [2.5, 5.0, 30.0])
def test_the_wall_of_a_tube_is_measured(wall: float, code: Code, radius: float) -> None:
    assert found(ring(radius, wall))[code].measured == pytest.approx(wall, rel=0.02)


@pytest.mark.parametrize("height", [0.2, 0.35, 0.5])
def test_a_sheet_of_less_than_three_layers_warns_and_never_blocks(height: float) -> None:
    findings = found(solids.box((40, 30, height)))
    assert set(findings) == {Code.THIN_WALLS}
    assert findings[Code.THIN_WALLS].measured == pytest.approx(height, rel=0.02)
    assert findings[Code.THIN_WALLS].limit == pytest.approx(0.6)


@pytest.mark.parametrize("height", [0.6, 0.85, 1.2])
def test_a_sheet_of_three_layers_is_no_finding(height: float) -> None:
    assert found(solids.box((40, 30, height))) == {}


@pytest.mark.parametrize("degrees", [15.0, 30.0])
def test_a_leaning_wall_is_measured_across(degrees: float) -> None:
    wall = turned(solids.box((0.6, 40, 30)), degrees, axis=1)
    assert found(wall)[Code.THIN_WALLS].measured == pytest.approx(0.6, rel=0.02)


def test_a_hollow_ball_s_wall_is_measured_from_both_sides() -> None:
    findings = found(hollow_ball(0.6))
    assert findings[Code.THIN_WALLS].measured == pytest.approx(0.6, rel=0.03)


def test_a_fin_on_a_plate_blocks_by_its_share_of_what_stands_upright() -> None:
    part = solids.together(solids.box((60, 60, 3)), solids.box((40, 0.35, 15), (10, 30, 3)))
    finding = found(part)[Code.VANISHING_WALLS]
    assert finding.measured == pytest.approx(0.35, rel=0.02)
    assert finding.params["share_percent"] == pytest.approx(12.3, abs=1.5)
    assert set(finding.facets) <= set(range(12, 24))


def test_raised_letters_are_no_walls() -> None:
    strokes = [solids.box((0.4, 8, 0.6), (3 + 2 * i, 5, 2)) for i in range(20)]
    assert found(solids.together(solids.box((50, 20, 2)), *strokes)) == {}


def test_a_knife_s_edge_and_a_chamfer_are_no_walls() -> None:
    wedge = solids.box((10, 40, 20))
    wedge[..., 0] = np.where(wedge[..., 2] > 10, 5, wedge[..., 0])
    assert found(wedge) == {}


def test_a_cone_s_tip_is_no_wall() -> None:
    cone = solids.lathe([(0, 0), (10, 0), (0, 30)], 32, closed_ring=False)
    assert found(cone) == {}


def test_thin_shells_within_others_or_against_them_are_no_walls() -> None:
    body = solids.box((20, 20, 20))
    within = solids.box((0.3, 12, 12), (9, 4, 4))
    against = solids.box((0.3, 20, 20), (20, 0, 0))
    through = solids.box((0.3, 30, 12), (4, -5, 4))
    assert found(solids.together(body, within)) == {}
    assert found(solids.together(body, against)) == {}
    assert Code.THIN_WALLS not in found(solids.together(body, within, against))
    assert found(solids.together(body, through))[Code.VANISHING_WALLS].measured == pytest.approx(
        0.3, rel=0.02
    )


@pytest.mark.parametrize("name", sorted(solids.SOUND))
def test_sound_models_have_walls_that_hold(name: str) -> None:
    assert found(solids.SOUND[name]()) == {}


def test_material_and_nozzle_move_the_limits() -> None:
    assert found(frame(1.0)) == {}
    assert Code.THIN_WALLS in found(frame(1.0), Printing("TPU"))
    assert Code.THIN_WALLS in found(frame(1.0), Printing(nozzle_mm=0.6, layer_height_mm=0.3))
    assert Code.VANISHING_WALLS in found(frame(0.6), Printing(nozzle_mm=0.8))
    assert PLA.wall_mm == pytest.approx(0.857, abs=0.001)


def test_a_fine_mesh_is_measured_as_a_coarse_one() -> None:
    coarse = found(ring(20, 0.6, steps=100))[Code.THIN_WALLS]
    fine = ring(20, 0.6, steps=100)
    while len(fine) < 210_000:
        a, b, c = fine[:, 0], fine[:, 1], fine[:, 2]
        ab, bc, ca = (a + b) / 2, (b + c) / 2, (c + a) / 2
        quarters = ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))
        fine = np.concatenate([np.stack(three, axis=1) for three in quarters])
    finding = found(fine)[Code.THIN_WALLS]
    assert finding.measured == pytest.approx(coarse.measured, rel=0.02)
    assert finding.params["share_percent"] == pytest.approx(coarse.params["share_percent"], abs=2)


def test_a_scene_and_a_thickness_can_be_handed_in() -> None:
    whole = shape(frame(0.6))
    rays = Rays(whole.measures.topology)
    thickness = measure_thickness(whole, reach_for(PLA), rays)
    alone, shared = find_thin_walls(whole, PLA)[0], find_thin_walls(whole, PLA, thickness)[0]
    assert alone.measured == shared.measured == find_thin_walls(whole, PLA, rays=rays)[0].measured


def test_a_ray_says_what_it_meets_and_how_far_off() -> None:
    whole = shape(solids.box((10, 10, 10), (500, -300, 200)))
    hits = Rays(whole.measures.topology).cast(
        np.array([[505.0, -295, 205], [505, -295, 205], [0, 0, 0]]),
        np.array([[0.0, 0, 1], [1, 0, 0], [-1, 0, 0]]),
    )
    assert hits.distance_mm == pytest.approx([5, 5, np.inf], rel=1e-5)
    assert whole.normals[hits.facet[0]] == pytest.approx([0, 0, 1])
    assert hits.facet[2] == -1


@settings(max_examples=20, deadline=None)
@given(degrees=st.floats(0, 360), wall=st.floats(0.15, 0.8), radius=st.floats(5, 60))
def test_turning_about_the_vertical_changes_nothing(
    degrees: float, wall: float, radius: float
) -> None:
    there, here = (
        find_thin_walls(shape(part), PLA) for part in _turned_pair(degrees, wall, radius)
    )
    assert [finding.code for finding in there] == [finding.code for finding in here]
    for one, other in zip(there, here, strict=True):
        assert one.measured == pytest.approx(other.measured, rel=0.01)


def _turned_pair(degrees: float, wall: float, radius: float) -> tuple[Triangles, Triangles]:
    part = ring(radius, wall, steps=24)
    return part, turned(part, degrees)


@settings(max_examples=20, deadline=None)
@given(factor=st.floats(0.2, 1.0), wall=st.floats(0.2, 1.0))
def test_scaling_a_part_scales_its_thickness(factor: float, wall: float) -> None:
    part = frame(wall)
    one = measure_thickness(shape(part), 2.0).thickness_mm.min()
    other = measure_thickness(shape(part * np.float32(factor)), 2.0).thickness_mm.min()
    assert one == pytest.approx(wall, rel=0.01)
    assert other == pytest.approx(one * factor, rel=0.01)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1e-38, 1e-6, 1.0, 900.0]))
def test_a_soup_of_triangles_is_borne(seed: int, scale: float) -> None:
    soup = np.random.default_rng(seed).normal(size=(80, 3, 3)) * scale
    for finding in find_thin_walls(shape(soup.astype(np.float32)), PLA):
        assert finding.measured is not None
        assert np.isfinite(finding.measured)
