from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parts3d.meshes.findings import Code, Severity
from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.searches.crossings import crossings_of, find_crossings, shallow_limit_mm
from parts3d.meshes.searches.crossings_depth import depths_mm
from parts3d.meshes.searches.crossings_pairs import meeting, surface_of
from parts3d.meshes.searches.crossings_work import CrossingBudget
from parts3d.meshes.searches.predicates import orient_2d, orient_3d
from parts3d.meshes.shape import Shape, shape_of
from parts3d.meshes.topology import weld
from tests.meshes.crossing_truth import (
    BAR_THROUGH_PLATE,
    CASES,
    Case,
    Triangles,
    brute_force,
    together,
)

_whole = st.integers(-3, 3).map(float)
_uneven = st.sampled_from([0.0, 0.1, 0.3, 1.0, 1 / 3, -0.7, 1e-7, -1e-30, 2.5, 1e5])


def shape(triangles: Triangles) -> Shape:
    mesh = Mesh(np.array(triangles, dtype=np.float32))
    return shape_of(mesh, measure(mesh))


def soups(coordinate: st.SearchStrategy[float]) -> st.SearchStrategy[Triangles]:
    corner = st.tuples(coordinate, coordinate, coordinate)
    facet = st.tuples(corner, corner, corner)
    return st.lists(facet, min_size=2, max_size=7).map(lambda rows: np.array(rows, np.float32))


def pairs_decided(triangles: Triangles, deeper_than_mm: float = -1) -> set[tuple[int, int]]:
    """All pairs of a soup that the exact decision tells of, from a depth on."""
    topology = weld(Mesh(triangles + np.float32(0)))
    surface = surface_of(topology.vertices, topology.faces)
    one, other = np.triu_indices(len(topology.faces), 1)
    crossing, lying = meeting(surface, one, other)
    at = np.flatnonzero(crossing | lying)
    at = at[depths_mm(surface, one[at], other[at], lying[at]) > deeper_than_mm]
    first, second = topology.facets[one[at]].tolist(), topology.facets[other[at]].tolist()
    return {(min(pair), max(pair)) for pair in zip(first, second, strict=True)}


def pairs_decided_deep(triangles: Triangles) -> set[tuple[int, int]]:
    vertices = weld(Mesh(triangles + np.float32(0))).vertices
    return pairs_decided(triangles, shallow_limit_mm(vertices)) if len(vertices) else set()


def pairs_expected(triangles: Triangles) -> set[tuple[int, int]]:
    kept = set(weld(Mesh(triangles + np.float32(0))).facets.tolist())
    return {pair for pair in brute_force(triangles)[1] if kept.issuperset(pair)}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_facets_that_cut_through_each_other_are_counted(case: Case) -> None:
    triangles = case.triangles()
    expected = brute_force(triangles)[0] if case.count is None else case.count
    assert case.count is not None or expected > 0
    found = find_crossings(shape(triangles))
    assert sum(finding.count for finding in found) == expected


@settings(max_examples=150, deadline=None)
@given(soups(_whole))
def test_on_a_coarse_grid_every_pair_is_decided_as_fractions_decide(triangles: Triangles) -> None:
    assert pairs_decided(triangles) == pairs_expected(triangles)


@settings(max_examples=150, deadline=None)
@given(soups(_uneven))
def test_with_uneven_coordinates_every_pair_is_decided_as_fractions_decide(
    triangles: Triangles,
) -> None:
    assert pairs_decided(triangles) == pairs_expected(triangles)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(2, 160), st.sampled_from([0.05, 0.3, 1.0]))
def test_the_tree_loses_no_pair_that_all_pairs_would_show(
    seed: int, count: int, size: float
) -> None:
    chance = np.random.default_rng(seed)
    at = chance.random((count, 1, 3))
    triangles = np.asarray(at + size * chance.random((count, 3, 3)), dtype=np.float32)
    found = crossings_of(weld(Mesh(triangles)))
    assert found.complete
    assert [(a, b) for a, b in found.pairs.tolist()] == sorted(pairs_decided_deep(triangles))


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False, min_value=-1000,
                          max_value=1000), min_size=12, max_size=12))  # fmt: skip
def test_sides_are_told_as_whole_numbers_tell_them(values: Sequence[float]) -> None:
    a, b, c, d = (np.array([values[at : at + 3]]) for at in (0, 3, 6, 9))
    assert orient_3d(a, b, c, d) == -orient_3d(b, a, c, d)
    assert orient_3d(a, b, c, a) == 0
    assert orient_2d(a[:, :2], b[:, :2], c[:, :2]) == orient_2d(b[:, :2], c[:, :2], a[:, :2])


def test_the_finding_names_facets_segments_and_depth() -> None:
    (finding,) = find_crossings(shape(BAR_THROUGH_PLATE))
    assert finding.code is Code.SELF_INTERSECTIONS
    assert finding.severity is Severity.WARNING
    assert len(finding.facets) == finding.count == 10
    ends = finding.segments_mm.reshape(-1, 3)
    assert np.isin(ends[:, 2], (0, 2)).all()
    lengths = np.linalg.norm(finding.segments_mm[:, 0] - finding.segments_mm[:, 1], axis=1)
    assert lengths.sum() == pytest.approx(2 * 4 * 6)
    # The bar's far corner (11, 27) lies 16 / sqrt(2) beyond the diagonal of the plate's facets.
    assert finding.measured == pytest.approx(8 * 2**0.5)


def test_the_segments_handed_out_are_capped_but_the_count_is_not() -> None:
    (finding,) = find_crossings(shape(BAR_THROUGH_PLATE), budget=CrossingBudget(segments=3))
    assert len(finding.segments_mm) == 3
    assert finding.count == 10


def test_a_soup_in_which_all_overlaps_ends_at_the_budget_and_says_so() -> None:
    chance = np.random.default_rng(4)
    soup = np.asarray(chance.random((1500, 3, 3)), dtype=np.float32)
    (finding,) = find_crossings(shape(soup), budget=CrossingBudget(steps=100_000_000))
    assert finding.params["complete"] == 0
    assert finding.count > 0


@pytest.mark.parametrize("scale", [1e-38, 1e-20, 900.0])
def test_hostile_sizes_neither_crash_nor_warn(scale: float) -> None:
    chance = np.random.default_rng(5)
    soup = np.asarray(chance.random((60, 3, 3)) * scale, dtype=np.float32)
    spikes = soup.copy()
    spikes[:, 0] *= np.float32(1e-3)
    found = crossings_of(weld(Mesh(together(soup, spikes))))
    assert found.complete


def test_coincident_facets_without_area_are_no_crossing() -> None:
    needles = np.zeros((50, 3, 3), dtype=np.float32)
    needles[:, 1] = (1, 2, 3)
    needles[:, 2] = (2, 4, 6)
    assert len(crossings_of(weld(Mesh(needles))).facets) == 0
