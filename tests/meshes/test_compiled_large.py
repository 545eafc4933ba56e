"""The kernels against numpy at the sizes at which the kernels are taken."""

import numpy as np
import pytest

from parts3d.meshes.kernels import compiled
from parts3d.meshes.mesh import Mesh
from tests.meshes import large
from tests.meshes.both_ways import assert_same_measures
from tests.meshes.large import LARGE


@pytest.fixture(scope="module", autouse=True)
def _kernels() -> None:
    assert compiled.compile_kernels() is None


@pytest.mark.parametrize("name", LARGE)
def test_both_ways_measure_large_meshes_alike(name: str) -> None:
    triangles = LARGE[name]()
    assert compiled.use_compiled(len(triangles))
    assert_same_measures(Mesh(triangles))


def test_what_was_planted_in_a_large_mesh_is_counted() -> None:
    tori = large.tori()
    clean = assert_same_measures(Mesh(tori)).topology
    assert clean.watertight
    assert clean.shell_count == 3
    assert clean.edge_count == len(tori) * 3 // 2

    doubles = assert_same_measures(Mesh(large.shuffled(large.with_doubles(tori)))).topology
    assert doubles.duplicate_count == 700 + 2 * 50
    assert len(doubles.faces) == len(tori)
    assert doubles.edge_count == clean.edge_count

    flips = assert_same_measures(Mesh(large.shuffled(large.with_flips(tori))))
    assert flips.shells.flipped.sum() == 500
    assert flips.shells.volume_mm3.sum() == pytest.approx(3 * flips.shells.volume_mm3[0], rel=1e-5)

    slivers = assert_same_measures(Mesh(large.with_slivers(tori)))
    assert (slivers.topology.collapsed_count, slivers.sliver_count) == (200, 100)

    fins = assert_same_measures(Mesh(large.with_fins(tori))).topology
    assert fins.non_manifold_count == fins.unbalanced_count == 200
    assert len(fins.open_edges) == 2 * 200
    assert fins.shell_count == 3


def test_a_fan_of_very_many_facets_is_a_disc() -> None:
    count = large.FACETS
    topology = assert_same_measures(Mesh(large.shuffled(large.fan()))).topology
    assert (topology.edge_count, len(topology.open_edges)) == (2 * count, count)
    assert topology.shell_count == 1
    assert len(topology.vertices) == count + 1


def test_bodies_hollows_and_bodies_in_bodies_are_told_apart_by_the_hundred() -> None:
    shells = assert_same_measures(Mesh(large.shuffled(large.bodies(400)))).shells
    assert len(shells.facets) == 400 + 200
    assert np.count_nonzero(shells.cavity) == 100
    assert np.count_nonzero(shells.nested) == 100
    assert shells.closed.all()


def test_the_order_of_facets_changes_no_measure() -> None:
    tori = large.torn(large.with_doubles(large.tori()))
    one = assert_same_measures(Mesh(tori))
    other = assert_same_measures(Mesh(large.shuffled(tori)))
    assert one.topology.edge_count == other.topology.edge_count
    assert len(one.topology.open_edges) == len(other.topology.open_edges)
    assert one.topology.shell_count == other.topology.shell_count
    assert one.area_mm2 == pytest.approx(other.area_mm2, rel=1e-12)
