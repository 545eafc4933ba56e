"""The kernels and numpy are two ways to one topology; these tests hold them side by side."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from parts3d.meshes.grouping import connected, number_equal
from parts3d.meshes.kernels import compiled
from parts3d.meshes.measure import Measures, measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.topology import Topology
from tests.meshes import solids
from tests.meshes.solids import DEFECTS, SOUND, mesh

MODELS = [*SOUND.values(), *(defect.triangles for defect in DEFECTS)]


@pytest.fixture(scope="module", autouse=True)
def _kernels() -> None:
    assert compiled.compile_kernels() is None


def edges(topology: Topology, rows: NDArray[np.int32]) -> list[tuple[tuple[float, ...], ...]]:
    """Edges by the coordinates of their ends: the two ways number vertices differently."""
    return sorted(tuple(map(tuple, topology.vertices[row].tolist())) for row in rows)


def assert_same_topology(one: Topology, other: Topology) -> None:
    for name in (
        "collapsed_count",
        "duplicate_count",
        "non_manifold_count",
        "unbalanced_count",
        "edge_count",
        "shell_count",
    ):
        assert getattr(one, name) == getattr(other, name), name
    assert one.facets.tolist() == other.facets.tolist()
    assert one.shell_of.tolist() == other.shell_of.tolist()
    assert (one.vertices[one.faces] == other.vertices[other.faces]).all()
    assert len(one.vertices) == len(other.vertices)
    assert edges(one, one.open_edges) == edges(other, other.open_edges)
    assert sorted(
        (*pair, way) for pair, way in zip(one.neighbours.tolist(), one.same_way, strict=True)
    ) == sorted(
        (*pair, way) for pair, way in zip(other.neighbours.tolist(), other.same_way, strict=True)
    )
    for name in ("vertices", "faces", "facets", "open_edges", "neighbours", "shell_of"):
        assert getattr(one, name).dtype == getattr(other, name).dtype, name


def assert_same(part: Mesh) -> None:
    one, other = both_ways(part)
    assert_same_topology(one.exact, other.exact)
    assert_same_topology(one.topology, other.topology)
    assert (one.exact is one.topology) == (other.exact is other.topology)
    assert one.bounds_mm == other.bounds_mm
    assert one.lower_mm == other.lower_mm
    assert one.area_mm2 == pytest.approx(other.area_mm2, rel=1e-9)
    assert one.signed_volume_mm3 == pytest.approx(
        other.signed_volume_mm3, rel=1e-9, abs=1e-9 * one.area_mm2
    )
    for name in ("facets", "flipped", "one_sided"):
        assert (getattr(one.shells, name) == getattr(other.shells, name)).all(), name
    assert (one.shells.closed == other.shells.closed).all()
    assert one.shells.volume_mm3 == pytest.approx(
        other.shells.volume_mm3, rel=1e-9, abs=1e-9 * one.area_mm2
    )


def both_ways(part: Mesh) -> tuple[Measures, Measures]:
    return measure(part, by_kernels=False), measure(part, by_kernels=True)


@pytest.mark.parametrize("model", MODELS)
def test_both_ways_measure_every_model_alike(model: object) -> None:
    assert callable(model)
    part = mesh(model())
    assert_same(part)
    one, other = both_ways(part)
    assert one.shells.cavity.tolist() == other.shells.cavity.tolist()
    assert one.shells.nested.tolist() == other.shells.nested.tolist()


# Few points on a small grid: collapsed and double facets, knots and flips by the dozen.
GRID_SOUP = st.lists(
    st.lists(st.tuples(*[st.integers(0, 2)] * 3), min_size=3, max_size=3), min_size=1, max_size=60
)


@given(GRID_SOUP)
def test_both_ways_see_the_same_in_a_soup_on_a_grid(
    facets: list[list[tuple[int, int, int]]],
) -> None:
    assert_same(Mesh(np.array(facets, dtype=np.float32)))


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 3000))
def test_both_ways_see_the_same_in_loose_facets_that_outgrow_the_table(
    seed: int, count: int
) -> None:
    random = np.random.default_rng(seed)
    assert_same(Mesh(random.uniform(-50, 50, (count, 3, 3)).astype(np.float32)))


@given(
    salt=st.tuples(*[st.integers(0, 2**64 - 1)] * 4),
    rows=st.lists(st.tuples(*[st.integers(0, 2**32 - 1)] * 3), min_size=1, max_size=50),
    picks=st.lists(st.integers(0, 10**6), min_size=1, max_size=4000),
)
def test_rows_are_numbered_in_order_of_appearance_whatever_the_salt(
    salt: tuple[int, ...], rows: list[tuple[int, int, int]], picks: list[int]
) -> None:
    table = np.array(rows, dtype=np.uint32)[np.array(picks) % len(rows)]
    labels, firsts = compiled.number_rows(table, np.array(salt, dtype=np.uint64))
    seen: dict[tuple[int, ...], int] = {}
    expected = [seen.setdefault(tuple(row), len(seen)) for row in table.tolist()]
    assert labels.tolist() == expected
    assert labels[firsts].tolist() == list(range(len(seen)))
    assert all(at == expected.index(number) for number, at in enumerate(firsts.tolist()))


def test_a_salt_that_hashes_all_rows_alike_only_costs_time() -> None:
    rows = np.arange(3000, dtype=np.uint32).reshape(-1, 3)
    labels, firsts = compiled.number_rows(rows, np.zeros(4, dtype=np.uint64))
    assert labels.tolist() == firsts.tolist() == list(range(1000))


@given(
    nodes=st.integers(1, 40),
    links=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)), max_size=60),
)
def test_union_find_gives_the_components_of_numpy(nodes: int, links: list[tuple[int, int]]) -> None:
    ends = np.array(links, dtype=np.int64).reshape(-1, 2) % nodes
    one = connected(nodes, ends[:, 0], ends[:, 1])
    other = connected(nodes, ends[:, 0], ends[:, 1], by_kernels=True)
    assert one[0] == other[0]
    assert one[1].tolist() == other[1].tolist()


@settings(max_examples=20)
@given(st.permutations(range(400)))
def test_a_fan_of_many_facets_about_one_point_is_sorted_right(order: list[int]) -> None:
    turn = np.arange(401) / 400 * 2 * np.pi
    rim = np.stack([np.cos(turn), np.sin(turn), np.zeros(401)], axis=1)
    rim[-1] = rim[0]
    fan = np.stack([np.zeros((400, 3)), rim[:-1], rim[1:]], axis=1).astype(np.float32)
    topology = measure(Mesh(fan[order]), by_kernels=True).topology
    assert (topology.edge_count, len(topology.open_edges), topology.shell_count) == (800, 400, 1)


def test_equal_rows_are_numbered_alike_both_ways() -> None:
    rows = np.array([[1, 2, 3], [4, 5, 6], [1, 2, 3]], dtype=np.uint32)
    for by_kernels in (False, True):
        labels, firsts = number_equal(rows, by_kernels=by_kernels)
        assert labels[0] == labels[2] != labels[1]
        assert sorted(firsts.tolist()) == [0, 1]


def test_a_large_mesh_takes_the_kernels_and_a_small_one_does_not() -> None:
    assert compiled.use_compiled(compiled.COMPILED_FROM_FACETS)
    assert not compiled.use_compiled(compiled.COMPILED_FROM_FACETS - 1)


ASK = """
import numpy, sys
from parts3d.meshes.kernels import compiled
from parts3d.meshes.measure import measure
from parts3d.meshes.mesh import Mesh
facets = numpy.zeros((100_000, 3, 3), numpy.float32)
facets += numpy.arange(100_000, dtype=numpy.float32)[:, None, None] * 0.001
facets[:, 1, 0] += 1; facets[:, 2, 1] += 1
print(compiled.use_compiled(100_000), measure(Mesh(facets)).shell_count)
"""


def ask(**environment: str) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", ASK],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    return ran.stdout.split()


def test_a_copy_of_the_cache_serves_a_process_without_environment(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for kept in compiled.kernel_cache_folder().rglob("*"):
        if kept.is_file():
            to = copy / kept.relative_to(compiled.kernel_cache_folder())
            to.parent.mkdir(exist_ok=True)
            to.write_bytes(kept.read_bytes())
    before = {path.name for path in copy.rglob("*.nbc")}
    answer = ask(NUMBA_CACHE_DIR=str(copy))
    assert answer[0] == "True"
    assert {path.name for path in copy.rglob("*.nbc")} == before  # nothing was compiled again


def test_without_compiled_kernels_numpy_gives_the_same_answer(tmp_path: Path) -> None:
    slow = ask(NUMBA_CACHE_DIR=str(tmp_path / "nothing"))
    fast = ask(NUMBA_CACHE_DIR=str(compiled.kernel_cache_folder()))
    assert (slow[0], fast[0]) == ("False", "True")
    assert slow[1] == fast[1]


def test_a_folder_that_cannot_be_made_is_said_and_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    ran = subprocess.run(
        [sys.executable, "-m", "parts3d.meshes.kernels.compiled"],
        env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "file" / "folder")},
        check=True,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "measured by numpy" in ran.stdout


def test_a_body_inside_a_body_is_nested_and_one_beside_or_touching_it_is_not() -> None:
    host = solids.box((30, 30, 30))
    for small, inside in (
        (solids.box((5, 5, 5), (10, 10, 10)), True),
        (solids.box((5, 5, 5), (40, 10, 10)), False),
        (solids.box((5, 5, 5), (30, 10, 10)), False),
    ):
        for by_kernels in (False, True):
            shells = measure(mesh(solids.together(host, small)), by_kernels=by_kernels).shells
            assert shells.nested.tolist() == [False, inside]
            assert not shells.cavity.any()


def test_a_body_in_a_ring_s_hole_is_not_nested() -> None:
    part = solids.together(solids.torus(), solids.box((4, 4, 4), (-2, -2, -2)))
    assert not measure(mesh(part)).shells.nested.any()
