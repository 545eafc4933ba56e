import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parts3d.meshes.check import Check, Question, check
from parts3d.meshes.findings import Code, Verdict
from parts3d.meshes.words import say
from tests.meshes import solids
from tests.meshes.solids import DEFECTS, LIE, SOUND, WALLS, Defect, mesh


def surface(result: Check) -> dict[Code, int]:
    others = LIE | WALLS
    return {
        finding.code: finding.count for finding in result.findings if finding.code not in others
    }


@pytest.mark.parametrize("name", SOUND)
def test_a_sound_model_has_no_finding_and_is_watertight(name: str) -> None:
    result = check(mesh(SOUND[name]()))
    assert surface(result) == {}
    assert result.measures.watertight
    assert result.verdict in {Verdict.PRINTABLE, Verdict.PRINTABLE_WITH_WARNINGS}


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
def test_a_known_defect_is_found_with_its_count_and_nothing_else_is(defect: Defect) -> None:
    assert surface(check(mesh(defect.triangles()))) == defect.found


# A hairline, or a model in metres, loses its last digits when moved.
MOVABLE = [
    defect
    for defect in DEFECTS
    if not {Code.HAIRLINE_GAPS, Code.LOOKS_LIKE_METRES} & set(defect.found)
]


@given(
    defect=st.sampled_from(MOVABLE),
    seed=st.integers(0, 2**32 - 1),
    shift=st.tuples(*[st.integers(-8, 8)] * 3),
)
def test_moving_and_shuffling_facets_changes_neither_findings_nor_volume(
    defect: Defect, seed: int, shift: tuple[int, int, int]
) -> None:
    random = np.random.default_rng(seed)
    before = defect.triangles()
    # Multiples of 16 mm, so that equal points stay equal, and no point rounds onto another.
    moved = before[random.permutation(len(before))] + np.array(shift, np.float32) * 16
    turns = random.integers(0, 3, len(moved))
    moved = np.stack(
        [np.roll(facet, turn, axis=0) for facet, turn in zip(moved, turns, strict=True)]
    )
    one, other = check(mesh(before)), check(mesh(moved))
    assert surface(one) == surface(other)
    assert other.measures.area_mm2 == pytest.approx(one.measures.area_mm2, rel=1e-4)
    if one.measures.watertight:
        assert other.measures.volume_mm3 == pytest.approx(one.measures.volume_mm3, rel=1e-3)


@pytest.mark.parametrize(
    ("triangles", "volume", "area"),
    [
        (solids.box((2, 3, 4)), 24, 52),
        (solids.tetrahedron(6), 36, 54 + 18 * 3**0.5),
        (solids.together(solids.box(), solids.box()), 6000, 2200),
        (solids.flipped(solids.box()), 6000, 2200),
    ],
)
def test_volume_and_area_are_what_geometry_says(
    triangles: solids.Triangles, volume: float, area: float
) -> None:
    measures = check(mesh(triangles)).measures
    assert measures.volume_mm3 == pytest.approx(volume, rel=1e-6)
    assert measures.area_mm2 == pytest.approx(area, rel=1e-6)


def test_a_hollow_is_taken_off_the_volume() -> None:
    hollow = solids.together(
        solids.box((30, 30, 30)), solids.flipped(solids.box((5, 5, 5), (10, 10, 10)))
    )
    assert check(mesh(hollow)).measures.volume_mm3 == pytest.approx(27000 - 125)


@pytest.mark.parametrize(
    ("triangles", "verdict"),
    [
        (solids.box(), Verdict.PRINTABLE),
        (solids.nudged(solids.box(), 4, 1e-4), Verdict.PRINTABLE_WITH_WARNINGS),
        (solids.without(solids.box(), 4), Verdict.REPAIRABLE),
        (solids.flipped(solids.box()), Verdict.REPAIRABLE),
        (solids.together(solids.box(), solids.box()), Verdict.REPAIRABLE),
        (solids.box()[:2], Verdict.NOT_PRINTABLE),
        (solids.moebius(), Verdict.NOT_PRINTABLE),
    ],
)
def test_the_verdict_follows_the_worst_finding(
    triangles: solids.Triangles, verdict: Verdict
) -> None:
    assert check(mesh(triangles)).verdict is verdict


def test_loose_facets_are_no_repairable_surface() -> None:
    random = np.random.default_rng(7)
    soup = random.uniform(0, 50, (100, 3, 3)).astype(np.float32)
    assert check(mesh(soup)).verdict is Verdict.NOT_PRINTABLE


def test_a_large_hole_that_is_not_flat_is_not_offered_for_repair() -> None:
    torn = solids.without(solids.torus(), *range(200))
    assert check(mesh(torn)).verdict is Verdict.NOT_PRINTABLE


def test_a_part_too_large_for_every_bed_is_refused_with_its_size() -> None:
    part = mesh(solids.box((240, 120, 50)))
    beds = ((180.0, 180.0, 180.0), (210.0, 250.0, 210.0))
    quarter_turn = check(part, Question(beds_mm=beds))
    assert quarter_turn.finding(Code.TOO_LARGE_FOR_BED) is None
    result = check(part, Question(beds_mm=beds[:1]))
    finding = result.finding(Code.TOO_LARGE_FOR_BED)
    assert finding is not None
    assert "240.0 x 120.0 x 50.0 mm" in say(finding)
    assert result.verdict is Verdict.NOT_PRINTABLE


def test_a_small_size_is_doubted_unless_a_person_said_the_unit() -> None:
    part = mesh(solids.box((1, 1, 1)))
    doubted = check(part).finding(Code.LOOKS_LIKE_INCHES)
    assert doubted is not None
    assert "25.4 mm" in say(doubted)
    assert check(part, Question(unit_is_certain=True)).findings == ()


def test_how_a_sphere_lies_is_part_of_its_check() -> None:
    result = check(mesh(solids.sphere(200)))
    assert {Code.OVERHANGS, Code.SMALL_BED_CONTACT} <= {found.code for found in result.findings}
    assert result.verdict is Verdict.PRINTABLE_WITH_WARNINGS


def test_a_box_stands_well_and_hangs_nowhere() -> None:
    assert check(mesh(solids.box())).findings == ()


def test_flipped_facets_are_told_by_their_numbers_in_the_file() -> None:
    triangles = solids.box().copy()
    triangles[[3, 7]] = triangles[[3, 7], ::-1]
    found = check(mesh(triangles)).finding(Code.FLIPPED_FACETS)
    assert found is not None
    assert found.facets.tolist() == [3, 7]
    most = solids.box().copy()
    most[1:] = most[1:, ::-1]
    found = check(mesh(most)).finding(Code.FLIPPED_FACETS)
    assert found is not None
    assert (found.count, found.facets.tolist()) == (11, list(range(1, 12)))


def test_the_places_of_holes_and_knots_are_edges_and_the_facets_beside_them() -> None:
    torn = check(mesh(solids.without(solids.box(), 4))).finding(Code.OPEN_EDGES)
    assert torn is not None
    assert torn.segments_mm.shape == (3, 2, 3)
    assert len(torn.facets) == 3
