"""The truth set: each known defect is found with its count, and clean parts pass."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from parts3d.meshes.check import Check, Question, check
from parts3d.meshes.findings import Code, Severity, Verdict
from parts3d.meshes.reader import read
from parts3d.meshes.words import LANGUAGES, say
from tests.meshes.models import obj, three_mf
from tests.meshes.solids import Triangles, mesh
from tests.meshes.truth.clean import CLEAN, Clean
from tests.meshes.truth.defects import ON_THE_SURFACE, Defect
from tests.meshes.truth.defects_in_print import IN_PRINT
from tests.meshes.truth.models import ascii_stl, binary_stl

DEFECTS = [*ON_THE_SURFACE, *IN_PRINT]
by_name = pytest.mark.parametrize("defect", DEFECTS, ids=lambda defect: defect.name)
parts = pytest.mark.parametrize("part", CLEAN, ids=lambda part: part.name)


def moved(triangles: Triangles) -> Triangles:
    return np.asarray(triangles + np.float32(100), dtype=np.float32)


def quarter_turned(triangles: Triangles) -> Triangles:
    """Turned by 90 degrees about z; exact."""
    return np.stack((-triangles[..., 1], triangles[..., 0], triangles[..., 2]), axis=-1)


def shuffled(triangles: Triangles) -> Triangles:
    random = np.random.default_rng(len(triangles))
    mixed = triangles[random.permutation(len(triangles))]
    first = random.integers(0, 3, len(mixed))
    return mixed[np.arange(len(mixed))[:, None], (first[:, None] + np.arange(3)) % 3]


def turned_question(question: Question) -> Question:
    """The question with the declared sides turned as the part is."""
    if question.declared_mm is None:
        return question
    x, y, z = question.declared_mm
    return replace(question, declared_mm=(y, x, z))


def counts(result: Check) -> dict[Code, int]:
    return {finding.code: finding.count for finding in result.findings}


def assert_told(result: Check, defect: Defect) -> None:
    """Every code with its count, no other code, the defect's severity, and the verdict."""
    expected = {defect.code: defect.count, **defect.also}
    found = counts(result)
    assert set(found) == set(expected)
    assert all(expected[code] in {None, count} for code, count in found.items()), found
    finding = result.finding(defect.code)
    assert finding is not None
    assert finding.severity is defect.severity
    assert result.verdict is defect.verdict
    if defect.measured is not None:
        assert finding.measured == pytest.approx(defect.measured, rel=0.02)
    for name, figure in defect.params.items():
        assert finding.params[name] == pytest.approx(figure, rel=0.02)


@by_name
def test_a_known_defect_is_found_with_its_count_value_and_verdict(defect: Defect) -> None:
    assert_told(check(mesh(defect.triangles()), defect.question), defect)


@pytest.mark.parametrize(
    "defect", [each for each in DEFECTS if each.places], ids=lambda defect: defect.name
)
@pytest.mark.parametrize("change", [np.array, moved, shuffled])
def test_the_places_of_a_defect_are_where_it_was_made(
    defect: Defect, change: Callable[[Triangles], Triangles]
) -> None:
    triangles = change(defect.triangles())
    finding = check(mesh(triangles), defect.question).finding(defect.code)
    assert finding is not None
    edges = finding.segments_mm
    points = (edges if len(edges) else triangles[finding.facets]).reshape(-1, 3)
    box = np.stack((points.min(axis=0), points.max(axis=0)))
    assert box == pytest.approx(np.array(defect.places) + 100 * (change is moved), abs=0.01)


@by_name
def test_a_defect_off_the_origin_is_the_same_defect(defect: Defect) -> None:
    assert_told(check(mesh(moved(defect.triangles())), defect.question), defect)


@by_name
def test_a_defect_turned_on_the_bed_is_the_same_defect(defect: Defect) -> None:
    turned = quarter_turned(defect.triangles())
    question = turned_question(defect.question)
    result = check(mesh(turned), question)
    swapped = {"x_mm": "y_mm", "y_mm": "x_mm"}
    params = {swapped.get(name, name): figure for name, figure in defect.params.items()}
    assert_told(result, replace(defect, params=params))


@by_name
def test_a_defect_does_not_hang_on_the_facets_order(defect: Defect) -> None:
    # Which facets hang is asked at sampled points, and those hang on the order.
    also = {
        code: None if code is Code.OVERHANGS else count
        for code, count in {**defect.also, defect.code: defect.count}.items()
    }
    result = check(mesh(shuffled(defect.triangles())), defect.question)
    assert_told(result, replace(defect, also=also))


@by_name
@pytest.mark.parametrize("write", [binary_stl, ascii_stl])
def test_a_defect_is_found_in_a_file_as_well(
    defect: Defect, write: Callable[[Triangles], bytes]
) -> None:
    assert_told(check(read(write(defect.triangles())), defect.question), defect)


@by_name
def test_a_defect_is_said_in_four_languages(defect: Defect) -> None:
    findings = check(mesh(defect.triangles()), defect.question).findings
    for finding in findings:
        said = {say(finding, language) for language in LANGUAGES}
        assert len(said) == len(LANGUAGES)
        assert not any("{" in sentence or "nan" in sentence.split() for sentence in said)


def assert_clean(result: Check, part: Clean) -> None:
    found = counts(result)
    assert set(found) == set(part.told)
    assert all(part.told[code] in {None, count} for code, count in found.items()), found
    assert all(finding.severity is Severity.INFO for finding in result.findings)
    assert result.verdict is Verdict.PRINTABLE
    assert result.measures.exact.watertight


@parts
def test_nothing_is_held_against_a_clean_part(part: Clean) -> None:
    triangles = part.triangles()
    assert_clean(check(mesh(triangles)), part)
    assert_clean(check(mesh(shuffled(moved(quarter_turned(triangles))))), part)


@parts
def test_a_clean_part_is_clean_in_every_format(part: Clean) -> None:
    triangles = part.triangles()
    for write in (binary_stl, ascii_stl, three_mf, obj):
        again = read(write(triangles))
        assert len(again.triangles) == len(triangles)
        assert_clean(check(again), part)


def test_the_set_is_as_large_as_was_asked_and_leaves_no_code_out() -> None:
    assert len(DEFECTS) >= 60
    assert len(CLEAN) >= 40
    assert len({defect.name for defect in DEFECTS}) == len(DEFECTS)
    assert len({part.name for part in CLEAN}) == len(CLEAN)
    assert {defect.code for defect in DEFECTS} == set(Code)


def test_no_two_models_of_the_set_are_the_same() -> None:
    models = [(each.triangles(), each.question) for each in DEFECTS]
    models += [(each.triangles(), Question()) for each in CLEAN]
    assert len({(triangles.tobytes(), str(question)) for triangles, question in models}) == len(
        models
    )


def test_clean_parts_are_no_toys() -> None:
    facets = [len(part.triangles()) for part in CLEAN]
    assert np.median(facets) > 100
    assert max(facets) > 2000
