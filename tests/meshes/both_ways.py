"""What numpy and the kernels find in one mesh, held side by side; quick on large meshes, too."""

import numpy as np
import pytest
from numpy.typing import NDArray

from parts3d.meshes.measure import Measures, measure
from parts3d.meshes.mesh import Mesh
from parts3d.meshes.searches.crossings import Crossings, crossings_of
from parts3d.meshes.topology import Topology

_COUNTS = (
    "collapsed_count",
    "duplicate_count",
    "non_manifold_count",
    "unbalanced_count",
    "edge_count",
    "shell_count",
)


def both_ways(part: Mesh) -> tuple[Measures, Measures]:
    return measure(part, by_kernels=False), measure(part, by_kernels=True)


def assert_same_measures(part: Mesh) -> Measures:
    """Return what the kernels measured, which is what numpy measures."""
    one, other = both_ways(part)
    assert_same_topology(one.exact, other.exact)
    assert_same_topology(one.topology, other.topology)
    assert (one.exact is one.topology) == (other.exact is other.topology)
    for name in ("lower_mm", "upper_mm", "bounds_mm", "sliver_count"):
        assert getattr(one, name) == getattr(other, name), name
    assert one.area_mm2 == pytest.approx(other.area_mm2, rel=1e-9)
    rounding = 1e-9 * one.area_mm2 * max(1.0, *one.bounds_mm)
    assert one.signed_volume_mm3 == pytest.approx(other.signed_volume_mm3, rel=1e-9, abs=rounding)
    assert one.shells.volume_mm3 == pytest.approx(other.shells.volume_mm3, rel=1e-9, abs=rounding)
    for name in ("facets", "flipped", "one_sided", "closed", "cavity", "nested", "flipped_faces"):
        assert np.array_equal(getattr(one.shells, name), getattr(other.shells, name)), name
    return other


def assert_same_topology(one: Topology, other: Topology) -> None:
    """Hold two topologies side by side, whatever the order of vertices, edges and neighbours."""
    for name in _COUNTS:
        assert getattr(one, name) == getattr(other, name), name
    for name in ("vertices", "faces", "facets", "open_edges", "neighbours", "shell_of"):
        assert getattr(one, name).dtype == getattr(other, name).dtype, name
    assert np.array_equal(one.facets, other.facets)
    assert np.array_equal(one.shell_of, other.shell_of)
    assert len(one.vertices) == len(other.vertices)
    assert np.array_equal(one.vertices[one.faces], other.vertices[other.faces])
    # The same corners could still be numbered apart: a number of the one is one of the other.
    number = np.zeros(len(one.vertices), dtype=np.int32)
    number[one.faces] = other.faces
    assert np.array_equal(number[one.faces], other.faces)
    back = np.zeros(len(other.vertices), dtype=np.int32)
    back[other.faces] = one.faces
    assert np.array_equal(back[other.faces], one.faces)
    assert np.array_equal(_sorted(number[one.open_edges]), _sorted(other.open_edges))
    for way in (False, True):
        pairs, others = (at.neighbours[at.same_way == way] for at in (one, other))
        assert np.array_equal(_sorted(pairs), _sorted(others))


def assert_same_crossings(topology: Topology) -> Crossings:
    """Return what the kernels found, a whole search, which is what numpy finds."""
    one = crossings_of(topology, by_kernels=False)
    other = crossings_of(topology, by_kernels=True)
    assert one.complete
    assert other.complete
    assert np.array_equal(one.pairs, other.pairs)
    assert np.array_equal(one.facets, other.facets)
    assert np.array_equal(other.facets, np.unique(other.pairs))
    assert one.depth_mm == pytest.approx(other.depth_mm, rel=1e-6)
    assert one.segments_mm.shape == other.segments_mm.shape
    return other


def _sorted(pairs: NDArray[np.int32]) -> NDArray[np.int64]:
    """Pairs as single numbers, in order."""
    return np.sort(pairs[:, 0].astype(np.int64) << 32 | pairs[:, 1])
