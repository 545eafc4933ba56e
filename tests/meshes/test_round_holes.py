import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.measure import measure
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.round_holes import find_small_holes
from parts3d.meshes.shape import shape_of
from tests.meshes import solids
from tests.meshes.solids import Triangles


def found(triangles: Triangles, printing: Printing | None = None) -> tuple[Finding, ...]:
    mesh = solids.mesh(triangles)
    return find_small_holes(shape_of(mesh, measure(mesh)), printing or Printing())


def drilled(diameter: float, sides: int, *, deep: float | None = None) -> Triangles:
    """A round plate of 4 mm with a hole along z in its middle, through or so deep."""
    radius = diameter / 2
    if deep is None:
        profile = [(radius, 0.0), (10.0, 0.0), (10.0, 4.0), (radius, 4.0)]
        return solids.lathe(profile, sides, closed_ring=True)
    floor = 4 - deep
    outline = [(0.0, 0.0), (10.0, 0.0), (10.0, 4.0), (radius, 4.0), (radius, floor), (0.0, floor)]
    return solids.lathe(outline, sides, closed_ring=False)


@pytest.mark.parametrize("diameter", [0.3, 0.6, 0.8])
@pytest.mark.parametrize("sides", [5, 6, 8, 16, 64])
@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("deep", [None, 2.0])
def test_small_holes_are_found_and_measured(
    diameter: float, sides: int, axis: int, deep: float | None
) -> None:
    part = np.roll(drilled(diameter, sides, deep=deep), axis + 1, axis=2)
    (finding,) = found(part)
    assert (finding.code, finding.severity) == (Code.SMALL_HOLES, Severity.WARNING)
    assert finding.count == 1
    assert finding.measured == pytest.approx(diameter, rel=0.001)
    assert finding.limit == 1.0
    assert len(finding.facets) == 2 * sides


@pytest.mark.parametrize("diameter", [1.0, 2.0, 5.0])
@pytest.mark.parametrize("sides", [8, 16, 64])
def test_holes_wide_enough_are_no_finding(diameter: float, sides: int) -> None:
    assert found(drilled(diameter, sides)) == ()


def test_holes_are_counted_and_the_smallest_is_measured() -> None:
    parts = [drilled(size, 24) + np.float32(30 * i) for i, size in enumerate((0.5, 0.7, 0.9, 3))]
    (finding,) = found(solids.together(*parts))
    assert finding.count == 3
    assert finding.measured == pytest.approx(0.5, rel=0.001)


def test_a_countersunk_hole_is_its_narrow_part() -> None:
    profile = [(0.4, 0.0), (10.0, 0.0), (10.0, 4.0), (2.0, 4.0), (0.4, 2.4)]
    (finding,) = found(solids.lathe(profile, 24, closed_ring=True))
    assert finding.count == 1
    assert finding.measured == pytest.approx(0.8, rel=0.001)


def test_fillets_cones_balls_pins_and_threads_are_no_holes() -> None:
    turn = np.linspace(np.pi, 1.5 * np.pi, 9)
    fillet = [(10.5 + 0.5 * np.cos(t), 2.5 + 0.5 * np.sin(t)) for t in turn]
    boss = [(0.0, 0.0), (20.0, 0.0), (20.0, 2.0), *reversed(fillet), (10.0, 8.0), (0.0, 8.0)]
    assert found(solids.lathe(boss, 32, closed_ring=False)) == ()
    cone = [(0.0, 0.0), (10.0, 0.0), (10.0, 4.0), (0.45, 4.0), (0.1, 2.0), (0.0, 2.0)]
    assert found(solids.lathe(cone, 24, closed_ring=False)) == ()
    hollow = solids.flipped(solids.sphere(16, 0.4)) + np.float32(5)
    assert found(solids.together(solids.box(), hollow)) == ()
    assert found(solids.cylinder(24, 0.4, 10)) == ()
    steps = [(0.35 + 0.1 * (i % 2), 4 - 0.1 * i) for i in range(40)]
    thread = [(0.5, 0.0), (5.0, 0.0), (5.0, 4.0), *steps]
    assert found(solids.lathe(thread, 24, closed_ring=True)) == ()


def test_an_engraved_dot_is_no_hole() -> None:
    assert found(drilled(0.8, 24, deep=0.3)) == ()


@pytest.mark.parametrize("name", sorted(solids.SOUND))
def test_sound_models_have_no_small_holes(name: str) -> None:
    assert found(solids.SOUND[name]()) == ()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), diameter=st.floats(0.2, 0.95), sides=st.integers(5, 48))
def test_a_hole_is_found_however_the_part_is_turned(seed: int, diameter: float, sides: int) -> None:
    matrix, _ = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))
    matrix *= np.sign(np.linalg.det(matrix))
    (finding,) = found((drilled(diameter, sides) @ matrix.T).astype(np.float32))
    assert finding.count == 1
    assert finding.measured == pytest.approx(diameter, rel=0.005)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), scale=st.sampled_from([1e-38, 1e-3, 1.0, 900.0]))
def test_a_soup_of_triangles_is_borne(seed: int, scale: float) -> None:
    soup = np.random.default_rng(seed).normal(size=(90, 3, 3)) * scale
    soup[30:, 0] = soup[:60, 1]
    for finding in found(soup.astype(np.float32)):
        assert np.isfinite(finding.measured or 0.0)
