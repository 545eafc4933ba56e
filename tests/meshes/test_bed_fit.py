import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.findings import Code, Finding, Severity
from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Vector
from parts3d.meshes.orient import orient, rotate
from parts3d.meshes.searches.bed_fit import find_bed_fit
from parts3d.meshes.shape import shape_of
from tests.meshes import solids
from tests.meshes.solids import Triangles, box, mesh

MK3: Vector = (250, 210, 210)
MINI: Vector = (180, 180, 180)


def found(triangles: Triangles, *beds_mm: Vector) -> tuple[Finding, ...]:
    whole = mesh(triangles)
    return find_bed_fit(shape_of(whole, measure(whole)), beds_mm)


def turned(triangles: Triangles, finding: Finding) -> Vector:
    degrees = (
        finding.params["turn_x_deg"],
        finding.params["turn_y_deg"],
        finding.params["turn_z_deg"],
    )
    laid = orient(mesh(triangles), degrees)
    x, y, z = laid.upper_mm - laid.lower_mm
    return float(x), float(y), float(z)


def test_without_printers_nothing_is_asked() -> None:
    assert found(box((900, 900, 900))) == ()


def test_what_fits_one_printer_fits() -> None:
    assert found(box((200, 100, 50)), MINI, MK3) == ()
    assert found(box((200, 240, 50)), MK3) == ()
    assert found(box(MK3), MK3) == ()


def test_a_part_too_tall_fits_when_it_is_laid_down() -> None:
    (finding,) = found(box((50, 50, 240)), MINI, MK3)
    assert (finding.code, finding.severity) == (Code.FITS_WHEN_TURNED, Severity.WARNING)
    assert turned(box((50, 50, 240)), finding)[2] == pytest.approx(50)
    assert finding.params["z_mm"] == pytest.approx(240)


def test_a_rod_longer_than_the_bed_fits_across_it() -> None:
    (finding,) = found(box((290, 10, 10)), MK3)
    assert finding.code is Code.FITS_WHEN_TURNED
    assert finding.params["turn_x_deg"] == finding.params["turn_y_deg"] == 0
    x, y, _ = turned(box((290, 10, 10)), finding)
    assert x <= 250.01
    assert y <= 210.01


def test_a_rod_longer_than_the_diagonal_fits_nowhere() -> None:
    (finding,) = found(box((330, 10, 10)), MK3, MINI)
    assert (finding.code, finding.severity) == (Code.TOO_LARGE_FOR_BED, Severity.BLOCKS)
    assert finding.count == 2
    assert finding.params == pytest.approx({"x_mm": 330, "y_mm": 10, "z_mm": 10})


def test_a_cube_larger_than_the_bed_fits_nowhere() -> None:
    assert [f.code for f in found(box((215, 215, 215)), MK3)] == [Code.TOO_LARGE_FOR_BED]


def test_a_plate_drawn_leaning_fits_when_it_is_laid_flat() -> None:
    leaning = rotate(mesh(box((200, 200, 5))), (50, 20, 10)).triangles
    (finding,) = found(leaning, (210, 210, 60))
    assert finding.code is Code.FITS_WHEN_TURNED
    assert turned(leaning, finding)[2] == pytest.approx(5, abs=0.05)


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(*[st.floats(20, 300)] * 3),
    st.tuples(*[st.floats(0, 360)] * 3),
)
def test_a_turn_that_is_named_fits_and_what_lies_straight_and_fits_is_found(
    size: Vector, degrees: Vector
) -> None:
    part = rotate(mesh(box(size)), degrees).triangles
    codes = found(part, MK3)
    for finding in codes:
        if finding.code is Code.FITS_WHEN_TURNED:
            x, y, z = turned(part, finding)
            assert z <= 210.05
            assert min(x, y) <= 210.05
            assert max(x, y) <= 250.05
    low, middle, high = sorted(size)
    if low <= 200 and middle <= 200 and high <= 240:
        assert Code.TOO_LARGE_FOR_BED not in {finding.code for finding in codes}


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.sampled_from([1e-38, 1, 1e3]))
def test_a_soup_of_facets_is_endured(seed: int, count: int, size: float) -> None:
    soup = np.random.default_rng(seed).uniform(-size, size, (count, 3, 3)).astype(np.float32)
    assert len(found(soup, MK3)) <= 1


def test_a_ball_larger_than_the_bed_fits_nowhere() -> None:
    assert [f.code for f in found(solids.sphere(48, 120), MK3)] == [Code.TOO_LARGE_FOR_BED]
