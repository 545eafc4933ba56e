import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.measure import measure
from parts3d.meshes.printing import Printing
from parts3d.meshes.searches.features import find_small_features
from parts3d.meshes.shape import shape_of
from tests.meshes import solids
from tests.meshes.solids import Triangles

PLATE = solids.box((60, 40, 3))


def found(triangles: Triangles, printing: Printing | None = None) -> tuple[Finding, ...]:
    mesh = solids.mesh(triangles)
    return find_small_features(shape_of(mesh, measure(mesh)), printing or Printing())


def pin(across: float, height: float, at: tuple[float, float], sides: int = 24) -> Triangles:
    upright = solids.cylinder(sides, across / 2, height)
    return upright + np.array([*at, 3], dtype=np.float32)


@pytest.mark.parametrize("across", [0.5, 0.8, 1.2, 1.4])
@pytest.mark.parametrize("sides", [8, 24, 64])
def test_thin_round_pins_are_counted_and_measured(across: float, sides: int) -> None:
    pins = [pin(across, 6, (10 + 8 * i, 20), sides) for i in range(4)]
    (finding,) = found(solids.together(PLATE, *pins))
    assert (finding.code, finding.severity) == (Code.SMALL_FEATURES, Severity.WARNING)
    assert finding.count == 4
    assert finding.measured == pytest.approx(across * np.cos(np.pi / sides), rel=0.02)
    assert finding.limit == 1.5
    assert finding.facets.min() >= len(PLATE)


def test_a_square_pin_is_one_pin() -> None:
    (finding,) = found(solids.together(PLATE, solids.box((1, 1.2, 8), (20, 20, 3))))
    assert finding.count == 1
    assert finding.measured == pytest.approx(1.1, abs=0.1)


@pytest.mark.parametrize(
    "feature",
    [
        pin(2.0, 10, (20, 20)),
        pin(1.0, 0.8, (20, 20)),
        solids.box((1, 10, 8), (20, 20, 3)),
        solids.box((20, 1, 1), (20, 20, 3)),
        pin(30, 10, (30, 20)),
    ],
    ids=["thick pin", "bump", "rib", "low ridge", "post"],
)
def test_what_is_no_thin_pin_is_no_finding(feature: Triangles) -> None:
    assert found(solids.together(PLATE, feature)) == ()


@pytest.mark.parametrize("name", sorted(solids.SOUND))
def test_sound_models_have_no_pins(name: str) -> None:
    assert found(solids.SOUND[name]()) == ()


def test_a_stiffer_material_may_be_thinner() -> None:
    part = solids.together(PLATE, pin(1.6, 8, (20, 20)))
    assert found(part) == ()
    assert found(part, Printing("PETG"))[0].count == 1


@settings(max_examples=20, deadline=None)
@given(degrees=st.floats(0, 360), across=st.floats(0.4, 1.4))
def test_turning_about_the_vertical_changes_nothing(degrees: float, across: float) -> None:
    part = solids.together(PLATE, pin(across, 6, (10, 10)), pin(across, 6, (40, 30)))
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
    (here,), (there,) = found(part), found((part @ turn.T).astype(np.float32))
    assert here.count == there.count == 2
    assert here.measured == pytest.approx(there.measured, rel=0.01)
