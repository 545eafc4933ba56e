"""The search for crossings by the kernels, against numpy and against what was planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.baselines.models import bumpy_tori
from parts3d.meshes.kernels import compiled
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.searches.crossings import crossings_of, shallow_limit_mm
from parts3d.meshes.searches.crossings_work import CrossingBudget
from parts3d.meshes.topology import Topology, weld
from tests.meshes import large
from tests.meshes.both_ways import assert_same_crossings
from tests.meshes.crossing_truth import CASES, Case
from tests.meshes.solids import Triangles, together

Pairs = set[tuple[int, int]]


@pytest.fixture(scope="module", autouse=True)
def _kernels() -> None:
    assert compiled.compile_kernels() is None


def with_spikes(triangles: Triangles, count: int, seed: int) -> tuple[Triangles, Pairs]:
    """Put a needle through the middle of some facets, and say which facet it goes through."""
    chance = np.random.default_rng(seed)
    at = np.sort(chance.permutation(len(triangles))[:count])
    # The first and the last facet of the file, too: what is off by one misses these.
    at[0], at[-1] = 0, len(triangles) - 1
    corners = triangles[at].astype(np.float64)
    middle = corners.mean(axis=1)
    first, second = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    normal = np.cross(first, second)
    normal /= np.linalg.norm(normal, axis=1)[:, None]
    spikes = np.stack(
        (middle - 0.02 * normal, middle + 0.02 * normal, middle + 0.05 * first + 0.02 * normal),
        axis=1,
    ).astype(np.float32)
    planted = zip(at.tolist(), range(len(triangles), len(triangles) + count), strict=True)
    return together(triangles, spikes), set(planted)


def found_in(topology: Topology) -> Pairs:
    pairs = assert_same_crossings(topology).pairs
    return {(one, other) for one, other in pairs.tolist()}


@pytest.mark.parametrize("seed", range(3))
def test_of_a_large_mesh_the_planted_crossings_are_found_and_no_others(seed: int) -> None:
    triangles, planted = with_spikes(large.tori(seed + 1), 40, seed)
    assert found_in(weld(Mesh(triangles), by_kernels=seed == 1)) == planted


def test_planted_crossings_are_found_wherever_the_facets_stand_in_the_file() -> None:
    triangles, planted = with_spikes(large.tori(), 60, 4)
    order = np.random.default_rng(5).permutation(len(triangles))
    place = np.argsort(order)
    expected = {tuple(sorted((int(place[a]), int(place[b])))) for a, b in planted}
    assert found_in(weld(Mesh(triangles[order]))) == expected


def test_planted_crossings_are_found_among_doubles_slivers_fins_and_gaps() -> None:
    tori = large.with_doubles(large.with_gaps(bumpy_tori(105_000, 3)))
    triangles, planted = with_spikes(tori, 40, 6)
    topology = weld(Mesh(large.with_slivers(triangles)))
    kept = set(topology.facets.tolist())
    # Of a facet that is there twice the first stays, which the needle goes through as well.
    assert {spike for _, spike in found_in(topology)} == {spike for _, spike in planted}
    assert {pair for pair in planted if kept.issuperset(pair)} <= found_in(topology)
    assert len(found_in(topology)) == 40


def test_more_pairs_than_the_kernels_hand_out_at_once_are_all_found() -> None:
    topology = weld(Mesh(large.loose(size=8.0)))
    assert len(assert_same_crossings(topology).pairs) > 20_000


def test_bodies_that_overlap_cross_along_the_same_facets_both_ways() -> None:
    one = bumpy_tori(large.FACETS // 2)
    two = one + np.array([11.3, 0.7, 0.3], dtype=np.float32)
    found = assert_same_crossings(weld(Mesh(large.shuffled(together(one, two)))))
    assert len(found.facets) > 1000


@pytest.mark.parametrize("name", ["facets torn off", "fins on edges", "hundreds of bodies",
                                  "every facet twice", "all at once"])  # fmt: skip
def test_both_ways_find_the_same_in_faulty_large_meshes(name: str) -> None:
    assert_same_crossings(weld(Mesh(large.LARGE[name]())))


def test_a_flat_large_mesh_that_lies_on_itself_is_found_out_both_ways() -> None:
    steps = 230
    x, y = (at.reshape(-1) for at in np.meshgrid(np.arange(steps), np.arange(steps)))
    corner = np.stack((x, y, np.zeros_like(x)), axis=1).astype(np.float32)
    right, up = np.array([1, 0, 0], np.float32), np.array([0, 1, 0], np.float32)
    sheet = np.concatenate(
        (
            np.stack((corner, corner + right, corner + up), axis=1),
            np.stack((corner + right, corner + right + up, corner + up), axis=1),
        )
    )
    assert found_in(weld(Mesh(sheet))) == set()
    patch = np.array([[[100.25, 100.25, 0], [100.5, 100.25, 0], [100.25, 100.5, 0]]], np.float32)
    place = 100 * steps + 100
    assert found_in(weld(Mesh(together(sheet, patch)))) == {(place, len(sheet))}
    turned = np.ascontiguousarray(patch[:, ::-1])
    assert found_in(weld(Mesh(together(sheet, turned)))) == set()


@pytest.mark.parametrize("steps", [0, 10**4, 10**6, 3 * 10**7])
def test_a_search_that_the_budget_ends_says_so_and_tells_nothing_false(steps: int) -> None:
    triangles, planted = with_spikes(large.tori(), 40, 7)
    topology = weld(Mesh(triangles))
    found = crossings_of(topology, budget=CrossingBudget(steps=steps), by_kernels=True)
    assert not found.complete
    assert planted.issuperset((one, other) for one, other in found.pairs.tolist())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_ways_decide_every_known_case_alike(case: Case) -> None:
    found = assert_same_crossings(weld(Mesh(case.triangles())))
    assert case.count is None or len(found.facets) == case.count


# Sizes about those at which the tree of groups of four gets another level.
SIZES = st.sampled_from([1, 2, 3, 4, 5, 15, 16, 17, 63, 64, 65, 66, 255, 256, 257, 258, 300])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=SIZES,
    size=st.sampled_from([0.03, 0.3, 1.0]),
    scale=st.sampled_from([1e-38, 1e-20, 1.0, 1e4, 1e18, 1e37]),
    flat=st.booleans(),
)
def test_both_ways_find_the_same_in_small_soups_of_any_scale(
    seed: int, count: int, size: float, scale: float, *, flat: bool
) -> None:
    chance = np.random.default_rng(seed)
    soup = chance.random((count, 1, 3)) + size * chance.normal(size=(count, 3, 3))
    if flat:
        soup[..., chance.integers(0, 3)] = 0
    assert_same_crossings(weld(Mesh((soup * scale).astype(np.float32))))


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), count=SIZES, steps=st.integers(2, 9))
def test_both_ways_find_the_same_on_a_grid_where_all_but_touches(
    seed: int, count: int, steps: int
) -> None:
    chance = np.random.default_rng(seed)
    soup = chance.integers(0, steps, (count, 3, 3)).astype(np.float32)
    nudged = chance.random(count) < 0.1
    limit = shallow_limit_mm(soup.reshape(-1, 3))
    soup[nudged] += np.float32(limit) * chance.uniform(0, 3, (nudged.sum(), 3, 3)).astype(
        np.float32
    )
    assert_same_crossings(weld(Mesh(soup)))
